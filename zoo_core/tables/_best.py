"""The first rows of a table that comes in pieces, by the order of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._table import PredictionTable

if TYPE_CHECKING:
    from collections.abc import Iterable


class Best:
    """Keeps the rows that come first in a column, of all that are added.

    Parameters
    ----------
    name : str
        The column. Rows without a value in it are not kept.
    count : int
        Rows to keep; of equal ones those that were added first.
    descending : bool
        Whether the largest come first.
    """

    def __init__(self, name: str, count: int, *, descending: bool = True):
        self._name = name
        self._count = count
        self._descending = descending
        #: The rows so far, the first one first; None before anything was added.
        self.table: PredictionTable | None = None

    def add(self, piece: PredictionTable) -> None:
        """Look at more rows, with the columns of those before."""
        kept = self._first_of(piece.take(piece.has_value(self._name)))
        self.table = kept if self.table is None else self._first_of(_joined(self.table, kept))

    def _first_of(self, table: PredictionTable) -> PredictionTable:
        order = table.order_by(self._name, descending=self._descending)
        return table.take(order[: self._count])


def best_rows(
    pieces: Iterable[PredictionTable], name: str, count: int, *, descending: bool = True
) -> PredictionTable | None:
    """The rows that come first in a column of all pieces, of which one is in memory at a time.

    None if there is no piece; see ``Best`` for the parameters.
    """
    best = Best(name, count, descending=descending)
    for piece in pieces:
        best.add(piece)
    return best.table


def _joined(first: PredictionTable, second: PredictionTable) -> PredictionTable:
    import numpy as np

    # Where nothing had a value, a column may lack its further axes: such a piece is empty.
    if not len(second):
        return first
    if not len(first):
        return second
    values = {name: np.concatenate([first[name], second[name]]) for name in first.names}
    return PredictionTable(first.columns, values, meta=first.meta)
