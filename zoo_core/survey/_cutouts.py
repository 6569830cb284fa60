"""Cutouts around positions, tile by tile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._cut import cut
from ._match import match
from ._planes import Planes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from ..cards import InputSpec
    from ._cut import Cut
    from ._tile import Tile

#: Most objects that are cut at once, and about the most memory that they may take.
_MOST_ROWS = 512
_MOST_BYTES = 32 * 2**20


class Cutouts:
    """Cuts around positions out of whichever tile has them; keeps tiles open in between.

    Parameters
    ----------
    tiles : sequence of Tile
        Where to cut.
    spec : InputSpec
        Of one image, of a size that is known.
    resample : bool
        As ``cut`` takes it.

    Attributes
    ----------
    most : int
        Objects that are cut at once.
    """

    def __init__(self, tiles: Sequence[Tile], spec: InputSpec, *, resample: bool = True):
        self._tiles = tuple(tiles)
        self._spec = spec
        self._resample = resample
        self._planes = Planes()
        bytes_each = 4 * len(spec.bands) * math.prod(length or 1 for length in spec.size)
        self.most = max(1, min(_MOST_ROWS, _MOST_BYTES // bytes_each))

    def by_tile(
        self, ra: np.ndarray, dec: np.ndarray
    ) -> Iterator[tuple[np.ndarray, str, Cut | None]]:
        """Places in the arrays, tile and cutouts of objects of one tile, at most ``most``.

        Parameters
        ----------
        ra, dec : numpy.ndarray
            ``(n,)``, degrees. Where there is no tile, the name is empty and the cutouts None.
        """
        import numpy as np

        found = match(self._tiles, ra, dec)
        # Down the tile, as its pixels lie on the disc.
        order = np.lexsort((found.y, found.tile))
        starts = np.flatnonzero(np.diff(found.tile[order], prepend=-2))
        for rows in np.split(order, starts[1:]) if len(order) else ():
            index = int(found.tile[rows[0]])
            for start in range(0, len(rows), self.most):
                part = rows[start : start + self.most]
                if index < 0:
                    yield part, "", None
                    continue
                tile = self._tiles[index]
                made = cut(
                    tile,
                    ra[part],
                    dec[part],
                    self._spec,
                    planes=self._planes,
                    resample=self._resample,
                )
                yield part, tile.name, made

    def pixels(self, ra: np.ndarray, dec: np.ndarray) -> list[np.ndarray | None]:
        """The cutout of each position ``(band, y, x)``, in their order, in memory at once.

        None where it cannot be used; else as a model was given it, before preprocessing.
        """
        found: list[np.ndarray | None] = [None] * len(ra)
        for rows, _, made in self.by_tile(ra, dec):
            for index, row in enumerate(rows.tolist()):
                if made is not None and made.is_usable[index]:
                    found[row] = made.array[index]
        return found
