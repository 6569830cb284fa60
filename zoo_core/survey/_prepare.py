"""Making an output folder that of one run: a new one, the same one, or nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import OutputError, UsageError
from ._durable import is_temporary, move, remove, write_whole
from ._hold import HOLDER_FILE, LOCK_FILE
from ._manifest import (
    MANIFEST_FILE,
    PARTS_FILE,
    Manifest,
    differences,
    is_part,
    read_manifest,
    read_records,
)

if TYPE_CHECKING:
    from pathlib import Path

#: The manifest of a run whose folder is being emptied for another one.
_CLEARED_FILE = "_cleared.json"

#: Differences, or files, that a message names.
_SHOWN = 5


def prepare(place: Path, manifest: Manifest, *, resumes: bool, overwrite: bool) -> None:
    """Leave a folder that belongs to this run, or raise.

    Parameters
    ----------
    place : pathlib.Path
        The folder, held by this process.
    manifest : Manifest
        Of the run.
    resumes, overwrite : bool
        Whether parts that are there are gone on with, or removed.

    Raises
    ------
    UsageError
        The folder holds another run's output.
    OutputError
        It holds an unfinished run that is not to be gone on with, or other files.
    InputError
        What it says about itself is damaged.
    """
    for path in [path for path in place.iterdir() if is_temporary(path.name)]:
        remove(path)
    if (place / _CLEARED_FILE).exists():
        _clear(place)
    there = read_manifest(place)
    if there is not None and overwrite:
        move(place / MANIFEST_FILE, place / _CLEARED_FILE)
        _clear(place)
        there = None
    if there is None:
        _check_empty(place)
        write_whole(place / MANIFEST_FILE, manifest.to_json())
        return
    changed = differences(there, manifest)
    if changed:
        more = f"\n  and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        told = "".join(f"\n  {line}" for line in changed[:_SHOWN])
        raise UsageError(
            f"{place} holds the output of another run:{told}{more}\nWrite into another "
            "folder, or give --overwrite to remove that output."
        )
    done = sum(1 for _ in read_records(place, there))
    if done < there.parts and not resumes:
        raise OutputError(
            f"{place} holds {done} of {there.parts} parts of this run. --resume goes on with "
            "them, --overwrite begins anew."
        )


def _clear(place: Path) -> None:
    """Remove a run; its own manifest last, so that a kill leaves one that says what this is."""
    for path in [path for path in place.iterdir() if is_part(path.name)]:
        remove(path)
    remove(place / PARTS_FILE)
    remove(place / _CLEARED_FILE)


def _check_empty(place: Path) -> None:
    """A stranger's file could be taken for a part, by us or by who reads the folder."""
    ours = (LOCK_FILE, HOLDER_FILE)
    others = [
        path.name
        for path in place.iterdir()
        if path.name not in ours and not path.name.startswith(".")
    ]
    if others:
        named = ", ".join(sorted(others)[:_SHOWN])
        raise OutputError(
            f"{place} holds files that are no run's output ({named}): name a new or an empty "
            "folder."
        )
