"""Catalogues as text with a delimiter, of any length."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ..errors import InputError
from ._columns import Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

#: Bytes that are parsed at once: more than any line has. Arrow reads 32 blocks ahead.
_BLOCK = 2**18

#: Header lines, comments among them, that a file may begin with.
_HEAD = 1000

#: As it would be written again: 007 is a name.
_WHOLE_NUMBER = r"^(?:0|-?[1-9][0-9]*)$"


class CsvSource:
    """A CSV file, maybe compressed; memory does not grow with its rows.

    Lines that begin with ``#`` may stand before the line of names, which may be one itself.

    Parameters
    ----------
    path : pathlib.Path
        Of the file.
    """

    def __init__(self, path: Path):
        self.files = (path,)
        self._path = path
        lines = _first_lines(path)
        self._skipped, self._delimiter, names = _header(lines, path)
        self._names = names
        self.fields = tuple(Field(name, is_text=True) for name in names if name)

    def scan(self, id: str | None) -> tuple[int, bool]:
        """By going through the file once."""
        count, is_whole = 0, True
        # The first column stands for the rows where none is wanted.
        for batch in self._read([self._names.index(id) if id else 0], 0):
            count += len(batch)
            if is_whole and id:
                is_whole = _are_whole(batch.column(0))
        return count, is_whole

    def batches(self, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
        """From the beginning, what comes before ``start`` left out."""
        places = [self._names.index(name) for name in names]
        for batch in self._read(places, start):
            yield batch.rename_columns(list(names))

    def _read(self, places: Sequence[int], start: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        # Own names, since those of the file may be empty, or stand twice.
        names = [f"c{index}" for index in range(len(self._names))]
        wanted = [names[place] for place in places]
        if len(_first_lines(self._path, self._skipped + 1)) <= self._skipped:
            return
        reader = arrow_csv.open_csv(
            self._path,
            read_options=arrow_csv.ReadOptions(
                column_names=names,
                skip_rows=self._skipped,
                block_size=_BLOCK,
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
            ),
        )
        with reader:
            for batch in reader:
                if start >= len(batch):
                    start -= len(batch)
                    continue
                yield batch.slice(start) if start else batch
                start = 0


def _are_whole(texts: pa.Array) -> bool:
    """Whether all are whole numbers that int64 holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(texts)
    if not pc.all(pc.match_substring_regex(texts, _WHOLE_NUMBER)).as_py():
        return False
    try:
        pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def _first_lines(path: Path, most: int = _HEAD) -> list[str]:
    import io

    import pyarrow as pa

    with pa.input_stream(str(path), compression="detect") as stream:
        text = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8-sig", newline="")
        return [line for line, _ in zip(text, range(most), strict=False)]


def _header(lines: Sequence[str], path: Path) -> tuple[int, str, list[str]]:
    """How many lines come before the rows, the delimiter, and the names of the columns."""
    first = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    while first < len(lines) and not lines[first].strip():
        first += 1
    comment = lines[first - 1].lstrip("#") if first else ""
    line = lines[first] if first < len(lines) else ""
    if not line.strip() and not comment.strip():
        raise InputError(f"{path} has no line with the names of columns.")
    delimiter = next((mark for mark in ",\t;|" if mark in (line.strip() or comment)), ",")
    cells = next(csv.reader([line], delimiter=delimiter), [])
    above = [cell.strip() for cell in next(csv.reader([comment], delimiter=delimiter), [])]
    if not cells or any(_is_number(cell) for cell in cells):
        # The line of names may be a comment, as NumPy and others write it.
        if (
            above
            and len(above) == (len(cells) or len(above))
            and not any(map(_is_number, above))
        ):
            return first, delimiter, above
        raise InputError(
            f"{path} begins with the numbers {', '.join(cells[:5])}: it needs a line with the "
            "names of the columns before the first row."
        )
    return first + 1, delimiter, [cell.strip() for cell in cells]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip().lower() not in ("nan", "inf", "infinity")
