"""One npz or HDF5 file with an array of objects and an array of labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..data import READERS, Request, open_inputs, quiet
from ..data._arrays import ArrayReader, Header
from ..errors import InputError, UsageError
from ._columns import check_shape, pick_column
from ._found import Columns, Found
from ._text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec

#: Suffixes of the files that this module opens.
SUFFIXES = tuple(
    suffix for suffix, reader in READERS.items() if issubclass(reader, ArrayReader)
)

#: Name of the array of ids, as when predicting.
_ID = "id"


def list_arrays(
    file: Path,
    specs: tuple[InputSpec, ...],
    columns: Columns,
    *,
    fit: str,
    accept_bands: Iterable[str],
) -> Found:
    """List the objects of one file.

    Raises
    ------
    UsageError
        ``array`` for a model with several inputs.
    InputError
        The file is broken, an array is missing or holds Python objects, numbers of entries
        differ.
    """
    if not file.is_file():
        raise InputError(f"{file} is not a file.", flag="not-found")
    reader = READERS[file.suffix.lower()](Request(specs=specs))
    assert isinstance(reader, ArrayReader)  # noqa: S101 - as SUFFIXES says
    headers = _headers(reader, file)

    def column(name: str, option: str) -> np.ndarray:
        header = pick_column(headers, name, option=option, where=str(file))
        values = _read(reader, file, name, header)
        return check_shape(values, where=f"the array {name!r} of {file}")

    labels = column(columns.label, "--label")
    groups = None if columns.group is None else column(columns.group, "--group")
    splits = None if columns.split is None else column(columns.split, "--split")
    reader.close()
    given = {columns.label: labels, columns.group: groups, columns.split: splits}
    array = _array_of(file, headers, specs, columns, len(labels))
    wanted = specs if array is None else (replace(specs[0], name=array),)
    inputs = open_inputs(file, wanted, fit=fit, accept_bands=accept_bands)
    if array is not None:
        inputs = inputs.renamed({array: specs[0].name})
    problem = inputs.problems[0]
    if problem is not None:
        raise InputError(f"{file}: {problem.reason}", flag=problem.flag)
    for name, values in given.items():
        if values is not None and len(values) != len(inputs):
            _refuse_other_axes(file, headers, wanted, len(values))
            raise InputError(
                f"{file} holds {counted(len(inputs), 'object')}, but the array {name!r} has "
                f"{counted(len(values), 'entry', 'entries')}; it must have one an object."
            )
    return Found(
        labels=labels,
        groups=groups,
        splits=splits,
        open=inputs.select,
        where=f"the array {columns.label!r} of {file}",
    )


def _array_of(
    file: Path,
    headers: Mapping[str, Header],
    specs: tuple[InputSpec, ...],
    columns: Columns,
    count: int,
) -> str | None:
    """The array of the model's one input; None where the inputs are called by their names."""
    if columns.array is not None:
        if len(specs) > 1:
            names = ", ".join(repr(spec.name) for spec in specs)
            raise UsageError(
                f"--array names the array of a model with one input; this one has {names}: "
                "call the arrays in the file like that."
            )
        pick_column(headers, columns.array, option="--array", where=str(file))
        return columns.array
    taken = {columns.label, columns.group, columns.split, _ID}
    if len(specs) > 1 or (specs[0].name in headers and specs[0].name not in taken):
        return None
    axes = len(specs[0].size)
    lengths = (axes + 1, axes + 2) if len(specs[0].bands) == 1 else (axes + 2,)
    fitting = [
        name
        for name, header in headers.items()
        if name not in taken and len(header.shape) in lengths
    ]
    if len(fitting) > 1:
        fitting = [name for name in fitting if headers[name].shape[0] == count]
    if len(fitting) != 1:
        there = ", ".join(f"{name!r} {header.shape}" for name, header in headers.items())
        raise InputError(
            f"{file} has no array {specs[0].name!r}, the name of the model's input, and "
            f"{len(fitting)} others that could be it ({specs[0].describe()}); it has {there}. "
            "--array NAME says which one holds the objects.",
            flag="missing-input",
        )
    return fitting[0]


def _refuse_other_axes(
    file: Path, headers: Mapping[str, Header], specs: tuple[InputSpec, ...], count: int
) -> None:
    """Raise InputError if an array seems to hold so many objects, in axes of another kind."""
    for spec in specs:
        shape = headers[spec.name].shape if spec.name in headers else ()
        if shape and shape[0] == count and len(shape) <= len(spec.size) + 1:
            axes = ", ".join(("band", "y", "x")[: len(spec.size) + 1])
            axes = axes if spec.kind == "image" else "band" + ", time" * len(spec.size)
            raise InputError(
                f"the array {spec.name!r} of {file} has the shape {shape} for {count} labels; "
                f"the model takes {spec.describe()}, and many objects have the axes "
                f"(object, {axes}). Data of one band are named so: zoo finetune --bands A "
                "--stem sum.",
                flag="wrong-bands",
            )


def read_headers(file: Path) -> dict[str, Header]:
    """Shape and type of each array of a file.

    Raises
    ------
    InputError
        The file is broken.
    """
    reader = READERS[file.suffix.lower()](Request(specs=()))
    assert isinstance(reader, ArrayReader)  # noqa: S101 - as SUFFIXES says
    return _headers(reader, file)


def _headers(reader: ArrayReader, file: Path) -> dict[str, Header]:
    try:
        with quiet():
            return reader.headers(file)
    except Exception as error:  # broken files fail in many ways
        raise InputError(
            f"{file} cannot be read: {_one_line(error)}. If it is cut off, copy or save it "
            "again."
        ) from error


def _read(reader: ArrayReader, file: Path, name: str, header: Header) -> np.ndarray:
    """One array as numbers or texts."""
    # Text in HDF5 is of type object too, with its kind in the metadata.
    if header.dtype.kind == "O" and not header.dtype.metadata:
        raise InputError(
            f"the array {name!r} of {file} holds Python objects; such files can run code when "
            f"read and are refused. Save it as texts or numbers: {name}.astype(str)."
        )
    try:
        with quiet():
            return reader.get(file, name, None)
    except Exception as error:
        raise InputError(
            f"the array {name!r} of {file} cannot be read: {_one_line(error)}."
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
