"""What files say about their columns: names, units, UCDs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..data import quiet
from ._columns import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_VOTABLE = b"IVOA.VOTable-Parquet.content"
_ASTROPY = b"table_meta_yaml"

#: Unit and UCD of a column.
_Told = tuple[str | None, str | None]


def describe_parquet(schema: pa.Schema) -> tuple[Field, ...]:
    """Columns of a parquet file with one value a row.

    Units and UCDs are those of the fields (as astrozoo writes them), of a VOTable in the
    metadata (VOParquet), or of astropy's own metadata.
    """
    import pyarrow as pa

    told = _told_in_metadata(schema.metadata or {})
    fields = []
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind):
            continue
        own = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        unit, ucd = told.get(field.name, (None, None))
        is_number = (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        )
        fields.append(
            Field(
                field.name,
                own.get("unit", unit),
                own.get("ucd", ucd),
                is_text=not is_number,
            )
        )
    return tuple(fields)


def describe_astropy(table: Any) -> tuple[Field, ...]:
    """Columns of an astropy table with one value a row."""
    fields = []
    for name in table.colnames:
        column = table[name]
        if len(column.shape) != 1:
            continue
        meta = getattr(column.info, "meta", None) or {}
        unit = column.info.unit
        kind = getattr(column, "dtype", None)
        fields.append(
            Field(
                name,
                None if unit is None else str(unit),
                meta.get("ucd"),
                is_text=kind is None or kind.kind in "OSU",
            )
        )
    return tuple(fields)


def _told_in_metadata(metadata: Mapping[bytes, bytes]) -> dict[str, _Told]:
    for key, read in ((_VOTABLE, _of_votable), (_ASTROPY, _of_astropy)):
        if key in metadata:
            # Names alone may do, so what cannot be read is no reason to stop.
            with quiet(), suppress(Exception):
                return read(metadata[key])
    return {}


def _of_votable(text: bytes) -> dict[str, _Told]:
    import io

    from astropy.io import votable

    table = votable.parse(io.BytesIO(text)).get_first_table()
    return {
        field.name: (None if field.unit is None else str(field.unit), field.ucd)
        for field in table.fields
    }


def _of_astropy(text: bytes) -> dict[str, _Told]:
    from astropy.table import meta

    header = meta.get_header_from_yaml(text.decode("utf-8").splitlines())
    return {
        column["name"]: (
            None if column.get("unit") is None else str(column["unit"]),
            (column.get("meta") or {}).get("ucd"),
        )
        for column in header["datatype"]
    }
