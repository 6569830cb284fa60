"""The planes that are kept open between blocks, within a bound of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from ._open_plane import open_plane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._plane import PixelsRef, Plane

#: Bytes of unpacked pixels that are kept for later blocks.
DEFAULT_BUDGET = 2 * 2**30

#: Planes that are kept open, each with a descriptor of its file.
_MAX_OPEN = 128


class Planes:
    """Opened planes, the least recently used of which are let go.

    May be used from several threads. Those that one call asks for are kept together, even
    where they alone take more than the budget: a tile's bands are cut in turn, block by
    block, and would have to be unpacked again for each.

    Parameters
    ----------
    budget : int
        Bytes of unpacked pixels to keep. Mapped files do not count: the system lets go of
        their pages by itself.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET):
        self.budget = budget
        self._planes: OrderedDict[PixelsRef, Plane] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._planes)

    @property
    def nbytes(self) -> int:
        """Memory that the planes take."""
        return sum(plane.nbytes for plane in self._planes.values())

    def open(self, refs: Iterable[PixelsRef]) -> dict[PixelsRef, Plane]:
        """Open planes, or take those that are open.

        Raises
        ------
        InputError
            One of them cannot be opened. Another call tries again: what a network's file
            system cannot give now, it may give later.
        """
        with self._lock:
            opened = {}
            for ref in dict.fromkeys(refs):
                plane = self._planes.pop(ref, None)
                opened[ref] = self._planes[ref] = plane or open_plane(ref)
            self._let_go(keep=len(opened))
            return opened

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._planes.clear()

    def _let_go(self, *, keep: int) -> None:
        while len(self._planes) > keep and (
            self.nbytes > self.budget or len(self._planes) > _MAX_OPEN
        ):
            self._planes.popitem(last=False)
