"""One training at a time in a folder."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = "run.lock"


@contextmanager
def hold_run(folder: Path) -> Iterator[None]:
    """Keep a run's folder to this process until the block ends, or the process does.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run; made if it is not there, and then taken away again if it stays empty.

    Raises
    ------
    UsageError
        Another training holds it.
    OutputError
        The folder cannot be written.
    """
    from filelock import FileLock, Timeout

    file = folder / LOCK_FILE
    lock = FileLock(file, timeout=0)
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise UsageError(
            f"{folder} is in use by another training. Wait until that has ended, or choose "
            "another folder."
        ) from error
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}).") from error
    try:
        yield
    finally:
        # While it is held: one who has just opened this file finds it gone and opens another.
        with suppress(OSError):
            file.unlink(missing_ok=True)
        lock.release()
        # What failed before it wrote anything leaves nothing behind.
        if not was_there:
            with suppress(OSError):
                folder.rmdir()
