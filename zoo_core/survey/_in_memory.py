"""Catalogues that astropy reads: FITS tables by memory map, ECSV and VOTable as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data import quiet
from ..errors import InputError
from ._columns import Field, has_position
from ._described import describe_astropy
from ._source import READ_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa


class FitsSource:
    """The first table of a FITS file that has positions, else the first table.

    Rows are read from the disc as they are needed, but for files that are compressed.

    Parameters
    ----------
    path : pathlib.Path
        Of the file.
    """

    def __init__(self, path: Path):
        from astropy.io import fits

        self.files = (path,)
        self._path = path
        with quiet(), fits.open(path) as hdus:
            tables = [
                (index, _fits_fields(hdu))
                for index, hdu in enumerate(hdus)
                if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)
                and not isinstance(hdu, fits.CompImageHDU)
            ]
            if not tables:
                raise InputError(f"{path} holds no table, but {len(hdus)} images or less.")
            self._index, self.fields = next(
                (table for table in tables if has_position(table[1])), tables[0]
            )

    def scan(self, id: str | None) -> tuple[int, bool]:
        """From the header."""
        from astropy.io import fits

        with quiet(), fits.open(self._path) as hdus:
            hdu = hdus[self._index]
            if id is None:
                return int(hdu.header["NAXIS2"]), True
            kind = hdu.data[:0][id].dtype.kind
            return int(hdu.header["NAXIS2"]), kind in "iu"

    def batches(self, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
        """Slices of the memory map."""
        import pyarrow as pa
        from astropy.io import fits

        with quiet():
            hdus = fits.open(self._path, memmap=True)
        with hdus:
            data = hdus[self._index].data
            for first in range(start, len(data), READ_ROWS):
                rows = data[first : first + READ_ROWS]
                arrays = [_to_arrow(rows[name]) for name in names]
                yield pa.RecordBatch.from_arrays(arrays, names=list(names))


class TableSource:
    """A table in memory.

    Parameters
    ----------
    table : astropy.table.Table
        Of positions; a column of sky coordinates counts as two, of degrees.
    path : pathlib.Path
        Where it was read.
    """

    def __init__(self, table: Any, path: Path):
        self.files = (path,)
        self._table = _spread(table)
        self.fields = describe_astropy(self._table)

    def scan(self, id: str | None) -> tuple[int, bool]:
        """Of the table."""
        import numpy as np

        if id is None:
            return len(self._table), True
        column = self._table[id]
        has_gaps = bool(np.any(getattr(column, "mask", False)))
        return len(self._table), column.dtype.kind in "iu" and not has_gaps

    def batches(self, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
        """Slices."""
        import pyarrow as pa

        for first in range(start, len(self._table), READ_ROWS):
            rows = slice(first, first + READ_ROWS)
            arrays = [_to_arrow(self._table[name][rows]) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, names=list(names))


def read_astropy(path: Path, *, format: str) -> TableSource:
    """Read an ECSV file or the first table of a VOTable."""
    from astropy.table import Table

    with quiet():
        return TableSource(Table.read(path, format=format), path)


def _fits_fields(hdu: Any) -> tuple[Field, ...]:
    fields = []
    for index, column in enumerate(hdu.columns, start=1):
        dtype = hdu.columns.dtype[column.name]
        if (
            dtype.shape
            or dtype.kind not in "biufSU"
            or str(column.format).startswith(("P", "Q"))
        ):
            continue
        ucd = hdu.header.get(f"TUCD{index}")
        fields.append(Field(column.name, column.unit, ucd, is_text=dtype.kind in "SU"))
    return tuple(fields)


def _spread(table: Any) -> Any:
    """Sky coordinates as two columns that are known for positions."""
    from astropy.table import Column

    for name in [name for name in table.colnames if hasattr(table[name], "icrs")]:
        position = table[name].icrs
        for axis in ("ra", "dec"):
            values = getattr(position, axis).deg
            meta = {"ucd": f"pos.eq.{axis};meta.main"}
            table[f"{name}.{axis}"] = Column(values, unit="deg", meta=meta)
        table.remove_column(name)
    return table


def _to_arrow(column: Any) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    mask = np.ma.getmaskarray(column) if hasattr(column, "mask") else None
    array = np.asarray(getattr(column, "value", column))
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind in "UO":
        texts = [None if value is None else str(value) for value in array.tolist()]
        return pa.array(texts, type=pa.string(), mask=mask)
    return pa.array(array.astype(array.dtype.newbyteorder("=")), mask=mask)
