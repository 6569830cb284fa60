"""Changes of files that are whole on the disc before the next one begins.

Everything that a survey's output folder goes through on its way is one of these, in an order
that lets a run be killed between any two system calls.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")

#: What file systems answer that cannot, or need not, write a folder's entries to the disc.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)

_BINARY = getattr(os, "O_BINARY", 0)


def is_temporary(name: str) -> bool:
    """Whether ``write_whole`` gave a file this name, and was killed before it was done.

    >>> is_temporary(".part-000002.parquet.00c0ffee.tmp"), is_temporary(".hidden")
    (True, False)
    """
    return _TEMPORARY.fullmatch(name) is not None


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Put a file in place: whoever looks, now or after a power cut, sees the old or the new.

    Raises
    ------
    OSError
        The disc is full, or cannot be written; nothing has changed then.
    """
    # Hidden and without the suffix of a table: no reader of the folder takes it for one.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY
        descriptor = os.open(temporary, flags, 0o666)
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def append_whole(path: Path, data: bytes, *, at: int) -> None:
    """Add to the end of a file and see it on the disc.

    Parameters
    ----------
    path : pathlib.Path
        Made if it is not there.
    data : bytes
        What to add.
    at : int
        How long the file is. One of another length has had another writer, where no lock
        told of it.

    Raises
    ------
    OutputError
        The file has another length; it is left as it is.
    OSError
        The disc is full, or cannot be written; the file is cut to its old length.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | _BINARY, 0o666)
    try:
        found = os.fstat(descriptor).st_size
        if found != at:
            raise OutputError(
                f"{path} has {found} bytes where this process had left {at}: another one "
                "writes into the same folder, maybe from another machine. Stop one of them, "
                "and go on with --resume."
            )
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, at)
            raise
    finally:
        os.close(descriptor)


def cut(path: Path, length: int) -> None:
    """Shorten a file."""
    descriptor = os.open(path, os.O_WRONLY | _BINARY)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(path: Path, target: Path) -> None:
    """Rename within a folder."""
    path.replace(target)
    sync_folder(target.parent)


def remove(path: Path) -> None:
    """Remove a file that may be gone already."""
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """See the names of a folder's files on the disc."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NO_FOLDER_SYNC:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while len(left):
        left = left[os.write(descriptor, left) :]
