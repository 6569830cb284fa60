"""Opening labelled data: all that can be wrong with it is told before any work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._classes import UNDIVIDED, check_classes, choose_classes
from ._columns import read_groups, read_splits
from ._found import Columns, Found

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ..cards import InputSpec
    from ..data import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Objects with labels, listed but not yet read.

    Attributes
    ----------
    inputs : Inputs
        One entry an object.
    labels : tuple of str
        The class of each.
    classes : tuple of str
        The classes that there are, in alphabetical order; whole numbers by number.
    groups : tuple of str or None
        What each belongs to, such as a field or another observation of the same source;
        None if the data have no groups.
    splits : tuple of str or None
        ``train``, ``validation`` or ``test`` for each, or ``UNDIVIDED`` where only validation
        is known; None if the data do not say.
    source : str
        Where they came from, for people.
    notes : tuple of str
        Facts about the listing that the user should know.
    """

    inputs: Inputs
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    groups: tuple[str, ...] | None
    splits: tuple[str, ...] | None
    source: str
    notes: tuple[str, ...]


def open_labelled(
    data: str | os.PathLike[str],
    specs: tuple[InputSpec, ...],
    *,
    label: str = "label",
    path: str = "path",
    group: str | None = None,
    split: str | None = None,
    array: str | None = None,
    classes: Iterable[str] = (),
    fit: str = "exact",
    accept_bands: Iterable[str] = (),
    validation: str | os.PathLike[str] | None = None,
) -> Labelled:
    """List labelled objects and judge their labels, without reading them.

    Parameters
    ----------
    data : path
        A table (csv, ecsv, fits, parquet, VOTable) with a column of paths, relative to its
        folder, and one of labels; or a folder with a subfolder for each class; or an npz or
        HDF5 file with an array of objects and one of labels.
    specs : tuple of InputSpec
        What the model takes.
    label, path, group, split : str
        Columns of the table, or arrays of the file.
    array : str, optional
        The array of objects in an npz or HDF5 file, where it is not called like the input
        and not the only one that fits.
    classes : iterable of str
        ``LABEL=CLASS`` texts: only rows with these labels are used, as those classes. None:
        each label is a class.
    fit, accept_bands
        As for ``open_inputs``.
    validation : path, optional
        Other data of the same form, which are the validation part as a whole.

    Raises
    ------
    UsageError
        Options that do not suit the data.
    InputError
        Data that cannot be learned from; the message says which rows, and what to do.
    """
    file = Path(data)
    columns = Columns(label=label, path=path, group=group, split=split, array=array)
    chosen = (classes,) if isinstance(classes, str) else tuple(classes)
    opened, where = _open(file, specs, columns, chosen, fit, accept_bands)
    if validation is not None:
        own = replace(columns, split=None)
        other, place = _open(
            Path(validation), specs, own, chosen, fit, accept_bands, may_lack=True
        )
        opened, where = _with_validation(opened, other), f"{where} and {place}"
    notes = (*opened.notes, *_notes_of_parts(opened.splits))
    return replace(
        opened,
        classes=check_classes(opened.labels, opened.splits, where=where),
        notes=tuple(dict.fromkeys(notes)),
    )


def _open(
    file: Path,
    specs: tuple[InputSpec, ...],
    columns: Columns,
    chosen: tuple[str, ...],
    fit: str,
    accept_bands: Iterable[str],
    *,
    may_lack: bool = False,
) -> tuple[Labelled, str]:
    """One source, its classes not yet judged, and where its labels stand."""
    found = _list(file, specs, columns, fit, accept_bands)
    rows, labels, notes = choose_classes(
        found.labels, chosen, where=found.where, may_lack=may_lack
    )
    groups = read_groups(found.groups, rows, where=f"{columns.group!r} of {file}")
    splits = read_splits(
        found.splits, rows, where=f"{columns.split or 'the parts'!r} of {file}"
    )
    opened = found.open(rows)
    listed = Labelled(
        inputs=opened.select(range(len(rows)), ids_may_repeat=True),
        labels=labels,
        classes=(),
        groups=groups,
        splits=splits,
        source=str(file),
        notes=(*found.notes, *opened.notes_of_listing, *notes),
    )
    return listed, found.where


def _with_validation(data: Labelled, validation: Labelled) -> Labelled:
    """Both, the second one as the validation part.

    Raises
    ------
    UsageError
        Both say what is for validation.
    """
    if validation.splits is not None:
        raise UsageError(
            f"--validation {validation.source} has folders for parts of its own. Give the one "
            "that holds a subfolder for each class."
        )
    if data.splits is not None and "validation" in data.splits:
        raise UsageError(
            f"{data.source} says itself which objects are for validation: leave out "
            f"--validation {validation.source}."
        )
    groups = None
    if data.groups is not None and validation.groups is not None:
        groups = (*data.groups, *validation.groups)
    own = data.splits or (UNDIVIDED,) * len(data.labels)
    return replace(
        data,
        inputs=data.inputs.joined(validation.inputs),
        labels=(*data.labels, *validation.labels),
        groups=groups,
        splits=(*own, *("validation",) * len(validation.labels)),
        source=f"{data.source} and {validation.source}",
        notes=(*data.notes, *validation.notes),
    )


def _list(
    file: Path,
    specs: tuple[InputSpec, ...],
    columns: Columns,
    fit: str,
    accept_bands: Iterable[str],
) -> Found:
    """List the objects by the module for this kind of data."""
    from ..tables import READABLE
    from ._arrays import SUFFIXES, list_arrays
    from ._folders import list_folders
    from ._table import list_table

    if not file.exists():
        raise InputError(
            f"{file} does not exist (looked for from {Path.cwd()}).", flag="not-found"
        )
    if file.is_dir():
        _refuse_options(columns, ("label", "path", "group", "split", "array"), "a folder")
        return list_folders(file, specs, fit=fit, accept_bands=accept_bands)
    suffix = file.suffix.lower()
    if suffix in SUFFIXES:
        _refuse_options(columns, ("path",), f"a {suffix} file")
        return list_arrays(file, specs, columns, fit=fit, accept_bands=accept_bands)
    if suffix in READABLE:
        _refuse_options(columns, ("array",), "a table")
        return list_table(file, specs, columns, fit=fit, accept_bands=accept_bands)
    raise InputError(
        f"{file} is neither a folder, nor a table ({', '.join(READABLE)}), nor a file of "
        f"arrays ({', '.join(SUFFIXES)})."
    )


def _refuse_options(columns: Columns, names: tuple[str, ...], what: str) -> None:
    """Raise UsageError if an option is given that this kind of data has no use for."""
    defaults = Columns(label="label", path="path", group=None, split=None, array=None)
    given = [name for name in names if getattr(columns, name) != getattr(defaults, name)]
    if given:
        raise UsageError(
            f"{', '.join('--' + name for name in given)}: {what} has nothing of that name to "
            "choose. Columns are those of a table with paths and labels, arrays those of an "
            "npz or HDF5 file."
        )


def _notes_of_parts(splits: tuple[str, ...] | None) -> tuple[str, ...]:
    if splits is None or "validation" in splits:
        return ()
    return ("no row is in validation: some of train will be set aside for it",)
