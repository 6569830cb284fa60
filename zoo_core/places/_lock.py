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
    from collections.abc import Mapping

#: Facts of one reference by name, such as ``commit`` and ``config.json`` (its SHA-256).
Facts = dict[str, str]


def user_lock_file() -> LockFile:
    """The user's own: ``$ZOO_LOCK``, or ``places.lock.json`` beside the user's registry."""
    chosen = os.environ.get("ZOO_LOCK")
    if chosen:
        return LockFile(Path(chosen).expanduser())
    return LockFile(user_data_folder() / "astrozoo" / "places.lock.json")


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
        recorded = self.get(reference)
        if recorded == dict(facts):
            return
        if recorded is not None and not accept:
            pairs = {
                name: (recorded.get(name, "nothing"), facts.get(name, "nothing"))
                for name in sorted({*recorded, *facts})
            }
            told = [
                f"  {name}: {then} then, {now} now"
                for name, (then, now) in pairs.items()
                if then != now
            ]
            raise PlaceError(
                f"{reference} is not what it was when it was first loaded:\n"
                + "\n".join(told)
                + f"\nIf that is meant, 'zoo pull {model or reference} --accept' takes the "
                "new one; a commit in place of the branch never changes."
            )
        self._change(reference, dict(facts))

    def forget(self, reference: str) -> None:
        """Remove an entry, if there is one."""
        self._change(reference, None)

    def _change(self, reference: str, facts: Facts | None) -> None:
        from filelock import FileLock

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.guard"):
                entries = self._read()
                entries.pop(reference, None)
                if facts is not None:
                    entries[reference] = facts
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
