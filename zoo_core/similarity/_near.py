"""Ids that look like one that was not found, among any number of them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

#: Ids of a piece that are looked at closely, and that are kept from one piece to the next.
_KEPT = 40

#: How much an id must be like the wanted one to be named, and how many are.
_LIKE = 0.7
_NAMED = 3


class NearIds:
    """Keeps the ids that are most like a wanted one.

    Parameters
    ----------
    wanted : str
        What was asked for.
    """

    def __init__(self, wanted: str):
        self._wanted = wanted
        self._kept: list[str] = []
        self._example = ""

    def look_at(self, ids: np.ndarray) -> None:
        """Look at more ids ``(n,)`` of text: the ends are compared, vectorised."""
        import numpy as np

        if not len(ids):
            return
        self._example = self._example or str(ids[0])
        shared = _common_start(ids, self._wanted) + _common_start(
            _reversed(ids), self._wanted[::-1]
        )
        closest = np.argsort(-shared, kind="stable")[:_KEPT]
        both = dict.fromkeys([*self._kept, *map(str, ids[closest])])
        self._kept = sorted(both, key=self._likeness, reverse=True)[:_KEPT]

    def suggestion(self) -> str:
        """A sentence with the nearest, or with an example of what ids look like."""
        near = [one for one in self._kept if self._likeness(one)[0] >= _LIKE][:_NAMED]
        if near:
            return " Did you mean " + " or ".join(map(repr, near)) + "?"
        return f" Ids there look like {self._example!r}." if self._example else ""

    def _likeness(self, identity: str) -> tuple[float, int]:
        """From 0 to 1, and characters that stand in their place."""
        ratio = difflib.SequenceMatcher(None, self._wanted, identity).ratio()
        pairs = zip(self._wanted, identity, strict=False)
        return ratio, sum(one == other for one, other in pairs)


def _common_start(ids: np.ndarray, wanted: str) -> np.ndarray:
    """Number ``(n,)`` of characters that are the same from the first on."""
    import numpy as np

    width = min(ids.dtype.itemsize // 4, len(wanted))
    if not width:
        return np.zeros(len(ids), dtype=int)
    codes = _codes(ids)[:, :width]
    equal = codes == np.array([ord(letter) for letter in wanted[:width]])
    return np.asarray(np.logical_and.accumulate(equal, axis=1).sum(axis=1))


def _reversed(ids: np.ndarray) -> np.ndarray:
    """The texts backwards."""
    import numpy as np

    codes = _codes(ids)
    width = codes.shape[1]
    lengths = np.char.str_len(ids)[:, None]
    places = lengths - 1 - np.arange(width)
    turned = np.where(
        places >= 0, np.take_along_axis(codes, np.maximum(places, 0), axis=1), 0
    ).astype(np.uint32)
    return np.ascontiguousarray(turned).view(ids.dtype)[:, 0]


def _codes(ids: np.ndarray) -> np.ndarray:
    """The characters of texts as numbers ``(n, longest)``, 0 behind the end."""
    import numpy as np

    return np.ascontiguousarray(ids).view(np.uint32).reshape(len(ids), -1)
