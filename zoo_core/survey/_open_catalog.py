"""From a path to a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._catalog import Catalog
from ._collection import parquet_files
from ._columns import choose
from ._csv import CsvSource
from ._in_memory import FitsSource, read_astropy
from ._parquet import ParquetSource
from ._source import Source, reading

if TYPE_CHECKING:
    import os

#: Suffixes of catalogues, after .gz has been taken off those of text and FITS.
CATALOGS = (".parquet", ".csv", ".tsv", ".ecsv", ".fits", ".fit", ".vot", ".xml")


def open_catalog(
    path: str | os.PathLike[str],
    *,
    id: str | None = None,
    ra: str | None = None,
    dec: str | None = None,
) -> Catalog:
    """Open a catalogue of positions.

    Parameters
    ----------
    path : path
        A file (parquet, csv, tsv, ecsv, FITS table, VOTable), a folder of parquet files, or
        one of a HATS catalogue. Memory does not grow with the rows of parquet, csv and
        uncompressed FITS.
    id : str, optional
        Column of identifiers; else the one with the UCD or a usual name of such, or none.
    ra, dec : str, optional
        Columns of the position, with a unit if need be: ``coord_ra[rad]``; else by UCD, unit
        and usual names. Texts may be in sexagesimal notation.

    Raises
    ------
    UsageError
        The options contradict each other.
    InputError
        The file is missing, is no catalogue, or has no such columns.
    """
    place = Path(path)
    if not place.exists():
        raise InputError(f"{place} does not exist.", flag="not-found")
    with reading(place):
        source, told = _open_source(place)
    if ra is None and dec is None:
        ra, dec = told.get("hats_col_ra"), told.get("hats_col_dec")
    return Catalog(
        place, source, choose(source.fields, where=str(place), id=id, ra=ra, dec=dec)
    )


def _open_source(path: Path) -> tuple[Source, dict[str, str]]:
    if path.is_dir():
        files, told = parquet_files(path)
        return ParquetSource(files), told
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in (".gz", ".bz2") and len(suffixes) > 1:
        suffix = suffixes[-2]
    if suffix == ".parquet":
        return ParquetSource([path]), {}
    if suffix in (".csv", ".tsv"):
        return CsvSource(path), {}
    if suffix in (".fits", ".fit"):
        return FitsSource(path), {}
    if suffix == ".ecsv":
        return read_astropy(path, format="ascii.ecsv"), {}
    if suffix in (".vot", ".xml"):
        return read_astropy(path, format="votable"), {}
    raise UsageError(
        f"{path}: no catalogue can be read from the suffix {suffix!r}. Known: "
        f"{', '.join(CATALOGS)}, and folders of parquet files."
    )
