"""Which images show the same place of the sky, by the positions in MiraBest's file names."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from zoo_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

#: Positions closer than this (degrees) are taken for one source: 5 arcmin.
SAME_SOURCE = 5 / 60


def position_of(name: str) -> tuple[float, float]:
    """Right ascension and declination in degrees of ``100_162.947+055.386_z_size.png``.

    Raises
    ------
    InputError
        The name has no position.

    Examples
    --------
    >>> position_of("batch/100_162.947-055.386_0.0739_0250.34.png")
    (162.947, -55.386)
    """
    try:
        field = PurePath(name).name.split("_")[1]
        sign = max(field.find("+"), field.find("-"))
        return float(field[:sign]), float(field[sign:])
    except (IndexError, ValueError):
        raise InputError(
            f"{name!r} does not say a position; names are like "
            "100_162.947+055.386_0.0739_0250.34.png."
        ) from None


def groups_of(positions: Sequence[tuple[float, float]] | np.ndarray) -> np.ndarray:
    """A number for each ``(n, 2)`` position in degrees, the same for those of one place.

    Places are chains of positions that are less than ``SAME_SOURCE`` from the next.
    """
    import numpy as np
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    lon, lat = np.radians(np.asarray(positions, dtype=np.float64).reshape(-1, 2).T)
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1)
    near = cKDTree(points).sparse_distance_matrix(cKDTree(points), np.radians(SAME_SOURCE))
    groups: np.ndarray = connected_components(near, directed=False)[1]
    return groups
