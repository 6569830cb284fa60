"""Whether files are the ones that they were."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Bytes of which each one counts; of more, blocks do: a catalogue of a billion rows must not
#: be read once more at each start.
_WHOLE = 2**30

_BLOCK = 2**16
_BLOCKS = 1024
_FEWEST = 4


def fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 of the contents of files in order; their names and places do not matter.

    Of more than 1 GiB in all it is that of each file's size and of blocks of 64 KiB spread
    evenly over it, the first and the last among them: a change in place elsewhere that keeps
    the size is not seen then.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    sizes = [path.stat().st_size for path in files]
    blocks = max(_FEWEST, _BLOCKS // max(len(files), 1))
    is_whole = sum(sizes) <= _WHOLE
    digest = hashlib.sha256()
    for path, size in zip(files, sizes, strict=True):
        with path.open("rb") as stream:
            if is_whole or size <= blocks * _BLOCK:
                inner = hashlib.file_digest(stream, "sha256")
            else:
                inner = hashlib.sha256()
                for index in range(blocks):
                    stream.seek((size - _BLOCK) * index // (blocks - 1))
                    inner.update(stream.read(_BLOCK))
        digest.update(f"{size} {inner.hexdigest()}\n".encode())
    return digest.hexdigest()
