"""A folder with one subfolder a class."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..data import READERS, open_inputs
from ..data._listing import suffix_of
from ..errors import InputError
from ._columns import PARTS
from ._found import Found
from ._text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cards import InputSpec
    from ..data import Inputs


def list_folders(
    folder: Path, specs: tuple[InputSpec, ...], *, fit: str, accept_bands: Iterable[str]
) -> Found:
    """List what lies in the subfolders of a folder, each a class.

    Where the subfolders are called ``train``, ``validation``, ``test``, they are parts, and
    the classes are a level below.

    Raises
    ------
    InputError
        There are no subfolders, one of them holds nothing to read, a file is in two.
    """
    import numpy as np

    tops, loose = _inside(folder)
    if not tops:
        tables = [path.name for path in loose if path.suffix.lower() in _table_suffixes()]
        hint = f" Or give the table itself: {listed(tables)}." if tables else ""
        raise InputError(
            f"the folder {folder} has no subfolder; it needs one for each class.{hint}"
        )
    parts = [PARTS.get(top.name.lower()) for top in tops]
    are_parts = "train" in parts and None not in parts
    classes = tops
    if are_parts:
        classes = [below for top in tops for below in _inside(top)[0]]
        loose += [file for top in tops for file in _inside(top)[1]]
        if not classes:
            raise InputError(
                f"{folder} holds {listed([top.name for top in tops])}, which are parts and "
                "not classes; each of them needs one subfolder a class."
            )
    inputs = _opened(classes, specs, fit, accept_bands)
    owners = [_owner(files[0], classes) for files in inputs.files]
    _refuse_twice(inputs)
    notes = list(_unread(classes))
    if loose:
        notes.append(f"{counted(len(loose), 'file')} beside the class folders not used")
    splits = None
    if are_parts:
        notes.append("the folders " + ", ".join(top.name for top in tops) + " are the parts")
        splits = np.array([owner.parent.name for owner in owners])
    return Found(
        labels=np.array([owner.name for owner in owners]),
        groups=None,
        splits=splits,
        open=inputs.select,
        where=f"the folder {folder}",
        notes=tuple(notes),
    )


def _opened(
    classes: list[Path],
    specs: tuple[InputSpec, ...],
    fit: str,
    accept_bands: Iterable[str],
) -> Inputs:
    try:
        return open_inputs(classes, specs, fit=fit, accept_bands=accept_bands)
    except InputError as error:
        raise InputError(
            f"{error} Each subfolder counts as a class: {listed([c.name for c in classes])}. "
            "Take away the one that is none.",
            flag=error.flag,
        ) from error


def _unread(classes: list[Path]) -> Iterator[str]:
    """Tell of files below the classes that have no reader, by suffix."""
    kinds: Counter[str] = Counter()
    for top in classes:
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if not name.startswith(".")]
            paths = [Path(folder, name) for name in files if not name.startswith(".")]
            others = [path for path in paths if suffix_of(path, READERS) is None]
            kinds.update(path.suffix.lower() or "no suffix" for path in others)
    if kinds:
        told = [f"{suffix} ({count})" for suffix, count in kinds.most_common()]
        yield f"{counted(kinds.total(), 'file')} of no readable kind not used: {listed(told)}"


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Subfolders and files of a folder, without those that begin with a dot."""
    try:
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be listed: {error.strerror}.") from error
    folders = [path for path in visible if path.is_dir()]
    return folders, [path for path in visible if not path.is_dir()]


def _owner(file: Path, classes: list[Path]) -> Path:
    """The class folder that a file lies in."""
    known = set(classes)
    return next(parent for parent in file.parents if parent in known)


def _refuse_twice(inputs: Inputs) -> None:
    """Raise InputError if a file is there under two paths, by a link."""
    first: dict[str, Path] = {}
    told = []
    for file in dict.fromkeys(file for files in inputs.files for file in files):
        before = first.setdefault(os.path.realpath(file), file)
        if before != file:
            told.append(f"{before} and {file}")
    if told:
        raise InputError(
            f"{counted(len(told), 'file')} under two paths, by links: {listed(told)}. Keep "
            "one of the two."
        )


def _table_suffixes() -> tuple[str, ...]:
    from ..tables import READABLE

    return tuple(suffix for suffix in READABLE if suffix != ".fits")
