"""Which object lies on which tile."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._sky import outline, to_pixels, to_sky, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ._tile import PlaneRef, Tile

#: Sky around a footprint's outline that still belongs to it, in radians: an outline of few
#: points lies a little inside.
_MARGIN = 1e-5


@dataclass(frozen=True, slots=True)
class Match:
    """The tile of each object.

    Attributes
    ----------
    tile : numpy.ndarray
        ``(n,)``, int64: index of the tile, -1 for an object outside all of them or without
        a position.
    x, y : numpy.ndarray
        ``(n,)``, float64: pixel position on the tile's first plane, from 0 at the centre of
        the first pixel; NaN outside.
    """

    tile: np.ndarray
    x: np.ndarray
    y: np.ndarray


def match(tiles: Sequence[Tile], ra: np.ndarray, dec: np.ndarray) -> Match:
    """Find the tile of each object, exactly, by the tiles' WCS.

    Where tiles overlap, it is the one on which the object is farthest from an edge, the
    first of equals; a tile that nothing can be cut from comes last.

    Parameters
    ----------
    tiles : sequence of Tile
        One of which no header could be read has no objects.
    ra, dec : numpy.ndarray
        ``(n,)``, degrees (ICRS); any right ascension, such as -10 or 370, is what it is on
        the circle. Positions that are not finite, or beyond a pole, lie on no tile.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    ra, dec = np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)
    count = len(ra)
    found = Match(
        tile=np.full(count, -1, dtype=np.int64),
        x=np.full(count, np.nan),
        y=np.full(count, np.nan),
    )
    is_position = np.isfinite(ra) & np.isfinite(dec)
    is_position &= np.abs(np.where(is_position, dec, 0.0)) <= 90.0
    real = np.flatnonzero(is_position)
    if not len(real):
        return found
    tree = cKDTree(unit_vectors(ra[real], dec[real]))
    depths = np.full(count, -np.inf)
    # Those that something can be cut from first: they win by being first, whatever the depth.
    for is_broken in (False, True):
        is_free = found.tile < 0
        for index, tile in enumerate(tiles):
            plane = tile.first
            if plane is None or (tile.problem is not None) != is_broken:
                continue
            centre, radius = _cap(plane)
            near = real[tree.query_ball_point(centre, radius, return_sorted=True)]
            near = near[is_free[near]]
            if not len(near):
                continue
            x, y = to_pixels(plane.cards, ra[near], dec[near])
            depth = _depth(x, y, plane.shape) * plane.pixel_scale_arcsec
            is_better = (depth >= 0) & (depth > depths[near])
            chosen = near[is_better]
            depths[chosen] = depth[is_better]
            found.tile[chosen] = index
            found.x[chosen], found.y[chosen] = x[is_better], y[is_better]
    return found


def _depth(x: np.ndarray, y: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixels from the nearest edge, negative outside, NaN of NaN."""
    import numpy as np

    height, width = shape
    sides = (x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y)
    depth: np.ndarray = np.minimum.reduce(sides)
    return depth


@functools.lru_cache(maxsize=2**16)
def _cap(plane: PlaneRef) -> tuple[tuple[float, float, float], float]:
    """Centre (unit vector) and radius (chord) of a circle on the sky around a plane."""
    import numpy as np

    height, width = plane.shape
    x, y = outline(plane.shape)
    x, y = np.append(x, (width - 1) / 2), np.append(y, (height - 1) / 2)
    vectors = unit_vectors(*to_sky(plane.cards, x, y))
    if not np.isfinite(vectors).all():
        return (0.0, 0.0, 1.0), 2.0  # a projection of all the sky has corners beyond it
    centre = vectors[-1]
    chord = float(np.linalg.norm(vectors - centre, axis=-1).max())
    return (float(centre[0]), float(centre[1]), float(centre[2])), 1.02 * chord + _MARGIN
