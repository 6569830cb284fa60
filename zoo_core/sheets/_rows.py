"""Which rows of a prediction are worth a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..prediction import is_predicted
from ..tables import Best

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from ..tables import PredictionTable
    from ..tasks import Task


def rows_to_show(table: PredictionTable, task: Task, count: int) -> np.ndarray:
    """Positions of the best rows, at most ``count``; of a task without ranking the first.

    Rows without a prediction are passed over.
    """
    import numpy as np

    rows = np.arange(len(table))
    if task.ranking:
        rows = table.order_by(task.ranking)
    return np.asarray(rows[is_predicted(table, task)[rows]][:count])


def first_rows(
    pieces: Iterable[PredictionTable], task: Task, count: int
) -> PredictionTable | None:
    """The same for a table in pieces, of which one is in memory at a time.

    None if no row has a prediction.
    """
    import numpy as np

    # Without a ranking, the order of the rows is one.
    name = task.ranking or "row"
    best = Best(name, count, descending=task.ranking is not None)
    seen = 0
    for piece in pieces:
        table = piece.take(is_predicted(piece, task))
        if not task.ranking:
            table = table.with_column(name, np.arange(seen, seen + len(table)))
            seen += len(table)
        if len(table):
            best.add(table)
        if not task.ranking and seen >= count:
            break
    return best.table
