"""Windows that cover tiles without a gap, in the place of a catalogue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ._catalog import Positions
from ._match import match
from ._sky import to_sky

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from ..cards import InputSpec
    from ._tile import Tile

#: Windows whose positions are computed at once.
_AT_ONCE = 2**16


def stride_of(spec: InputSpec) -> float:
    """The widest stride at which nothing is missed, by what the card says.

    What a model finds up to ``off_centre_px`` from the middle lies that near to the middle of
    some window if their middles are twice as far from each other.

    Raises
    ------
    UsageError
        The card says nothing about what does not lie in the middle.
    """
    if not spec.off_centre_px:
        raise UsageError(
            "the card of this model does not say that it finds what lies off the middle of an "
            "image (off_centre_px), so no stride is known. Give a catalogue (--catalog), or a "
            "stride in pixels that you have tested (--slide PIXELS)."
        )
    return 2.0 * spec.off_centre_px


class Windows:
    """Middles of windows on tiles, in the place of a ``Catalog``.

    The tile is divided into cells of at most ``stride`` by ``stride``; each is the middle of
    a window, and what a window has around its cell is its halo. At the edge of a tile windows
    reach beyond it, and have the flag ``edge``. Where tiles overlap, a window is on the one
    whose edge is farthest from its middle, so that the sky is searched once.

    Parameters
    ----------
    tiles : sequence of Tile
        Those without a header that can be read have no windows.
    spec : InputSpec
        Of the model, of a size that is known.
    stride : float, optional
        In pixels of the model; ``stride_of(spec)`` by default.
    resample : bool
        Whether pixels of another scale are brought to the model's, as ``cut`` takes it.

    Attributes
    ----------
    count : int
        Windows in all.
    name : str
        What they are called where a catalogue's file would stand.
    notes : tuple of str
        For people.
    has_text_ids : bool
        False: the ids are numbers from 0.

    Raises
    ------
    UsageError
        No stride is known, or one that leaves gaps between the windows.
    """

    name = "the windows"
    has_text_ids = False

    def __init__(
        self,
        tiles: Sequence[Tile],
        spec: InputSpec,
        *,
        stride: float | None = None,
        resample: bool = True,
    ):
        size = min(length for length in spec.size if length is not None)
        self.stride = stride_of(spec) if stride is None else float(stride)
        if not 0 < self.stride <= size:
            raise UsageError(
                f"a stride of {self.stride:g} pixels: windows of {size} pixels leave no gap "
                f"with 1 to {size}."
            )
        self._tiles = tuple(tiles)
        self._scale = spec.pixel_scale_arcsec if resample else None
        self._counts = [
            sum(len(ra) for ra, _ in self._on_tile(index)) for index in range(len(tiles))
        ]
        self.count = sum(self._counts)
        lengths = " x ".join(map(str, spec.size))
        middles = f"their middles at most {self.stride:g} pixels from each other"
        self.notes = (f"{self.count:,} windows of {lengths} pixels, {middles}",)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes them the same windows, beside tiles and size."""
        return {"stride": self.stride}

    def pieces(self, rows: int, start: int = 0) -> Iterator[Positions]:
        """Go through them in pieces of ``rows``, from number ``start`` on, tile by tile."""
        import numpy as np

        waiting: list[tuple[np.ndarray, np.ndarray]] = []
        count, first = 0, start
        for ra, dec in self._from(start):
            waiting.append((ra, dec))
            count += len(ra)
            while count >= rows:
                joined = [np.concatenate(parts) for parts in zip(*waiting, strict=True)]
                yield _positions(first, *(part[:rows] for part in joined))
                waiting = [(joined[0][rows:], joined[1][rows:])]
                first, count = first + rows, count - rows
        if count:
            ra, dec = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
            yield _positions(first, ra, dec)

    def _from(self, start: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        passed = 0
        for index, count in enumerate(self._counts):
            if passed + count <= start:
                passed += count
                continue
            for ra, dec in self._on_tile(index):
                skipped = min(max(0, start - passed), len(ra))
                passed += len(ra)
                if skipped < len(ra):
                    yield ra[skipped:], dec[skipped:]

    def _on_tile(self, index: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Right ascensions and declinations in degrees, some rows of windows at a time."""
        import numpy as np

        plane = self._tiles[index].first
        if plane is None:
            return
        step = self.stride * plane.pixels_to_one_of(self._scale)
        height, width = plane.shape
        y, x = (_middles(length, step) for length in (height, width))
        lines = max(1, _AT_ONCE // len(x))
        for first in range(0, len(y), lines):
            here = y[first : first + lines]
            ra, dec = to_sky(plane.cards, np.tile(x, len(here)), np.repeat(here, len(x)))
            is_own = match(self._tiles, ra, dec).tile == index
            yield np.mod(ra[is_own], 360.0), dec[is_own]


def _middles(length: int, step: float) -> np.ndarray:
    """Middles of equal cells of at most ``step`` pixels that an axis is divided into."""
    import numpy as np

    count = max(1, math.ceil(length / step))
    return (np.arange(count) + 0.5) * (length / count) - 0.5


def _positions(first: int, ra: np.ndarray, dec: np.ndarray) -> Positions:
    import numpy as np

    none = np.zeros(len(ra), dtype=bool)
    ids = np.arange(first, first + len(ra), dtype=np.int64)
    return Positions(first=first, ids=ids, ra=ra, dec=dec, is_bad=none, is_repeated=none)
