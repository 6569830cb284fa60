"""Folders of parquet files as one catalogue: HATS, and files in the order of their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_PROPERTIES = ("hats.properties", "properties")

#: Order of the finest pixels that a partition's number is compared at.
_FINEST = 29


def parquet_files(folder: Path) -> tuple[tuple[Path, ...], dict[str, str]]:
    """The files of a folder in order, and what its properties say.

    A HATS catalogue (or a collection, whose primary table is taken) comes pixel by pixel in
    the order of HEALPix's nested scheme; another folder in the order of its files' names.

    Raises
    ------
    InputError
        There is no parquet file in it.
    """
    collection = _read_properties(folder / "collection.properties")
    if collection:
        folder = folder / collection.get("hats_primary_table_url", "")
    properties: dict[str, str] = {}
    for name in _PROPERTIES:
        properties = properties or _read_properties(folder / name)
    if properties:
        inside = folder / "dataset" if (folder / "dataset").is_dir() else folder
        files = [path for path in inside.rglob("*.parquet") if _pixel(path) is not None]
        files.sort(key=lambda path: (_pixel(path), path.name))
    else:
        files = sorted(
            path for path in folder.glob("*.parquet") if not path.name.startswith(("_", "."))
        )
    if not files:
        raise InputError(
            f"{folder} is a folder without parquet files; name a catalogue, a folder of "
            "parquet files, or one of a HATS catalogue (the one with 'properties' in it).",
            flag="not-found",
        )
    return tuple(files), properties


def _pixel(path: Path) -> tuple[int, int] | None:
    """Place of a partition in the nested scheme, and its order."""
    match = re.search(r"Norder=(\d+)/(?:Dir=\d+/)?Npix=(\d+)", path.as_posix())
    if match is None:
        return None
    order, pixel = int(match[1]), int(match[2])
    return pixel << 2 * (_FINEST - order), order


def _read_properties(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}
