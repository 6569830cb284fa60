"""Collecting predictions: every input gets its row, whether it could be predicted or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data import Problem
from ..tables import Column, PredictionTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from ..data import Sample
    from ..tasks import Task

_NOT_FINITE = Problem("not-finite-output", "the network's output for it is not a finite number")


def is_predicted(table: PredictionTable, task: Task) -> np.ndarray:
    """Mask ``(n,)`` of the rows that hold a prediction; a flagged row may hold one."""
    import numpy as np

    mask = np.zeros(len(table), dtype=bool)
    for column in task.columns:
        mask |= table.has_value(column.name)
    return mask


#: What a row says about an object that was read from files.
OF_FILES = (
    Column("id", "identifier of the object", is_text=True),
    Column("source", "where it was read", is_text=True),
)


class Rows:
    """The rows of a prediction table, added block by block.

    Rows without a prediction hold NaN, or an empty text in a column of text. Numbers are
    floating point for that reason, whatever type the task decoded them to.

    Parameters
    ----------
    columns : tuple of Column
        What the task decodes to.
    of_object : tuple of Column
        What a row says about the object, before the task's columns.
    """

    def __init__(
        self, columns: tuple[Column, ...], *, of_object: tuple[Column, ...] = OF_FILES
    ):
        self._columns = columns
        self._of_object = of_object
        self._given: dict[str, list[Any]] = {
            name: [] for name in (*(column.name for column in of_object), "flag", "reason")
        }
        self._usable: list[int] = []
        self._decoded: dict[str, list[np.ndarray]] = {column.name: [] for column in columns}

    def __len__(self) -> int:
        return len(self._given["flag"])

    def add(
        self,
        samples: Sequence[Sample],
        usable: Sequence[int],
        decoded: Mapping[str, np.ndarray],
    ) -> None:
        """Append one row a sample.

        Parameters
        ----------
        samples : sequence of Sample
            What was read.
        usable : sequence of int
            Positions of those that were predicted.
        decoded : mapping of str to numpy.ndarray
            For each column ``(len(usable), ...)``; may be empty if nothing was usable.

        Raises
        ------
        ValueError
            The task decoded other columns than it declares, or another number of rows.
        """
        given = {name: [getattr(sample, name) for sample in samples] for name in self._given}
        self.add_given(given, usable, decoded)

    def add_given(
        self,
        given: Mapping[str, Sequence[Any]],
        usable: Sequence[int],
        decoded: Mapping[str, np.ndarray],
    ) -> None:
        """Append rows of which the columns about the object, flag and reason are given.

        Parameters
        ----------
        given : mapping of str to sequence
            A value a row for each of these columns.
        usable, decoded
            As ``add`` takes them.

        Raises
        ------
        ValueError
            As ``add``.
        """
        if len(usable):
            self._check(decoded, len(usable))
        first = len(self)
        for name, held in self._given.items():
            held += given[name]
        self._usable += [first + int(index) for index in usable]
        for name, values in decoded.items():
            self._decoded[name].append(values)

    def finish(self, meta: Mapping[str, str]) -> PredictionTable:
        """Make the table of all rows so far."""
        import numpy as np

        usable = np.array(self._usable, dtype=int)
        values = {column.name: self._whole(column, usable) for column in self._columns}
        flags, reasons = list(self._given["flag"]), list(self._given["reason"])
        for row in self._not_finite(values, usable):
            flags[row] = flags[row] or _NOT_FINITE.flag
            told = [text for text in (reasons[row], _NOT_FINITE.reason) if text]
            reasons[row] = "; ".join(told)
        columns = (
            *self._of_object,
            *self._columns,
            Column("flag", "empty, or one word on what is wrong with the row", is_text=True),
            Column("reason", "what is wrong with the row, in full", is_text=True),
        )
        given = {**self._given, "flag": flags, "reason": reasons}
        return PredictionTable(columns, {**given, **values}, meta=meta)

    def _check(self, decoded: Mapping[str, np.ndarray], count: int) -> None:
        wanted = [column.name for column in self._columns]
        if list(decoded) != wanted:
            raise ValueError(f"the task decodes to {list(decoded)}, declares {wanted}.")
        wrong = {name: len(values) for name, values in decoded.items() if len(values) != count}
        if wrong:
            raise ValueError(f"the task decodes {count} objects to columns of {wrong} rows.")

    def _whole(self, column: Column, usable: np.ndarray) -> np.ndarray:
        """A column of all rows, filled where there is no prediction."""
        import numpy as np

        blocks = self._decoded[column.name]
        if not blocks:
            return np.full(len(self), "" if column.is_text else np.nan)
        values = np.concatenate(blocks)
        whole: Any
        if column.is_text:
            whole = np.full((len(self), *values.shape[1:]), "", dtype=values.dtype)
        else:
            kind = values.dtype if values.dtype.kind == "f" else np.float64
            whole = np.full((len(self), *values.shape[1:]), np.nan, dtype=kind)
        whole[usable] = values
        return np.asarray(whole)

    def _not_finite(self, values: Mapping[str, np.ndarray], usable: np.ndarray) -> list[int]:
        """Rows that went through the network and of which some column is nothing but NaN."""
        import numpy as np

        if not len(usable):
            return []
        lost = np.zeros(len(usable), dtype=bool)
        for column in self._columns:
            if not column.is_text:
                block = values[column.name][usable].reshape(len(usable), -1)
                lost |= ~np.isfinite(block).any(axis=1)
        return [int(row) for row in usable[lost]]
