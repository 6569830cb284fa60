"""Where restored images go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

#: The table of what became of each input, in a folder of images.
TABLE = "restored.ecsv"

_FITS = (".fits", ".fits.gz")


@dataclass(frozen=True, slots=True)
class Destination:
    """One file, or a folder with one file for each input and a table.

    Attributes
    ----------
    path : pathlib.Path
        The file or the folder.
    is_folder : bool
        Which of them.
    """

    path: Path
    is_folder: bool

    @property
    def table(self) -> Path | None:
        """The table in a folder."""
        return self.path / TABLE if self.is_folder else None

    def file_for(self, identity: str, taken: set[str]) -> Path:
        """The file of an input, of a name that no other has; ``taken`` learns of it."""
        if not self.is_folder:
            return self.path
        stem = re.sub(r"[^\w.+-]", "_", identity).strip(".") or "image"
        name, count = stem, 1
        while name.lower() in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name.lower())
        return self.path / f"{name}.fits"


def find_destination(path: Path, *, overwrite: bool = False) -> Destination | None:
    """What a path means for images; None where it is that of a table.

    Raises
    ------
    UsageError
        A table of text, which cannot hold images.
    OutputError
        There is such a file, or a folder with something in it, and ``overwrite`` is false;
        or its folder is missing.
    """
    name = path.name.lower()
    if name.endswith((".csv", ".ecsv")):
        raise UsageError(
            f"{path}: a table of text holds no images. Name a FITS file, for one image; a "
            "folder, for one FITS file each; or a .parquet table."
        )
    if name.endswith(".parquet"):
        return None
    is_folder = not name.endswith(_FITS)
    if is_folder and path.suffix and not path.is_dir():
        raise UsageError(
            f"{path}: images are written as .fits, into a folder, or as a .parquet table."
        )
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent} is no folder; make it first.")
    if is_folder:
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path} is a file; name a folder.")
        if not overwrite and path.is_dir() and any(path.iterdir()):
            raise OutputError(f"{path} is not empty; --overwrite replaces files in it.")
    elif path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it.")
    elif path.exists() and not overwrite:
        raise OutputError(f"{path} is there already; --overwrite replaces it.")
    return Destination(path, is_folder)
