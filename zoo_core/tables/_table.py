"""A table in memory: named columns of equal length with their meaning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import astropy.table
    import numpy as np
    import pyarrow as pa
    from numpy.typing import ArrayLike

    from ._column import Column


class PredictionTable:
    """Columns in order, their values, and facts about the whole table.

    Parameters
    ----------
    columns : iterable of Column
        What the table holds.
    values : mapping of str to array-like
        For each column ``(n,)`` or ``(n, ...)``: numbers, booleans or text, never Python
        objects (None in a column of text becomes an empty text).
    meta : mapping of str to str
        Facts about the table, such as the model's name and version.

    Raises
    ------
    ValueError
        A column without values, values without a column, different lengths.

    Examples
    --------
    >>> from zoo_core.tables import Column
    >>> table = PredictionTable(
    ...     [Column("id"), Column("p_lens", "probability of a lens")],
    ...     {"id": ["a", "b"], "p_lens": [0.25, 0.75]},
    ... )
    >>> table.sorted_by("p_lens").head(1)["id"].tolist()
    ['b']
    """

    __slots__ = ("_values", "columns", "meta")

    def __init__(
        self,
        columns: Iterable[Column],
        values: Mapping[str, ArrayLike],
        *,
        meta: Mapping[str, str] | None = None,
    ):
        self.columns = tuple(columns)
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or set(names) != set(values):
            raise ValueError(
                f"the columns are {names}, the values are those of {list(values)}."
            )
        self._values = {name: _column(values[name]) for name in names}
        lengths = {name: len(array) for name, array in self._values.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns differ in length: {lengths}.")
        self.meta = {str(key): str(value) for key, value in (meta or {}).items()}

    def __len__(self) -> int:
        return len(next(iter(self._values.values()), ()))

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._values[name]
        except KeyError:
            from ..errors import unknown_name

            raise unknown_name("column", name, list(self._values)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return f"<PredictionTable of {len(self)} rows: {', '.join(self.names)}>"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(self._values)

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The arrays by column."""
        return dict(self._values)

    def has_value(self, name: str) -> np.ndarray:
        """Mask ``(n,)`` of the rows with a value: a text that is not empty, not only NaN."""
        import numpy as np

        array = self[name]
        values = array.reshape(len(self), math.prod(array.shape[1:]))
        if values.dtype.kind == "U":
            return np.asarray((values != "").any(axis=1))
        if values.dtype.kind == "f":
            return np.asarray(~np.isnan(values).all(axis=1))
        return np.ones(len(self), dtype=bool)

    def take(self, rows: ArrayLike | slice) -> PredictionTable:
        """The rows at these positions, or where a mask is true, in that order."""
        import numpy as np

        chosen: Any = rows if isinstance(rows, slice) else np.asarray(rows)
        values = {name: array[chosen] for name, array in self._values.items()}
        return PredictionTable(self.columns, values, meta=self.meta)

    def head(self, count: int) -> PredictionTable:
        """The first ``count`` rows, fewer if there are not so many."""
        return self.take(slice(max(count, 0)))

    def sorted_by(self, name: str, *, descending: bool = True) -> PredictionTable:
        """The rows in order of a column; equal ones keep their order, NaN comes last."""
        return self.take(self.order_by(name, descending=descending))

    def order_by(self, name: str, *, descending: bool = True) -> np.ndarray:
        """Positions ``(n,)`` of the rows in order of a column; see ``sorted_by``."""
        import numpy as np

        values = self[name]
        # Ranks can be negated where values (text, unsigned integers) cannot.
        ranks = np.unique(values, return_inverse=True)[1].reshape(values.shape)
        keys = -ranks if descending else ranks
        if values.dtype.kind == "f":
            keys = np.where(np.isnan(values), len(values), keys)
        return np.argsort(keys, kind="stable")

    def without(self, *names: str) -> PredictionTable:
        """The table without some columns; those that it has not are passed over."""
        columns = [column for column in self.columns if column.name not in names]
        values = {column.name: self._values[column.name] for column in columns}
        return PredictionTable(columns, values, meta=self.meta)

    def with_column(
        self, name: str, values: ArrayLike, *, description: str = "", first: bool = False
    ) -> PredictionTable:
        """The table with one more column ``(n, ...)``, the last one or the first.

        Raises
        ------
        ValueError
            There is a column of that name, or the length is another.
        """
        from ._column import Column

        added = (Column(name, description),)
        columns = (*added, *self.columns) if first else (*self.columns, *added)
        return PredictionTable(columns, {**self._values, name: values}, meta=self.meta)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row as a dictionary of Python numbers and texts."""
        lists = {name: array.tolist() for name, array in self._values.items()}
        for index in range(len(self)):
            yield {name: values[index] for name, values in lists.items()}

    def to_astropy(self) -> astropy.table.Table:
        """As an astropy table with units, descriptions and metadata."""
        from astropy.table import Column as AstropyColumn
        from astropy.table import Table

        columns = [
            AstropyColumn(
                self._values[column.name],
                name=column.name,
                unit=column.unit,
                description=column.description or None,
            )
            for column in self.columns
        ]
        return Table(columns, meta=dict(self.meta))

    def to_arrow(self) -> pa.Table:
        """As an Arrow table.

        Unit and description are metadata of the fields. The table's metadata are those of
        the schema, entry by entry, and once more all together as JSON under ``astrozoo``.
        """
        import json

        import pyarrow as pa

        arrays = [_arrow(self._values[column.name]) for column in self.columns]
        fields = []
        for column, array in zip(self.columns, arrays, strict=True):
            told = {"unit": column.unit, "description": column.description}
            metadata = {key: text for key, text in told.items() if text}
            fields.append(pa.field(column.name, array.type, metadata=metadata or None))
        metadata = {**self.meta, "astrozoo": json.dumps(self.meta)}
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))


def _column(values: ArrayLike) -> np.ndarray:
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind == "O":
        texts = ["" if value is None else str(value) for value in array.ravel().tolist()]
        array = np.asarray(texts, dtype=np.str_).reshape(array.shape)
    if not array.ndim:
        raise ValueError(f"a column needs an array of values, was given {values!r}.")
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _arrow(array: np.ndarray) -> pa.Array:
    """An array ``(n, ...)`` as an Arrow array; further axes become fixed-size lists."""
    import numpy as np
    import pyarrow as pa

    if array.ndim == 1:
        if array.dtype.kind == "U":
            return pa.array(array.tolist(), type=pa.string())
        return pa.array(array)
    inner = _arrow(np.ascontiguousarray(array).reshape(-1, *array.shape[2:]))
    return pa.FixedSizeListArray.from_arrays(inner, array.shape[1])
