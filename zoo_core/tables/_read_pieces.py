"""Reading a table piece by piece, of which only one is in memory."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ._files import read_table
from ._formats import from_arrow

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from ._table import PredictionTable

#: Bytes of a piece, about.
_BYTES = 32_000_000

#: Most rows of a piece.
_ROWS = 20_000


class Pieces:
    """A table in a file that can be gone through again and again; ``open_pieces`` makes one.

    Parameters
    ----------
    path : pathlib.Path
        Of the file.

    Attributes
    ----------
    rows : int
        Rows in all.
    meta : dict of str to str
        Facts about the table.
    """

    def __init__(self, path: Path):
        self.path = path
        self._whole: PredictionTable | None = None
        if path.suffix.lower() == ".parquet" and path.exists():
            import pyarrow.parquet as pq

            with _reading(path):
                metadata = pq.read_metadata(path)
                empty = pq.read_schema(path).empty_table()
                self.rows = metadata.num_rows
                self.meta = from_arrow(empty).meta
                size = sum(
                    metadata.row_group(group).total_byte_size
                    for group in range(metadata.num_row_groups)
                )
                self._rows = max(1, min(_ROWS, _BYTES * self.rows // max(size, 1)))
        else:
            self._whole = read_table(path)
            self.rows = len(self._whole)
            self.meta = self._whole.meta

    def __iter__(self) -> Iterator[PredictionTable]:
        if self._whole is not None:
            yield self._whole
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Read ahead, pyarrow would keep all that it has read until the end.
        with _reading(self.path), pq.ParquetFile(self.path, pre_buffer=False) as file:
            if not self.rows:
                yield from_arrow(file.schema_arrow.empty_table())
            for batch in file.iter_batches(batch_size=self._rows):
                yield from_arrow(pa.Table.from_batches([batch], schema=file.schema_arrow))


def open_pieces(path: str | os.PathLike[str]) -> Pieces:
    """Open a table to go through it in pieces; what is read is what ``read_table`` reads.

    Only parquet is read piece by piece; other formats are held in memory as a whole.

    Raises
    ------
    InputError
        As ``read_table``; also later, while it is gone through.
    """
    return Pieces(Path(path))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause = " ".join(str(error).split())[:300]
        raise InputError(
            f"{path} cannot be read as a table: {type(error).__name__}: {cause}."
        ) from error
