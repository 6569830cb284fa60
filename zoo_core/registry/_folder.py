"""A model folder with its card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..cards import Card, FileRef


class Fetch(Protocol):
    """Bring a file of a model folder into it, if it is not there or ``again``."""

    def __call__(self, file: str, *, again: bool = False) -> Path:
        """Return where the file is."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder with its card.

    Attributes
    ----------
    place : str
        The registry's name, ``path``, or the reference that a place found it by.
    folder : pathlib.Path
        Where its files are.
    card : Card
        What it says.
    fetch : callable, optional
        Fetches a file of a folder that is not all here.
    made : mapping, optional
        The card as parsed JSON, where a place made it and there is no file.
    """

    place: str
    folder: Path
    card: Card
    fetch: Fetch | None = None
    made: Mapping[str, Any] | None = None

    @property
    def is_remote(self) -> bool:
        """Whether a place found it, so that ``place`` is its reference."""
        return self.fetch is not None or self.made is not None

    @property
    def full_name(self) -> str:
        """``place/name``, or the reference, which names this folder and no other."""
        if self.is_remote:
            return self.place
        return str(self.folder) if self.place == "path" else f"{self.place}/{self.card.name}"

    @property
    def is_embedded(self) -> bool:
        """Whether the weights lie in the folder itself."""
        return (self.folder / self.card.weights.ref.file).exists()

    def card_as_json(self) -> Any:
        """The card as parsed JSON."""
        from ..cards import read_json

        return dict(self.made) if self.made is not None else read_json(self.folder)

    def pinned(self, *, accept: bool = False) -> ModelFolder:
        """Return the same folder with the hash of its weights on the card.

        A card may name sources of weights that nobody has hashed yet. What the first load
        gets from them is recorded in the user's lock file and holds from then on.

        Parameters
        ----------
        accept : bool
            Take what the sources have now, even if something else was recorded.

        Raises
        ------
        PlaceError
            No source can be reached, or it has something else than was recorded.
        """
        weights = self.card.weights
        if weights.ref.is_known:
            return self
        from ..places import recorded_file

        file, name = weights.ref.file, self.full_name
        ref = recorded_file(weights.sources, file, model=name, accept=accept)
        return replace(self, card=replace(self.card, weights=replace(weights, ref=ref)))

    def read(self, ref: FileRef) -> bytes:
        """A file of the folder, fetched if need be, and checked against the card.

        What the folder does not hold comes from the place that it was found in, or from the
        sources of the weights that the card names. A fetched file that is damaged is fetched
        once more.

        Raises
        ------
        WeightsCorrupt
            It is missing, or its size or hash is not the card's.
        PlaceError
            It cannot be fetched.
        """
        from ..errors import WeightsCorrupt
        from ..weights import read_verified

        if not ref.is_known:
            known = self.pinned()
            return known.read(known.card.weights.ref)
        fetch = self.fetch
        sources = self.card.weights.sources if ref == self.card.weights.ref else ()
        if fetch is None and sources and not (self.folder / ref.file).exists():
            from ..places import fetch_from_sources

            fetch = partial(fetch_from_sources, sources, model=self.full_name)
        if fetch is None:
            return read_verified(self.folder, ref)
        try:
            return read_verified(fetch(ref.file).parent, ref)
        except WeightsCorrupt:
            return read_verified(fetch(ref.file, again=True).parent, ref)
