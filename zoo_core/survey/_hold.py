"""One run at a time in an output folder."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCK_FILE = "_lock"

#: Who holds the lock, for a message. It is no lock: it may outlive its process.
HOLDER_FILE = "_lock.json"

#: Seconds: the workers of a killed run let go of its lock when they notice, a moment later.
_PATIENCE = 2.0


@contextmanager
def hold_output(folder: Path) -> Iterator[None]:
    """Keep a folder to this process until the block ends, or the process does.

    The operating system holds the lock, so that the one of a dead process is free. Between
    machines it holds on network file systems that pass locks on (NFS 4, and Lustre or GPFS
    where they are mounted with them).

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is not there, and then taken away again if it stays empty.

    Raises
    ------
    UsageError
        Another run holds it; the message says which.
    OutputError
        The folder cannot be made or written into.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK_FILE, timeout=_PATIENCE)
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise UsageError(
            f"{folder} is in use by another run: {_holder(folder)}. Wait until that has "
            "ended, or write into another folder."
        ) from error
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be written ({error.strerror or error})."
        ) from error
    try:
        _say_who(folder)
        yield
    finally:
        # While it is held: one who has just opened this file finds it gone and opens another.
        for name in (HOLDER_FILE, LOCK_FILE):
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        lock.release()
        # What was refused before it wrote anything leaves nothing behind.
        if not was_there:
            with suppress(OSError):
                folder.rmdir()


def _say_who(folder: Path) -> None:
    import platform
    from datetime import UTC, datetime

    since = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"process": os.getpid(), "machine": platform.node(), "since": since}
    # On a full disc the run itself fails, with a better message.
    with suppress(OSError):
        (folder / HOLDER_FILE).write_text(json.dumps(told), encoding="utf-8")


def _is_alive(told: Mapping[str, Any]) -> bool:
    """Whether the process is there, as far as this machine can know."""
    import platform

    if told["machine"] != platform.node() or os.name != "posix":
        return True
    try:
        os.kill(int(told["process"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        pass
    return True


def _holder(folder: Path) -> str:
    try:
        told = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        who = f"process {told['process']} on {told['machine']}, since {told['since']}"
        return who if _is_alive(told) else f"{who}, which has ended, but not all that it began"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has not said which"
