"""A registry: a place that holds model folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..cards import CARD_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..plugins import Plugin


class Registry(NamedTuple):
    """One place with model folders.

    ``name`` is how the place is called in ``place/model`` names: ``embedded``, ``user`` or
    a plugin's name. The folder need not exist.
    """

    name: str
    folder: Path

    def model_folders(self) -> Iterator[Path]:
        """Folders with a card, sorted by name."""
        try:
            entries = sorted(os.scandir(self.folder), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            folder = Path(entry.path)
            if (folder / CARD_FILE).is_file():
                yield folder


def embedded_registry() -> Registry:
    """The registry that travels with the zoo: in the wheel, or beside a source checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_registry"
    folder = installed if installed.is_dir() else package.parent / "registry"
    return Registry("embedded", folder)


def user_registry() -> Registry:
    """The user's own, ``$ZOO_REGISTRY`` or a folder of the user's data directory."""
    chosen = os.environ.get("ZOO_REGISTRY")
    if chosen:
        return Registry("user", Path(chosen).expanduser())
    return Registry("user", user_data_folder() / "astrozoo" / "registry")


def user_data_folder() -> Path:
    """Where programs keep a user's data on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def registries_of(plugins: list[Plugin]) -> list[Registry]:
    """The folders that plugins bring, in the order of the plugins' names."""
    return [
        Registry(plugin.name, plugin.manifest.models)
        for plugin in plugins
        if plugin.is_usable and plugin.manifest and plugin.manifest.models
    ]
