"""Cutouts of a block of objects out of one tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data import Problem
from ..errors import InputError, UsageError, ZooError
from ._cutter import Cutter
from ._examine import examine
from ._headers import unreadable

if TYPE_CHECKING:
    import numpy as np

    from ..cards import InputSpec
    from ._planes import Planes
    from ._tile import Tile


@dataclass(frozen=True, slots=True)
class Cut:
    """Cutouts as a model takes them, and what is wrong with them.

    Attributes
    ----------
    array : numpy.ndarray
        ``(n, band, y, x)``, float32, in the units of the specification; NaN for all that is
        missing, and all of a cutout that cannot be used.
    is_usable : numpy.ndarray
        ``(n,)``, bool: which of them can be given to the model.
    flags, reasons : list of str
        For each one word and one line; empty where nothing is wrong. One with a flag can be
        usable.
    """

    array: np.ndarray
    is_usable: np.ndarray
    flags: list[str]
    reasons: list[str]


def cut(
    tile: Tile,
    ra: np.ndarray,
    dec: np.ndarray,
    spec: InputSpec,
    *,
    planes: Planes,
    resample: bool = True,
    size: int | tuple[int, int] | None = None,
) -> Cut:
    """Cut objects out of a tile.

    The position lies within half a pixel of the middle of the first band's cutout: pixels are
    not shifted. Each other band is cut around the position of that middle, so that bands are
    registered to half a pixel. Where the pixels of a band are rotated or scaled against the
    first band's (by more than half a pixel at a corner), or all of them against the model's
    by more than five per cent, they are resampled, with the flux conserved, to a quarter of a
    pixel around the position.

    Parameters
    ----------
    tile : Tile
        With one plane for each band of the specification.
    ra, dec : numpy.ndarray
        ``(n,)``, degrees (ICRS), on the tile.
    spec : InputSpec
        What the model takes: bands with units, size, pixel scale, what NaN means.
    planes : Planes
        Keeps the tile's planes open.
    resample : bool
        Whether to resample; if not, such cutouts have a flag and pixels as they are.
    size : int or tuple of int, optional
        Pixels ``(y, x)``, for a model that takes any size.

    Returns
    -------
    Cut
        Flags are ``missing-band``, ``tile-unreadable``, ``all-nan``, ``constant`` (not
        usable), ``edge``, ``not-finite``, ``nan-filled``, ``band-geometry``,
        ``pixel-scale``. A tile that cannot be read never raises.

    Raises
    ------
    UsageError
        The size is not known, or resampling is needed and reproject is not installed.
    """
    import numpy as np

    shape = _shape(spec, size)
    ra, dec = np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)
    if tile.problem is not None or any(plane is None for plane in tile.planes):
        problem = tile.problem or Problem("missing-band", f"a band of {tile.name} is missing")
        return _nothing(problem, len(ra), len(spec.bands), shape)
    try:
        block = Cutter(tile, spec, shape, planes, resamples=resample).block(ra, dec)
    except UsageError:
        raise
    except ZooError as error:
        flag = error.flag if isinstance(error, InputError) else "tile-unreadable"
        return _nothing(Problem(flag, str(error)), len(ra), len(spec.bands), shape)
    except Exception as error:  # noqa: BLE001 - a tile that breaks must not end the run
        path = next(plane.image.path for plane in tile.planes if plane)
        problem = Problem("tile-unreadable", str(unreadable(path, error)))
        return _nothing(problem, len(ra), len(spec.bands), shape)
    found = examine(block, spec)
    return Cut(block.array, found.is_usable, found.flags, found.reasons)


def _shape(spec: InputSpec, size: int | tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        height, width = spec.size
        if height is None or width is None:
            raise UsageError(
                "the model takes images of any size: say how many pixels to cut with --size."
            )
        return height, width
    return (size, size) if isinstance(size, int) else size


def _nothing(problem: Problem, count: int, bands: int, shape: tuple[int, int]) -> Cut:
    import numpy as np

    return Cut(
        array=np.full((count, bands, *shape), np.nan, dtype=np.float32),
        is_usable=np.zeros(count, dtype=bool),
        flags=[problem.flag] * count,
        reasons=[problem.reason] * count,
    )
