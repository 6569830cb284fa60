"""Small helpers for sentences about data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "band"), counted(3, "band"), counted(2, "axis", "axes")
    ('1 band', '3 bands', '2 axes')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def times(lengths: Sequence[int | None]) -> str:
    """Lengths of axes, such as ``45x45``; None is any length.

    >>> times((45, None)), times(())
    ('45xany', 'scalar')
    """
    return "x".join("any" if length is None else str(length) for length in lengths) or "scalar"
