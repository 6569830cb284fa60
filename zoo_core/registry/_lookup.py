"""Finding a model folder by name, in all registries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import AmbiguousName, CardError, unknown_name
from ..cards import CARD_FILE, read_card

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cards import Card
    from ._registry import Registry


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder with its card. ``place`` is the registry's name or ``path``."""

    place: str
    folder: Path
    card: Card

    @property
    def full_name(self) -> str:
        """``place/name``, which names this folder and no other."""
        return str(self.folder) if self.place == "path" else f"{self.place}/{self.card.name}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a walk through the registries found: model folders, and cards that are broken."""

    found: tuple[ModelFolder, ...]
    problems: tuple[CardError, ...]


def list_folders(registries: Iterable[Registry]) -> Lookup:
    """Read all cards; a broken one becomes a problem and hides no other."""
    found, problems = [], []
    for registry in registries:
        for folder in registry.model_folders():
            try:
                found.append(ModelFolder(registry.name, folder, _card_of(folder)))
            except CardError as error:
                problems.append(error)
    return Lookup(tuple(found), tuple(problems))


def find_folder(name: str, registries: list[Registry]) -> ModelFolder:
    """The model folder of a name.

    Parameters
    ----------
    name : str
        ``model``, ``place/model``, or the path of a model folder (``./folder``,
        ``/abs/folder`` or ``file:folder``).
    registries : list of Registry
        Where to look.

    Raises
    ------
    UnknownName
        With the nearest names, and the cards that could not be read.
    AmbiguousName
        Naming both folders.
    CardError
        The folder is there but its card is broken.
    """
    path = _as_path(name)
    if path is not None:
        return ModelFolder("path", path, read_card(path))
    place, _, short = name.rpartition("/")
    matches = [
        (registry, registry.folder / short)
        for registry in registries
        if place in ("", registry.name) and (registry.folder / short / CARD_FILE).is_file()
    ]
    if not matches:
        listing = list_folders(registries)
        hint = f"Unreadable cards: {'; '.join(map(str, listing.problems))}"
        raise unknown_name(
            "model",
            name,
            [item.card.name for item in listing.found],
            hint if listing.problems else "'zoo list' shows all models.",
        )
    if len(matches) > 1:
        places = " and ".join(f"{folder} ({r.name}/{short})" for r, folder in matches)
        choices = " or ".join(f"{r.name}/{short}" for r, _ in matches)
        raise AmbiguousName(f"two models are called {name!r}: {places}. Say {choices}.")
    registry, folder = matches[0]
    return ModelFolder(registry.name, folder, _card_of(folder))


def _card_of(folder: Path) -> Card:
    card = read_card(folder)
    if card.name != folder.name:
        raise CardError(
            f"{folder}: the card says its model is {card.name!r}; folder and name must agree."
        )
    return card


def _as_path(name: str) -> Path | None:
    if name.startswith("file:"):
        return Path(name.removeprefix("file:"))
    if name.startswith(("./", "../", "/", "~")) or name in (".", ".."):
        return Path(name).expanduser()
    return None
