"""Reading a file only if it is the one that the card describes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..errors import WeightsCorrupt

if TYPE_CHECKING:
    from pathlib import Path

    from ..cards import FileRef


def file_ref(path: Path) -> FileRef:
    """Name, SHA-256 and size of a file, for a card."""
    from ..cards import FileRef

    data = path.read_bytes()
    return FileRef(file=path.name, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def read_verified(folder: Path, ref: FileRef) -> bytes:
    """Read a file of a model folder and check it against its card.

    The bytes that were hashed are the bytes that are returned: a file that changes
    between check and use cannot slip through.

    Raises
    ------
    WeightsCorrupt
        The file is missing, or size or hash differ; both values are shown.
    """
    path = folder / ref.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsCorrupt(
            f"{path} cannot be read ({error.strerror}). The card in the same folder names it; "
            "fetch the model folder again."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if len(data) != ref.size or found != ref.sha256:
        raise WeightsCorrupt(
            f"{path} is not the file that its card describes and was not used.\n"
            f"  expected: {ref.size} bytes, sha256 {ref.sha256}\n"
            f"  found:    {len(data)} bytes, sha256 {found}\n"
            "It is damaged or was changed; fetch the model folder again."
        )
    return data
