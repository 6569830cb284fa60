"""Catalogues in parquet, of any length."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._described import describe_parquet
from ._source import READ_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa


class ParquetSource:
    """Parquet files that follow each other; memory does not grow with their rows.

    Parameters
    ----------
    files : sequence of pathlib.Path
        With the same columns.
    """

    def __init__(self, files: Sequence[Path]):
        import pyarrow.parquet as pq

        self.files = tuple(files)
        with pq.ParquetFile(self.files[0]) as first:
            schema = first.schema_arrow
        self.fields = describe_parquet(schema)
        self._rows: list[int] = []
        self._is_whole: dict[str, bool] = {}

    def scan(self, id: str | None) -> tuple[int, bool]:
        """From the footers; the ids are read only if those do not count what is missing."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        is_whole = True
        rows = []
        for path in self.files:
            with pq.ParquetFile(path) as file:
                rows.append(file.metadata.num_rows)
                missing = {field.name for field in self.fields} - set(file.schema_arrow.names)
                if missing:
                    raise InputError(
                        f"{path} lacks the columns {', '.join(sorted(missing)[:5])} that "
                        f"{self.files[0]} has."
                    )
                if id is None or not is_whole:
                    continue
                is_whole = pa.types.is_integer(file.schema_arrow.field(id).type)
                is_whole = is_whole and not _has_nulls(file, id)
        self._rows = rows
        return sum(rows), is_whole

    def batches(self, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
        """Row group by row group, from the one that holds ``start``."""
        ends = list(accumulate(self._rows))
        index = bisect_right(ends, start)
        first = start - (ends[index - 1] if index else 0)
        for path in self.files[index:]:
            yield from _parquet_batches(path, names, first)
            first = 0


def _has_nulls(file: Any, name: str) -> bool:
    index = file.schema_arrow.names.index(name)
    if file.metadata.num_columns != len(file.schema_arrow.names):
        # Columns with columns inside: count them as parquet does.
        paths = [file.schema.column(i).path for i in range(file.metadata.num_columns)]
        index = paths.index(name)
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(index).statistics
        if statistics is None or not statistics.has_null_count:
            return any(batch.column(0).null_count for batch in _batches_of(file, [name], None))
        if statistics.null_count:
            return True
    return False


def _parquet_batches(path: Path, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # With a buffer, the pages of a column are read one after the other, not all at once.
    with pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False) as file:
        ends = list(
            accumulate(
                file.metadata.row_group(index).num_rows
                for index in range(file.metadata.num_row_groups)
            )
        )
        group = bisect_right(ends, start)
        left = start - (ends[group - 1] if group else 0)
        for batch in _batches_of(file, names, list(range(group, len(ends)))):
            if left >= len(batch):
                left -= len(batch)
                continue
            table = batch.slice(left).select(list(names))
            left = 0
            arrays = [_plain(column) for column in table.columns]
            yield pa.RecordBatch.from_arrays(arrays, names=list(names))


def _batches_of(
    file: Any, names: Sequence[str], groups: list[int] | None
) -> Iterator[pa.RecordBatch]:
    if groups == []:
        return iter(())
    batches: Iterator[pa.RecordBatch] = file.iter_batches(
        batch_size=READ_ROWS, row_groups=groups, columns=list(names), use_threads=False
    )
    return batches


def _plain(array: pa.Array) -> pa.Array:
    """Texts as ``string``, whatever kind of text or dictionary they are stored as."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    is_text = (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
    if is_text and not pa.types.is_string(kind):
        if pa.types.is_fixed_size_binary(kind):
            array = pc.cast(array, pa.binary())
        array = pc.cast(array, pa.string())
    return array
