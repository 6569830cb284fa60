"""Which entry points the installed distributions declare.

``importlib.metadata`` says the same but imports the ``email`` package to do so, which
costs several times what a bare interpreter needs to start; it is asked only where
distributions may lie elsewhere than in folders of ``sys.path``.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUFFIXES = (".dist-info", ".egg-info")


class EntryPoint(NamedTuple):
    """One line of a distribution's ``entry_points.txt``.

    ``distribution`` is the name and version of the distribution, for people.
    """

    name: str
    value: str
    distribution: str


def installed_entry_points(group: str) -> list[EntryPoint]:
    """The entry points of a group, sorted by name and value."""
    if _are_in_folders():
        return sorted(_scan(group))
    from importlib.metadata import entry_points

    return sorted(
        EntryPoint(
            point.name,
            point.value,
            f"{point.dist.name} {point.dist.version}" if point.dist else "",
        )
        for point in entry_points(group=group)
    )


def _are_in_folders() -> bool:
    """Whether no zip file and no other finder can hold distributions."""
    others = [finder for finder in sys.meta_path if not _looks_into_folders(finder)]
    return not (
        any(hasattr(finder, "find_distributions") for finder in others)
        or any(os.path.isfile(place) for place in sys.path)  # noqa: PTH113 - see above
    )


def _looks_into_folders(finder: object) -> bool:
    """Whether it is the path finder, or the one that its backport puts beside it."""
    return finder is PathFinder or type(finder).__module__ == "importlib_metadata"


def _scan(group: str) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for place in dict.fromkeys(sys.path):
        for folder in _distributions(place or "."):
            # As in importing: of two distributions of one name, the first on the path.
            key = os.path.basename(folder).partition("-")[0].lower()  # noqa: PTH119
            if key in seen:
                continue
            seen.add(key)
            text = _text(folder, "entry_points.txt")
            if group in text:
                distribution = _name_and_version(folder)
                for name, value in _section(text, group):
                    yield EntryPoint(name, value, distribution)


def _distributions(place: str) -> list[str]:
    try:
        with os.scandir(place) as entries:
            return sorted(entry.path for entry in entries if entry.name.endswith(_SUFFIXES))
    except OSError:
        return []


def _text(folder: str, *names: str) -> str:
    """The first of these files that can be read; nothing if none can."""
    for name in names:
        try:
            with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                return file.read()
        except OSError:
            continue
    return ""


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Names and values of a section; a value may end in extras, which are left out."""
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _name_and_version(folder: str) -> str:
    """From the head of ``METADATA``; from the folder's name if that cannot be read."""
    head = _text(folder, "METADATA", "PKG-INFO").partition("\n\n")[0]
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    stem = os.path.basename(folder).rpartition(".")[0].split("-")  # noqa: PTH119
    name = fields.get("Name", stem[0])
    return f"{name} {fields.get('Version', stem[1] if len(stem) > 1 else '')}".rstrip()
