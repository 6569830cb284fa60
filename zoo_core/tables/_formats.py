r"""How a table is laid out in each kind of file.

Every format keeps names, order, types, units, descriptions and metadata, so that reading
gives back what was written. What a format cannot hold goes elsewhere, it is never dropped:
CSV has a sidecar ``<name>.meta.json``; FITS, with its short keywords and ASCII text, has
one JSON text under the keyword ``ASTROZOO`` and escapes such as ``\xe9`` in its texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from ._column import Column
from ._table import PredictionTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import astropy.table
    import numpy as np
    import pyarrow as pa

#: Columns of a CSV file that are text even where every entry looks like a number.
_TEXT = ("id", "source", "flag", "reason")


def sidecar_of(path: Path) -> Path | None:
    """The file beside a CSV file that holds its metadata; None for other formats."""
    return path.with_name(f"{path.name}.meta.json") if path.suffix.lower() == ".csv" else None


def describe(table: PredictionTable) -> dict[str, Any]:
    """All but the values, as JSON can hold it."""
    columns = [
        {
            "name": column.name,
            "description": column.description,
            "unit": column.unit,
            "type": table[column.name].dtype.str,
            "shape": table[column.name].shape[1:],
        }
        for column in table.columns
    ]
    return {"meta": table.meta, "columns": columns}


def _write_parquet(table: PredictionTable, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table.to_arrow(), path)


def write_csv_text(table: PredictionTable, stream: TextIO) -> None:
    """As CSV, the metadata left out."""
    import numpy as np
    from astropy.table import Table

    flat = Table()
    for name, array in table.values.items():
        for part, values in _flattened(name, array):
            # The shortest text that gives the float32 back: 0.1, not 0.10000000149.
            flat[part] = values.astype(str) if values.dtype == np.float32 else values
    flat.write(stream, format="ascii.csv")


def write_ecsv_text(table: PredictionTable, stream: TextIO) -> None:
    """As ECSV."""
    table.to_astropy().write(stream, format="ascii.ecsv")


def _write_csv(table: PredictionTable, path: Path) -> None:
    # astropy, given a path, leaves the file open when writing fails.
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv_text(table, stream)


def _write_ecsv(table: PredictionTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_ecsv_text(table, stream)


def as_fits(table: PredictionTable) -> astropy.table.Table:
    """What goes into a FITS file: texts as ASCII, and all that FITS cannot say as JSON."""
    import numpy as np

    fits = table.to_astropy()
    for name, array in table.values.items():
        if array.dtype.kind == "U":
            fits[name] = np.char.encode(array, "unicode_escape")
        fits[name].description = None  # it is in ASTROZOO, whatever its length
    # One line: a header cannot hold a newline.
    fits.meta = {"ASTROZOO": json.dumps(describe(table))}
    return fits


def _write_fits(table: PredictionTable, path: Path) -> None:
    as_fits(table).write(path, format="fits", overwrite=True)


def _read_parquet(path: Path) -> PredictionTable:
    import pyarrow.parquet as pq

    return from_arrow(pq.read_table(path))


def from_arrow(arrow: pa.Table) -> PredictionTable:
    """The table that ``PredictionTable.to_arrow`` made, or any other in Arrow's form."""
    columns, values = [], {}
    for field, chunks in zip(arrow.schema, arrow.columns, strict=True):
        told = _decoded(field.metadata)
        columns.append(Column(field.name, told.get("description", ""), told.get("unit")))
        values[field.name] = _from_arrow(chunks.combine_chunks())
    meta = _decoded(arrow.schema.metadata)
    whole = meta.pop("astrozoo", None)
    return PredictionTable(columns, values, meta=meta if whole is None else json.loads(whole))


def _read_csv(path: Path) -> PredictionTable:
    from astropy.io import ascii as text

    sidecar = sidecar_of(path)
    told = None
    if sidecar is not None and sidecar.exists():
        told = json.loads(sidecar.read_text(encoding="utf-8"))
    names = _TEXT
    if told is not None:
        names = tuple(c["name"] for c in told["columns"] if c["type"][1] == "U")
    converters = {name: [text.convert_numpy(str)] for name in names}
    table = text.read(path, format="csv", guess=False, converters=converters)
    return _restored(_values_of(table), told) if told else _from_astropy(table)


def _read_ecsv(path: Path) -> PredictionTable:
    from astropy.table import Table

    return _from_astropy(Table.read(path, format="ascii.ecsv"))


def _read_fits(path: Path) -> PredictionTable:
    from astropy.table import Table

    table = Table.read(path, format="fits")
    if "ASTROZOO" in table.meta:
        return _restored(_values_of(table), json.loads(table.meta["ASTROZOO"]), escaped=True)
    return _from_astropy(table)


def _read_votable(path: Path) -> PredictionTable:
    from astropy.table import Table

    return _from_astropy(Table.read(path, format="votable"))


