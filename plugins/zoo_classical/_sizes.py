"""Sizes: read from arguments, and kept from what no machine could hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from zoo_core.errors import UsageError

#: A length along each axis; one number is a series.
Size = int | Sequence[int]

#: Numbers that a tensor of a model may have: a gigabyte.
_MOST = 2**28


def axes_of(size: Size) -> tuple[int, ...]:
    """The lengths of as many axes as there are numbers.

    Examples
    --------
    >>> axes_of(180), axes_of([40, 30])
    ((180,), (40, 30))
    """
    found = (size,) if isinstance(size, int) else tuple(size)
    if not found or len(found) > 2 or min(found) < 1:
        raise UsageError(f"input_size must be one or two positive lengths, is {size!r}.")
    return found


def check_numbers(what: str, *lengths: int) -> None:
    """Refuse lengths that are no lengths, and tensors beyond a gigabyte.

    The arguments come from a card, and what is made before its weights are read must not
    exhaust the memory.
    """
    if min(lengths) < 1 or math.prod(lengths) > _MOST:
        shape = " x ".join(map(str, lengths))
        raise UsageError(
            f"{what} of a classical model: {shape} numbers; there must be one at least and "
            f"{_MOST} at most."
        )
