"""The repositories of a folder: what may be served, and under which commit."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..cards import CARD_FILE
from ._downloaded import Downloaded, read_downloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Organisation of model folders that lie directly in the served folder.
ORGANISATION = "astrozoo"

#: Seconds that a file must have been left alone before it is hashed.
_SETTLED = 0.05

#: The Hub keeps larger files by their SHA-256.
_LARGEST_OF_GIT = 2**26

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class FileState(NamedTuple):
    """What tells one state of a file's bytes from another without reading them."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def state_of(handle: BinaryIO) -> FileState:
    """The state of an open file."""
    status = os.fstat(handle.fileno())
    return FileState(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def is_unchanged(handle: BinaryIO, state: FileState) -> bool:
    """Whether an open file still holds the bytes that it held in a state."""
    now = state_of(handle)
    if os.fstat(handle.fileno()).st_nlink == 0:
        # Another file has its name now. That was a change of this one too, but not of its
        # bytes.
        now = now._replace(changed_ns=state.changed_ns)
    return now == state


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a repository: its name there, SHA-256 (hex), and the state it was in."""

    name: str
    sha256: str
    state: FileState

    @property
    def size(self) -> int:
        """Bytes."""
        return self.state.size


class Repositories:
    """Model repositories in a folder: ``DIR/org/name``, and ``DIR/name`` with a card.

    A model folder directly in the served one has the organisation ``astrozoo``. Hidden
    files, links that lead out of the served folder, and anything but files are not there.

    Parameters
    ----------
    root : pathlib.Path
        The served folder.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()
        self._hashes: dict[FileState, str] = {}
        self._git_hashes: dict[FileState, str] = {}
        self._lock = threading.Lock()

    def names(self) -> Iterator[str]:
        """``org/name`` of each repository, sorted."""
        yield from sorted(self._folders())

    def folder(self, name: str) -> Path | None:
        """The folder of a repository; None if there is no such one."""
        parts = name.split("/")
        if len(parts) != 2 or not all(_PART.fullmatch(part) for part in parts):
            return None
        organisation, short = parts
        direct = self.root / short
        if (self.root / organisation / CARD_FILE).is_file():
            organisation = ""  # a model folder is no organisation
        nested = self.root / organisation / short if organisation else None
        if nested is not None and self._is_inside(nested) and nested.is_dir():
            return nested
        is_direct = parts[0] == ORGANISATION and (direct / CARD_FILE).is_file()
        return direct if is_direct and self._is_inside(direct) else None

    def entries(self, folder: Path) -> list[Entry]:
        """All files of a repository, by name."""
        found = []
        for root, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for file in sorted(files):
                name = Path(root, file).relative_to(folder).as_posix()
                opened = self.open(folder, name)
                if opened is not None:
                    handle, entry = opened
                    handle.close()
                    found.append(entry)
        return sorted(found, key=lambda entry: entry.name)

    def commit(self, folder: Path) -> str:
        """Forty hexadecimal digits that change when a file does.

        They are the Hub's own where all files are those of one of its commits, as ``hf download
        --local-dir`` leaves them, and else follow from names and contents alone.
        """
        entries = self.entries(folder)
        downloaded = self._commit_of_the_hub(folder, entries)
        if downloaded is not None:
            return downloaded
        digest = hashlib.sha256()
        for entry in entries:
            digest.update(f"{entry.name}\0{entry.size}\0{entry.sha256}\n".encode())
        return digest.hexdigest()[:40]

    def _commit_of_the_hub(self, folder: Path, entries: list[Entry]) -> str | None:
        """The one commit that every file was downloaded from and has not left since."""
        commits = set()
        for entry in entries:
            told = read_downloaded(folder, entry.name)
            if told is None or not self._is_as_downloaded(folder, entry, told):
                return None
            commits.add(told.commit)
        return commits.pop() if len(commits) == 1 else None

    def _is_as_downloaded(self, folder: Path, entry: Entry, told: Downloaded) -> bool:
        """Whether a file has the hash that the Hub named it by: SHA-256, or git's."""
        if told.name == entry.sha256:
            return True
        if len(told.name) != 40 or entry.size > _LARGEST_OF_GIT:
            return False
        with self._lock:
            known = self._git_hashes.get(entry.state)
        if known is None:
            opened = self.open(folder, entry.name)
            if opened is None:
                return False
            handle, now = opened
            with handle:
                data = handle.read(_LARGEST_OF_GIT + 1)
                if now.state != entry.state or not is_unchanged(handle, entry.state):
                    return False
            content = b"blob %d\0" % len(data) + data
            known = hashlib.sha1(content, usedforsecurity=False).hexdigest()
            with self._lock:
                self._git_hashes[entry.state] = known
        return known == told.name

    def open(self, folder: Path, name: str) -> tuple[BinaryIO, Entry] | None:
        """A file of a repository, opened, and what it is; None if it may not be served.

        What is described is what was opened, even if the name leads elsewhere by now.
        """
        parts = name.split("/")
        legal = all(part and not part.startswith(".") for part in parts)
        if not legal or "\\" in name or "\0" in name:
            return None
        path = folder.joinpath(*parts)
        if not self._is_inside(path):
            return None
        try:
            # Not to be held up by a pipe that nobody writes to.
            handle = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            handle.close()
            return None
        return handle, self._described(name, handle)

    def _described(self, name: str, handle: BinaryIO) -> Entry:
        """Hash an open file, or remember its hash."""
        while True:
            state = state_of(handle)
            with self._lock:
                known = self._hashes.get(state)
            if known is not None:
                return Entry(name, known, state)
            _wait_until_settled(state)
            handle.seek(0)
            digest = hashlib.file_digest(handle, "sha256")  # type: ignore[arg-type]
            handle.seek(0)
            if state_of(handle) == state:
                with self._lock:
                    self._hashes[state] = digest.hexdigest()

    def _folders(self) -> Iterator[str]:
        for outer in _folders_in(self.root):
            if not self._is_inside(outer):
                continue
            if (outer / CARD_FILE).is_file():
                yield f"{ORGANISATION}/{outer.name}"
                continue
            for inner in _folders_in(outer):
                if self._is_inside(inner):
                    yield f"{outer.name}/{inner.name}"

    def _is_inside(self, path: Path) -> bool:
        """Whether a path leads into the served folder, and to nothing hidden there."""
        real = path.resolve()
        if not real.is_relative_to(self.root):
            return False
        return not any(part.startswith(".") for part in real.relative_to(self.root).parts)


def _wait_until_settled(state: FileState) -> None:
    """Wait until a file has been left alone for a moment.

    Changes are stamped with a clock that ticks every few milliseconds: a second change
    within one tick leaves no trace.
    """
    young = time.time() - max(state.modified_ns, state.changed_ns) / 1e9
    if 0 <= young < _SETTLED:
        time.sleep(_SETTLED - young)


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir() and _PART.fullmatch(entry.name):
            yield Path(entry.path)
