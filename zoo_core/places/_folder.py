"""Publishing into a folder that a mirror serves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..cards import CARD_FILE, read_card
from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._publish import Outgoing


def publish_to_folder(target: Path, model: str, outgoing: Sequence[Outgoing]) -> None:
    """Make a folder hold a model folder and nothing else besides its own hidden files.

    All is written beside the folder, which is then replaced by two renames. Between them there
    is no folder of that name for a moment, but never one with old and new files. If that is
    where the process ends, the old folder is put back the next time.

    Parameters
    ----------
    target : Path
        The folder, or a link to it, which stays.
    model : str
        Name of the model; a folder that holds another one is left alone.
    outgoing : sequence of Outgoing
        All files.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds something else.
    """
    folder = target.resolve()
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    try:
        if old.exists() and not folder.exists():
            old.rename(folder)
        check_folder(folder, model)
        _remove(fresh)
        _remove(old)
        for one in outgoing:
            place = fresh / one.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(one.read())
        _copy_hidden(folder, fresh)
        _replace(folder, fresh, old)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder} cannot be written ({error.strerror or error}).") from error
    shutil.rmtree(old, ignore_errors=True)


def check_folder(folder: Path, model: str) -> None:
    """Raise where a folder holds anything but the model of that name.

    Raises
    ------
    OutputError
        It does.
    """
    if (folder / CARD_FILE).is_file():
        there = read_card(folder).name
        if there != model:
            raise OutputError(f"{folder} holds the model {there!r}; choose another folder.")
    elif folder.exists() and (not folder.is_dir() or list_files(folder)):
        raise OutputError(f"{folder} holds other things; choose another folder.")


def list_files(folder: Path) -> list[str]:
    """Names of all files of a folder that are not hidden, with slashes, sorted."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = [name for name in files if not name.startswith(".")]
        found += [Path(root, name).relative_to(folder).as_posix() for name in shown]
    return sorted(found)


def _copy_hidden(source: Path, target: Path) -> None:
    """Copy what is hidden, such as ``.git``, from one folder to the same place in another."""
    for root, folders, files in os.walk(source):
        here = target / Path(root).relative_to(source)
        for name in (name for name in (*folders, *files) if name.startswith(".")):
            hidden = Path(root, name)
            here.mkdir(parents=True, exist_ok=True)
            if hidden.is_dir() and not hidden.is_symlink():
                shutil.copytree(hidden, here / name, symlinks=True)
            else:
                shutil.copy2(hidden, here / name, follow_symlinks=False)
        folders[:] = [name for name in folders if not name.startswith(".")]


def _replace(folder: Path, fresh: Path, old: Path) -> None:
    """Put a fresh folder in place of another, which is moved aside."""
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _remove(folder: Path) -> None:
    """Remove what an earlier attempt left; nothing else has such a name."""
    if folder.exists():
        shutil.rmtree(folder)
