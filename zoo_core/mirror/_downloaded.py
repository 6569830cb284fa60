"""What ``hf download --local-dir`` writes down about the files that it places in a folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

#: Where the Hub's client keeps it, for each file by its name.
_NOTES = (".cache", "huggingface", "download")

#: Commit and hash are short; a longer file is something else.
_LONGEST = 1000

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Downloaded(NamedTuple):
    """The commit that a file is of, and the hash that the Hub names it by."""

    commit: str
    name: str


def read_downloaded(folder: Path, name: str) -> Downloaded | None:
    """What is written about a file of a repository's folder; None if nothing is."""
    path = folder.joinpath(*_NOTES, f"{name}.metadata")
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            lines = file.read(_LONGEST).decode("ascii").splitlines()
    except (OSError, ValueError):
        return None
    if len(lines) < 2 or not _COMMIT.fullmatch(lines[0].strip()):
        return None
    return Downloaded(lines[0].strip(), lines[1].strip().strip('"'))
