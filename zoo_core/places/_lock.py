"""The user's record of what unpinned references led to.

A branch such as ``main`` may hold other files tomorrow. What it led to at the first load is
written down and used from then on; anything else is an error until it is accepted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PlaceError
from ..registry import user_data_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Facts of one reference by name, such as ``commit`` and ``config.json`` (its SHA-256).
Facts = dict[str, str]


def user_lock_file() -> LockFile:
    """The user's own: ``$ZOO_LOCK``, or ``places.lock.json`` beside the user's registry."""
    chosen = os.environ.get("ZOO_LOCK")
    if chosen:
        return LockFile(Path(chosen).expanduser())
    return LockFile(user_data_folder() / "astrozoo" / "places.lock.json")


def file_key(file: str, reference: object) -> str:
    """What a file of a repository is called in the record, apart from a model folder."""
    return f"{file} of {reference}"


def repository_of(key: str) -> str:
    """``org/name`` of an entry, whether it is a model folder or a file.

    >>> repository_of("hf://org/name@main"), repository_of("a.safetensors of hf://org/b@v1")
    ('org/name', 'org/b')
    """
    return key.rpartition(" of ")[2].removeprefix("hf://").partition("@")[0]


class LockFile:
    """References and what they led to, in one JSON file.

    Several processes may use it at once: each change reads, writes and renames under a lock.

    Parameters
    ----------
    path : pathlib.Path
        Made when the first entry is.
    """

    def __init__(self, path: Path):
        self.path = path

    def get(self, reference: str) -> Facts | None:
        """What is recorded of a reference.

        Raises
        ------
        PlaceError
            The file is damaged.
        """
        return self._read().get(reference)

    def entries(self) -> dict[str, Facts]:
        """All that is recorded, by reference."""
        return self._read()

    def check(
        self, reference: str, facts: Mapping[str, str], *, accept: bool = False, model: str = ""
    ) -> None:
        """Record the facts of a reference, or compare them with what is recorded.

        Hashes are compared. The same files under another commit are the same, and the record
        then names the new commit.

        Parameters
        ----------
        reference : str
            As the user gave it, with its revision.
        facts : mapping of str to str
            What it leads to now.
        accept : bool
            Record these in place of others.
        model : str
            What the user calls the model; the reference, if not given.

        Raises
        ------
        PlaceError
            Other facts are recorded; both are shown, and how to accept the new ones.
        """
        fresh = dict(facts)
        if self.get(reference) == fresh:
            # Nothing is written, so the record may be one that cannot be.
            return

        def settle(entries: dict[str, Facts]) -> None:
            # Another process may have recorded something else since.
            recorded = entries.get(reference)
            if recorded is not None and not accept:
                _compare(reference, recorded, fresh, model=model)
            entries[reference] = fresh

        self._change(settle)

    def forget(self, *references: str) -> None:
        """Remove entries that are there."""

        def remove(entries: dict[str, Facts]) -> None:
            for reference in references:
                entries.pop(reference, None)

        self._change(remove)

    def _change(self, change: Callable[[dict[str, Facts]], None]) -> None:
        from filelock import FileLock

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.guard"):
                entries = self._read()
                change(entries)
                fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
                fresh.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
                fresh.replace(self.path)
        except OSError as error:
            raise PlaceError(
                f"the record of what references led to, {self.path}, cannot be written "
                f"({error.strerror}). Set ZOO_LOCK to a file that can be."
            ) from error

    def _read(self) -> dict[str, Facts]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise PlaceError(
                f"{self.path} cannot be read ({error.strerror}). Set ZOO_LOCK to another file."
            ) from error
        try:
            entries = json.loads(text)
            return {
                str(reference): {str(name): str(value) for name, value in facts.items()}
                for reference, facts in entries.items()
            }
        except (ValueError, AttributeError) as error:
            raise PlaceError(
                f"{self.path} is damaged ({error}). Remove it to record everything anew."
            ) from error


def _compare(reference: str, recorded: Facts, facts: Facts, *, model: str) -> None:
    """Raise ``PlaceError`` where anything but the commit differs."""
    pairs = {
        name: (recorded.get(name, "nothing"), facts.get(name, "nothing"))
        for name in sorted({*recorded, *facts})
    }
    differing = {name: (then, now) for name, (then, now) in pairs.items() if then != now}
    if set(differing) <= {"commit"}:
        return
    told = [f"  {name}: {then} then, {now} now" for name, (then, now) in differing.items()]
    raise PlaceError(
        f"{reference} is not what it was when it was first loaded:\n"
        + "\n".join(told)
        + f"\nIf that is meant, 'zoo pull {model or reference} --accept' takes the "
        "new one; a commit in place of the branch never changes."
    )
