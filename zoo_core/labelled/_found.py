"""What a table, a folder or a file of arrays says about its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from ..data import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names that the user gave, or their defaults, for what belongs to an object."""

    label: str
    path: str
    group: str | None
    split: str | None
    array: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Objects with what is said about them, before anything is judged.

    Attributes
    ----------
    labels : numpy.ndarray
        As they are stored: numbers, booleans or texts, one an object.
    groups, splits : numpy.ndarray or None
        The same for groups and parts.
    open : callable
        Gives the inputs of the rows at these positions, one a row.
    where : str
        Where the labels stand, such as ``the column 'label' of objects.csv``.
    notes : tuple of str
        Facts about the listing.
    """

    labels: np.ndarray
    groups: np.ndarray | None
    splits: np.ndarray | None
    open: Callable[[Sequence[int]], Inputs]
    where: str
    notes: tuple[str, ...] = ()