WRITERS: Mapping[str, Callable[[PredictionTable, Path], None]] = {
    ".csv": _write_csv,
    ".ecsv": _write_ecsv,
    ".fits": _write_fits,
    ".parquet": _write_parquet,
}

READERS: Mapping[str, Callable[[Path], PredictionTable]] = {
    ".csv": _read_csv,
    ".ecsv": _read_ecsv,
    ".fits": _read_fits,
    ".parquet": _read_parquet,
    ".vot": _read_votable,
    ".xml": _read_votable,
}

#: Suffixes of tables that can be written.
WRITABLE = tuple(WRITERS)

#: Suffixes of tables that can be read.
READABLE = tuple(READERS)


def _flattened(name: str, array: np.ndarray) -> Iterable[tuple[str, np.ndarray]]:
    """A column with more than one value a row as several columns, for CSV."""
    import numpy as np

    if array.ndim == 1:
        return [(name, array)]
    parts = array.reshape(len(array), int(np.prod(array.shape[1:])))
    return [(f"{name}_{index}", parts[:, index]) for index in range(parts.shape[1])]


def _restored(
    values: Mapping[str, np.ndarray], told: dict[str, Any], *, escaped: bool = False
) -> PredictionTable:
    """Give values back the types, shapes and meaning that ``describe`` noted."""
    import numpy as np

    columns, arrays = [], {}
    for column in told["columns"]:
        name, dtype = column["name"], np.dtype(column["type"])
        columns.append(Column(name, column["description"], column["unit"]))
        if name in values:
            array = values[name]
        else:
            width = int(np.prod(column["shape"]))
            array = np.stack([values[f"{name}_{index}"] for index in range(width)], axis=1)
        array = array.reshape(len(array), *column["shape"])
        if escaped and dtype.kind == "U":
            array = np.char.decode(np.char.encode(array, "ascii"), "unicode_escape")
        if dtype.kind == "b" and array.dtype.kind == "U":
            array = array == "True"
        arrays[name] = array if dtype.kind == "U" else array.astype(dtype)
    return PredictionTable(columns, arrays, meta=told["meta"])


def _from_astropy(table: astropy.table.Table) -> PredictionTable:
    columns = [
        Column(
            name,
            table[name].info.description or "",
            None if table[name].info.unit is None else str(table[name].info.unit),
        )
        for name in table.colnames
    ]
    meta = {str(key): str(value) for key, value in table.meta.items() if key != "comments"}
    return PredictionTable(columns, _values_of(table), meta=meta)


def _values_of(table: astropy.table.Table) -> dict[str, np.ndarray]:
    return {name: _plain(table[name]) for name in table.colnames}


def _plain(column: Any) -> np.ndarray:
    """A column as an array in native byte order: missing numbers NaN, missing text empty."""
    import numpy as np

    mask = np.ma.getmaskarray(column) if hasattr(column, "mask") else None
    array = np.asarray(getattr(column, "data", column))
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "O":
        array = np.array([_as_text(value) for value in array.tolist()], dtype=np.str_)
    array = array.astype(array.dtype.newbyteorder("="))
    if mask is None or not mask.any():
        return array
    if array.dtype.kind == "U":
        array[mask] = ""
        return array
    array = array.astype(np.result_type(array.dtype, np.float32))
    array[mask] = np.nan
    return array


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _from_arrow(array: Any) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_fixed_size_list(array.type):
        inner = _from_arrow(array.flatten())
        return inner.reshape(-1, array.type.list_size, *inner.shape[1:])
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        vectors = _vectors(array)
        if vectors is not None:
            return vectors
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return np.asarray([_as_text(value) for value in array.to_pylist()], dtype=np.str_)
    # A column with nulls comes as floats with NaN.
    values: np.ndarray = array.to_numpy(zero_copy_only=False)
    return values


def _vectors(array: Any) -> np.ndarray | None:
    """Lists that all have one length, ``(n, length)``; NaN where there is none.

    Other programs write lists of a fixed size as lists of any size.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.unique(pc.list_value_length(array).drop_null())
    inner = array.type.value_type
    if len(lengths) != 1 or not (pa.types.is_floating(inner) or pa.types.is_integer(inner)):
        return None
    values = np.asarray(array.flatten().to_numpy(zero_copy_only=False))
    kind = values.dtype if values.dtype.kind == "f" or not array.null_count else np.float64
    whole = np.full((len(array), lengths[0].as_py()), np.nan if array.null_count else 0, kind)
    is_there = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
    whole[is_there] = values.reshape(-1, whole.shape[1])
    return whole


def _decoded(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    """Arrow metadata as text, without what other programs keep there for themselves."""
    own = {key.decode(): text for key, text in (metadata or {}).items()}
    foreign = ("ARROW:schema", "pandas")
    return {
        key: text.decode("utf-8", "replace") for key, text in own.items() if key not in foreign
    }
