"""From what the user typed to a list of files, before any of them is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._text import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def list_files(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    suffixes: Collection[str],
) -> tuple[list[Path], tuple[str, ...]]:
    """Expand files, folders and patterns into files.

    Folders are walked with their subfolders, in natural order (``9`` before ``10``); what
    begins with a dot or has another suffix is passed over there. A file that is named
    itself is kept whatever its suffix.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders, or patterns with ``*``, ``?``, ``[...]`` that the shell has left.
    suffixes : collection of str
        Suffixes of readable files, lower case, such as ``.fits.gz``.

    Returns
    -------
    tuple
        The files, each once, and notes for people.

    Raises
    ------
    UsageError
        No path.
    InputError
        A path that does not exist or is neither file nor folder, a pattern or folder
        without any readable file, a folder that cannot be listed.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: dict[Path, Path] = {}
    repeated = given = 0
    for path in paths:
        given += 1
        for file in _expand(os.fspath(path), suffixes):
            repeated += file.absolute() in found
            found.setdefault(file.absolute(), file)
    if not given:
        raise UsageError("no input was given: name files or folders to read.")
    notes = (f"{counted(repeated, 'file')} named more than once, read once",)
    return list(found.values()), notes if repeated else ()


def suffix_of(path: Path, suffixes: Collection[str]) -> str | None:
    """The longest known suffix that a file's name ends in, or None.

    >>> suffix_of(Path("a/B.FITS.gz"), [".fits", ".fits.gz", ".gz"])
    '.fits.gz'
    """
    name = path.name.lower()
    known = [suffix for suffix in suffixes if name.endswith(suffix) and name != suffix]
    return max(known, key=len, default=None)


def stem_of(path: Path, suffixes: Collection[str]) -> str:
    """A file's name without its known suffix.

    >>> stem_of(Path("a/B.1.FITS.gz"), [".fits", ".fits.gz"])
    'B.1'
    """
    suffix = suffix_of(path, suffixes)
    return path.name.removesuffix(path.name[-len(suffix) :]) if suffix else path.stem


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Key by which ``a9`` sorts before ``a10``, on any mixture of digits and text."""
    import re

    parts = re.split(r"(\d+)", text)
    # Odd parts are digits; text and numbers never meet at one position of the key.
    return tuple((i % 2, int(p) if i % 2 else 0, p.lower()) for i, p in enumerate(parts))


def _expand(text: str, suffixes: Collection[str]) -> Iterator[Path]:
    path = Path(text)
    try:
        is_there = path.exists()
    except OSError as error:
        raise InputError(f"{text} cannot be looked at: {error.strerror}.") from error
    if not is_there and not path.is_symlink():
        yield from _matching(text, suffixes)
    elif path.is_dir():
        yield from _inside(path, suffixes)
    elif path.is_file() or not is_there:
        yield path
    else:
        raise InputError(f"{text} is neither a file nor a folder.")


def _matching(pattern: str, suffixes: Collection[str]) -> Iterator[Path]:
    import glob

    if not glob.has_magic(pattern):
        raise InputError(
            f"{pattern} does not exist (looked for from {Path.cwd()}).", flag="not-found"
        )
    # Not Path.glob, which takes no absolute pattern.
    matches = sorted(glob.glob(pattern, recursive=True), key=natural_key)  # noqa: PTH207
    files: list[Path] = []
    for match in map(Path, matches):
        if match.is_dir():
            files += _walk(match, suffixes, set())
        elif suffix_of(match, suffixes):
            files.append(match)
    if not files:
        what = "matches nothing that can be read" if matches else "matches no file"
        raise InputError(f"{pattern} {what}. {_looked_for(suffixes)}", flag="not-found")
    yield from files


def _inside(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    files = list(_walk(folder, suffixes, set()))
    if not files:
        raise InputError(
            f"the folder {folder} and its subfolders hold no file that can be read. "
            f"{_looked_for(suffixes)}",
            flag="not-found",
        )
    yield from files


def _walk(
    folder: Path, suffixes: Collection[str], seen: set[tuple[int, int]]
) -> Iterator[Path]:
    """Files first, then subfolders; a folder is entered once even if links make a circle."""
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be listed: {error.strerror}.") from error
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    visible = [entry for entry in listed if not entry.name.startswith(".")]
    folders = [entry for entry in visible if entry.is_dir()]
    for entry in visible:
        path = folder / entry.name
        # A link to nowhere is kept, so that it becomes a row that says so.
        if suffix_of(path, suffixes) and (entry.is_file() or not path.exists()):
            yield path
    for entry in folders:
        yield from _walk(folder / entry.name, suffixes, seen)


def _looked_for(suffixes: Collection[str]) -> str:
    return f"Looked for {', '.join(sorted(suffixes))}."
