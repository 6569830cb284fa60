"""A table with a column of paths and a column of labels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..data import READERS, Inputs, open_inputs
from ..errors import InputError
from ._columns import check_shape, pick_column, read_texts, refuse_missing
from ._found import Columns, Found
from ._text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec


def list_table(
    table: Path,
    specs: tuple[InputSpec, ...],
    columns: Columns,
    *,
    fit: str,
    accept_bands: Iterable[str],
) -> Found:
    """List the rows of a table; a path is relative to the table's folder.

    A path may lack its suffix (as ids of objects do) where one file fits.

    Raises
    ------
    InputError
        The table cannot be read or has no such column; on opening: files that are not
        there, are named twice, or hold something else than one object.
    """
    from ..tables import read_table

    read = read_table(table)
    if not len(read):
        raise InputError(f"{table} has no row.")

    def column(name: str, option: str) -> np.ndarray:
        values = pick_column(read.values, name, option=option, where=f"the table {table}")
        return check_shape(values, where=f"the column {name!r} of {table}")

    labels, paths = column(columns.label, "--label"), column(columns.path, "--path")
    where = f"the column {columns.path!r} of {table}"
    texts = read_texts(paths, where=where)

    def open_rows(rows: Sequence[int]) -> Inputs:
        refuse_missing(texts, rows, what="path", where=where)
        files = _files(table.parent, texts, rows, where)
        _refuse_twice(files, rows, labels.tolist())
        given = list(files)
        inputs = open_inputs(given, specs, fit=fit, accept_bands=accept_bands)
        several = sum(len(spec.bands) for spec in specs) > 1
        return _one_each(inputs, given, rows, several_bands=several)

    return Found(
        labels=labels,
        groups=None if columns.group is None else column(columns.group, "--group"),
        splits=None if columns.split is None else column(columns.split, "--split"),
        open=open_rows,
        where=f"the column {columns.label!r} of {table}",
    )


def _files(
    folder: Path, texts: Sequence[str | None], rows: Sequence[int], where: str
) -> list[Path]:
    """The file of each row."""
    files, missing = [], []
    for row in rows:
        path = folder / str(texts[row]).strip()
        file = complete_path(path)
        if file is None:
            missing.append(f"{path} (row {row})")
        else:
            files.append(file)
    if missing:
        raise InputError(
            f"{where}: {len(missing)} of {counted(len(rows), 'path')} lead to no file: "
            f"{listed(missing)}. Paths are relative to the folder of the table; --path NAME "
            "chooses another column.",
            flag="not-found",
        )
    return files


def complete_path(path: Path) -> Path | None:
    """The file at a path, or the only one whose name has a readable suffix more."""
    try:
        if path.is_file():
            return path
        if not path.name or path.is_dir():
            return None
        longer = [path.with_name(path.name + suffix) for suffix in READERS]
        there = [file for file in longer if file.is_file()]
    except (OSError, ValueError):  # a text that no path can be, such as one too long
        return None
    return there[0] if len(there) == 1 else None


def _refuse_twice(files: Sequence[Path], rows: Sequence[int], labels: Sequence[object]) -> None:
    """Raise InputError if two rows name one file, under whatever path."""
    first: dict[str, int] = {}
    same, other = [], []
    for row, file in zip(rows, files, strict=True):
        before = first.setdefault(os.path.realpath(file), row)
        if before == row:
            continue
        told = f"{file} (rows {before} and {row}"
        if labels[before] == labels[row]:
            same.append(f"{told})")
        else:
            other.append(f"{told}, labels {labels[before]!r} and {labels[row]!r})")
    if other:
        raise InputError(
            f"{counted(len(other), 'file')} named twice with different labels: "
            f"{listed(other)}. Keep the row that is right."
        )
    if same:
        raise InputError(
            f"{counted(len(same), 'file')} named twice: {listed(same)}. Keep one row each: "
            "an object that counts twice can be in training and in test."
        )


def _one_each(
    inputs: Inputs, given: Sequence[Path], rows: Sequence[int], *, several_bands: bool
) -> Inputs:
    """The inputs in the order of the rows, if each row is one object.

    Raises
    ------
    InputError
        A file holds several objects, or one band of an object.
    """
    of_file: dict[Path, list[int]] = {}
    for entry, files in enumerate(inputs.files):
        for file in files:
            of_file.setdefault(file, []).append(entry)
    row_of = dict(zip(given, rows, strict=True))
    many = [file for file, entries in of_file.items() if len(entries) > 1]
    if many:
        told = [f"{f} ({len(of_file[f])} objects, row {row_of[f]})" for f in many]
        raise InputError(
            f"{counted(len(many), 'row')} of the table name files of many objects: "
            f"{listed(told)}. A row is one object: store the labels as an array in that file, "
            "and give the file itself instead of a table."
        )
    sets = {file for file in given if file not in of_file}
    for files, problem in zip(inputs.files, inputs.problems, strict=True):
        is_band = problem is not None and problem.flag == "missing-band"
        if len(files) > 1 or (is_band and several_bands):
            sets.update(files)
    if sets:
        told = [f"{file} (row {row_of[file]})" for file in given if file in sets]
        raise InputError(
            f"{counted(len(told), 'row')} of the table name single bands of an object, by the "
            f"names of the files: {listed(told)}. A row is one whole object: put its bands "
            "into one file (FITS extensions, or an array band, y, x), or sort the files into "
            "one folder a class."
        )
    return inputs.select([of_file[file][0] for file in given])
