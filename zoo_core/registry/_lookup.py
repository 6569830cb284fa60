"""Finding a model folder by name, in all registries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..cards import CARD_FILE, read_summary
from ..errors import AmbiguousName, CardError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cards import CardSummary
    from ._folder import ModelFolder
    from ._registry import Registry


class Listed(NamedTuple):
    """One model of a list. ``place`` is the registry's name."""

    place: str
    folder: Path
    summary: CardSummary

    @property
    def full_name(self) -> str:
        """``place/name``, which names this folder and no other."""
        return f"{self.place}/{self.summary.name}"

    @property
    def is_embedded(self) -> bool:
        """Whether the weights lie in the folder; else they are fetched when first used."""
        return (self.folder / self.summary.weights_file).exists()


class Lookup(NamedTuple):
    """What a walk through the registries found: models, and cards that are broken."""

    found: tuple[Listed, ...]
    problems: tuple[CardError, ...]


def list_folders(registries: Iterable[Registry]) -> Lookup:
    """Read what the cards say in short; a broken one becomes a problem and hides no other."""
    found, problems = [], []
    for registry in registries:
        for folder in registry.model_folders():
            try:
                summary = read_summary(folder)
                _check_agreement(folder, summary.name)
                found.append(Listed(registry.name, folder, summary))
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
    from ..cards import read_card
    from ._folder import ModelFolder

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
        raise unknown_name(
            "model", name, [item.summary.name for item in listing.found], _hint(name, listing)
        )
    if len(matches) > 1:
        places = " and ".join(f"{folder} ({r.name}/{short})" for r, folder in matches)
        choices = " or ".join(f"{r.name}/{short}" for r, _ in matches)
        raise AmbiguousName(f"two models are called {name!r}: {places}. Say {choices}.")
    registry, folder = matches[0]
    card = read_card(folder)
    _check_agreement(folder, card.name)
    return ModelFolder(registry.name, folder, card)


def _hint(name: str, listing: Lookup) -> str:
    """What may help who asked for a name that nothing has."""
    if (Path(name) / CARD_FILE).is_file():
        return f"The folder {name} holds a model; as a path it is written ./{name}"
    if listing.problems:
        return f"Unreadable cards: {'; '.join(map(str, listing.problems))}"
    return "'zoo list' shows all models."


def _check_agreement(folder: Path, name: str) -> None:
    if name != folder.name:
        raise CardError(
            f"{folder}: the card says its model is {name!r}; folder and name must agree."
        )


def _as_path(name: str) -> Path | None:
    if name.startswith("file:"):
        return Path(name.removeprefix("file:"))
    if name.startswith(("./", "../", "/", "~")) or name in (".", ".."):
        return Path(name).expanduser()
    return None
