"""Small helpers for sentences about labelled data."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

#: How many of many things a message names.
SHOWN = 5


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(2, "class", "classes")
    ('1 row', '2 classes')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(things: Collection[object], *, most: int = SHOWN) -> str:
    """The first of many things, and how many more there are.

    >>> listed([0, 4, 7]), listed(range(9), most=2)
    ('0, 4, 7', '0, 1 and 7 more')
    """
    shown = ", ".join(str(thing) for thing in islice(things, most))
    more = len(things) - most
    return f"{shown} and {more} more" if more > 0 else shown
