"""The output of a survey run: a folder of parts that together are one table.

A part's file is put in place by a rename, and only when it is on the disc does the list of
parts get its line. So a kill at any moment leaves a folder in which every part that the list
knows is whole; the others are computed again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError
from ._conform import conformed
from ._durable import append_whole, cut, remove, write_whole
from ._hold import hold_output
from ._manifest import (
    MOST_PARTS,
    PARTS_FILE,
    Manifest,
    Record,
    is_part,
    make_manifest,
    part_name,
    read_records,
)
from ._prepare import prepare

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from ..tables import PredictionTable

#: Parts that a message names.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """How far a run is: rows and parts, bytes written, and rows by flag."""

    rows: int
    rows_done: int
    parts: int
    parts_done: int
    bytes: int
    flags: Mapping[str, int]


class Output:
    """A folder that a run writes its parts into; ``open_output`` makes one.

    Parameters
    ----------
    folder : pathlib.Path
        Where the parts go.
    manifest : Manifest
        What was asked for.
    template : PredictionTable
        Columns, types and metadata of every part.
    """

    def __init__(self, folder: Path, manifest: Manifest, template: PredictionTable):
        self.folder = folder
        self._manifest = manifest
        self._template = template
        # One byte a part: a list of records would grow with the catalogue.
        self._done = bytearray(manifest.parts)
        self._rows_done = self._bytes = self._listed = 0
        self._flags: Counter[str] = Counter()

    def __repr__(self) -> str:
        done = sum(self._done)
        return f"<Output {self.folder}: {done} of {self._manifest.parts} parts>"

    @property
    def is_finished(self) -> bool:
        """Whether every part is there."""
        return all(self._done)

    @property
    def missing(self) -> Iterator[tuple[int, int, int]]:
        """Number, first row and count of rows of each part that is not there, in order."""
        for number in range(self._manifest.parts):
            if not self._done[number]:
                yield number, *self._manifest.span(number)

    def write(self, number: int, table: PredictionTable) -> None:
        """Add a part, whole or not at all.

        Parameters
        ----------
        number : int
            One of those that are missing; the order of writing does not matter.
        table : PredictionTable
            Its rows in the order of the catalogue, with the template's columns. A column in
            which nothing has a value may lack the type and the further axes. Rows are
            counted by their ``flag``, where there is such a column.

        Raises
        ------
        ValueError
            The part is there already, or has other rows or columns than it must.
        OutputError
            The disc is full or cannot be written, or another process writes into the folder;
            the parts that are there stay whole.
        """
        if self._done[number]:
            raise ValueError(f"part {number} has been written already.")
        count = self._manifest.span(number)[1]
        if len(table) != count:
            raise ValueError(f"part {number} has {count} rows, was given {len(table)}.")
        data = _as_parquet(conformed(table, self._template))
        flags = _flags(table)
        digest = hashlib.sha256(data).hexdigest()
        record = Record(number, count, len(data), digest, flags)
        line = record.to_line()
        try:
            write_whole(self.folder / part_name(number), data)
            append_whole(self.folder / PARTS_FILE, line, at=self._listed)
        except OutputError:
            raise
        except OSError as error:
            raise self._failed(number, len(data), error) from error
        self._add(record, self._listed + len(line))

    def summary(self) -> Summary:
        """How far the run is."""
        return Summary(
            rows=self._manifest.rows,
            rows_done=self._rows_done,
            parts=self._manifest.parts,
            parts_done=sum(self._done),
            bytes=self._bytes,
            flags=dict(sorted(self._flags.items())),
        )

    def _add(self, record: Record, listed: int) -> None:
        self._done[record.number] = 1
        self._rows_done += record.rows
        self._bytes += record.size
        self._flags.update(record.flags)
        self._listed = listed

    def _take_over(self) -> None:
        """Go on with what an earlier process has left."""
        lines = self.folder / PARTS_FILE
        sizes = {path.name: path.stat().st_size for path in self.folder.glob("part-*.parquet")}
        wrong = []
        for record, end in read_records(self.folder, self._manifest):
            self._add(record, end)
            size = sizes.pop(part_name(record.number), None)
            if size != record.size:
                wrong.append((part_name(record.number), size, record.size))
        if wrong:
            raise _not_as_listed(self.folder, wrong)
        # A part that was put in place by a process that was killed before it said so.
        for name in filter(is_part, sizes):
            remove(self.folder / name)
        if lines.exists() and lines.stat().st_size > self._listed:
            cut(lines, self._listed)

    def _failed(self, number: int, size: int, error: OSError) -> OutputError:
        done = sum(self._done)
        free = "an unknown number of"
        with suppress(OSError):
            free = f"{shutil.disk_usage(self.folder).free:,}"
        each = self._bytes / done if done else size
        left = int(each * (self._manifest.parts - done))
        return OutputError(
            f"{self.folder / part_name(number)} of {size:,} bytes could not be written: "
            f"{error.strerror or error}. {free} bytes are free there, about {left:,} more are "
            f"needed. The {done} of {self._manifest.parts} parts that are there are whole; "
            "--resume goes on with them once there is room."
        )


@contextmanager
def open_output(
    folder: str | os.PathLike[str],
    wanted: Mapping[str, Any],
    template: PredictionTable,
    *,
    rows: int,
    part_rows: int,
    resumes: bool = False,
    overwrite: bool = False,
    origin: Mapping[str, Any] | None = None,
) -> Iterator[Output]:
    """Open a folder for the parts of a run, and keep it to this process.

    The same run over a folder in which it is finished is no error: nothing is missing then.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    wanted : mapping of str to Any
        What decides the result, as JSON can hold it: model and its hash, catalogue, tiles,
        options. A run goes on only with parts that were asked for in the same way.
    template : PredictionTable
        A table without rows: columns, types, shapes and metadata that every part gets.
    rows : int
        Objects of the catalogue.
    part_rows : int
        Rows of each part.
    resumes : bool
        Go on where an unfinished run has ended.
    overwrite : bool
        Remove the run that is there, finished or not, and begin anew.
    origin : mapping of str to Any, optional
        Where things were found, for the manifest; it does not make another run.

    Yields
    ------
    Output

    Raises
    ------
    UsageError
        Another run holds the folder; both options; more parts than a folder takes; the
        folder is that of another run (the message says what differs).
    OutputError
        The folder holds other files, an unfinished run that is not to be gone on with, or a
        part that is not what it was; or it cannot be written.
    InputError
        What the folder says about itself is damaged.
    """
    place = Path(folder)
    _check_request(rows, part_rows, resumes=resumes, overwrite=overwrite)
    manifest = make_manifest(wanted, template, rows=rows, part_rows=part_rows, origin=origin)
    if place.exists() and not place.is_dir():
        raise OutputError(f"{place} is a file; the parts need a folder.")
    with hold_output(place):
        try:
            prepare(place, manifest, resumes=resumes, overwrite=overwrite)
            output = Output(place, manifest, template)
            output._take_over()  # noqa: SLF001 - the other half of this function
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(
                f"the folder {place} cannot be written: {error.strerror or error}."
            ) from error
        if not rows and not output.is_finished:
            # A catalogue without objects has a result too: a table without rows.
            output.write(0, template)
        yield output


def _check_request(rows: int, part_rows: int, *, resumes: bool, overwrite: bool) -> None:
    if resumes and overwrite:
        raise UsageError(
            "--resume keeps the parts that are there, --overwrite removes them: give one."
        )
    if part_rows < 1:
        raise UsageError(f"a part must have at least one row, not {part_rows}.")
    if rows > part_rows * MOST_PARTS:
        raise UsageError(
            f"{rows:,} objects in parts of {part_rows:,} rows are more than {MOST_PARTS:,} "
            f"parts: choose parts of {-(-rows // MOST_PARTS):,} rows or more."
        )


def _not_as_listed(folder: Path, wrong: list[tuple[str, int | None, int]]) -> OutputError:
    told = "; ".join(
        f"{name} is gone" if size is None else f"{name} has {size:,} bytes and had {then:,}"
        for name, size, then in wrong[:_SHOWN]
    )
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return OutputError(
        f"{folder} is not as the run left it: {told}{more}. Put the files back; or take "
        f"their lines out of {folder / PARTS_FILE}, and --resume computes these parts again."
    )


def _as_parquet(table: PredictionTable) -> memoryview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table.to_arrow(), sink)
    return memoryview(sink.getvalue())


def _flags(table: PredictionTable) -> dict[str, int]:
    import numpy as np

    if "flag" not in table:
        return {}
    flags, counts = np.unique(table["flag"], return_counts=True)
    pairs = zip(flags.tolist(), counts.tolist(), strict=True)
    return {str(flag): int(count) for flag, count in pairs if flag}
