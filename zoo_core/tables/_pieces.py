"""Writing a table that comes in pieces, of which only one is in memory."""

from __future__ import annotations

import io
import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import check_output, replacing
from ._formats import as_fits, describe, sidecar_of, write_csv_text, write_ecsv_text
from ._table import PredictionTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np

#: Bytes of a row group of parquet: pieces are gathered up to it.
_GROUP = 64_000_000

_FITS_BLOCK = 2880


def write_pieces(
    pieces: Iterable[PredictionTable],
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> None:
    """Write tables that follow each other as one, in the format that the suffix names.

    What comes out is what ``write_table`` makes of the whole, but for the row groups of
    parquet. Memory holds one piece (of parquet, about 64 MB of them).

    Parameters
    ----------
    pieces : iterable of PredictionTable
        At least one; all with the same columns, types and metadata. For FITS it is gone
        through twice, so it cannot be an iterator.
    path : path
        Of the file.
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    UsageError, OutputError
        As ``write_table``.
    """
    check_output(path, overwrite=overwrite)
    # A link stays a link: what it points to is replaced.
    target = Path(os.path.realpath(path))
    sidecar = sidecar_of(target)
    with replacing(target) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = _Whole(pieces)
        _WRITERS[target.suffix.lower()](whole, file)
        if sidecar is not None:
            with replacing(sidecar) as beside:
                beside.write_text(json.dumps(whole.described(), indent=1), encoding="utf-8")


class _Whole:
    """The pieces, and what one does not know of the whole: how wide its texts are.

    Going through the pieces fills it.
    """

    def __init__(self, pieces: Iterable[PredictionTable]):
        self._pieces = pieces
        self._model: PredictionTable | None = None
        self._characters: dict[str, int] = {}
        #: Bytes of each column of texts in FITS.
        self.escaped: dict[str, int] = {}

    def __iter__(self) -> Iterator[PredictionTable]:
        for piece in self._pieces:
            self._model = piece.head(0) if self._model is None else self._model
            for name, array in piece.values.items():
                if array.dtype.kind == "U":
                    self._measure(name, array)
            yield piece
        if self._model is None:
            raise ValueError("there is no piece to write.")

    def _measure(self, name: str, array: np.ndarray) -> None:
        import numpy as np

        texts = np.char.encode(array, "unicode_escape")
        for widths, wide in (
            (self._characters, array.dtype.itemsize // 4),
            (self.escaped, texts.dtype.itemsize),
        ):
            widths[name] = max(widths.get(name, 1), wide)

    def described(self) -> dict[str, Any]:
        """As ``describe`` tells it of a table in memory."""
        import numpy as np

        model = self._model
        if model is None:
            raise ValueError("the pieces have not been gone through.")
        wide = {
            name: np.empty(model[name].shape, dtype=f"U{characters}")
            for name, characters in self._characters.items()
        }
        return describe(PredictionTable(model.columns, model.values | wide, meta=model.meta))


def _write_parquet(whole: _Whole, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    gathered: list[Any] = []
    writer = None
    try:
        for piece in whole:
            arrow = piece.to_arrow()
            if writer is None:
                writer = pq.ParquetWriter(file, arrow.schema)
            gathered.append(arrow)
            if sum(table.nbytes for table in gathered) >= _GROUP:
                writer.write_table(pa.concat_tables(gathered))
                gathered = []
        if writer is not None and gathered:
            writer.write_table(pa.concat_tables(gathered))
    finally:
        if writer is not None:
            writer.close()


def _write_csv(whole: _Whole, file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        for index, piece in enumerate(whole):
            text = io.StringIO()
            write_csv_text(piece, text)
            # Again and again the line of names, but for the first time.
            text.seek(0)
            if index:
                text.readline()
            stream.write(text.read())


def _write_ecsv(whole: _Whole, file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        for index, piece in enumerate(whole):
            text = io.StringIO()
            write_ecsv_text(piece, text)
            text.seek(0)
            # The line of names is the first that is no comment.
            while index and text.readline().startswith("#"):
                pass
            stream.write(text.read())


def _write_fits(whole: _Whole, file: Path) -> None:
    rows = sum(len(piece) for piece in whole)
    with file.open("wb") as stream:
        size = 0
        for index, piece in enumerate(whole):
            header, data = _fits_bytes(piece, whole, rows)
            if not index:
                stream.write(header)
            stream.write(data)
            size += len(data)
        stream.write(b"\0" * (-size % _FITS_BLOCK))


def _fits_bytes(piece: PredictionTable, whole: _Whole, rows: int) -> tuple[bytes, bytes]:
    """All that comes before the rows of the whole, and the rows of a piece."""
    from astropy.io import fits

    table = as_fits(piece)
    for name, wide in whole.escaped.items():
        table[name] = table[name].astype(f"S{wide}")
        table[name].description = None
    table.meta = {"ASTROZOO": json.dumps(whole.described())}
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table, character_as_bytes=True)])
    written = io.BytesIO()
    hdus.writeto(written)
    raw = written.getvalue()
    with fits.open(io.BytesIO(raw)) as read:
        place = read[1].fileinfo()
        header = read[1].header.copy()
    start = place["datLoc"]
    data = raw[start : start + header["NAXIS1"] * header["NAXIS2"]]
    header["NAXIS2"] = rows
    return raw[: place["hdrLoc"]] + header.tostring().encode("ascii"), data


_WRITERS: Mapping[str, Callable[[_Whole, Path], None]] = {
    ".csv": _write_csv,
    ".ecsv": _write_ecsv,
    ".fits": _write_fits,
    ".parquet": _write_parquet,
}
