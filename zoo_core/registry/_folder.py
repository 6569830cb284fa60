"""A model folder with its card."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
        The registry's name, ``path``, or the reference of a folder that a place fetched.
    folder : pathlib.Path
        Where its files are.
    card : Card
        What it says.
    fetch : callable, optional
        Fetches a file of a folder that is not all here.
    """

    place: str
    folder: Path
    card: Card
    fetch: Fetch | None = None

    @property
    def full_name(self) -> str:
        """``place/name``, or the reference, which names this folder and no other."""
        if self.fetch is not None:
            return self.place
        return str(self.folder) if self.place == "path" else f"{self.place}/{self.card.name}"

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
        from .._errors import WeightsCorrupt
        from ..weights import read_verified

        fetch = self.fetch
        sources = self.card.weights.sources if ref == self.card.weights.ref else ()
        if fetch is None and sources and not (self.folder / ref.file).exists():
            from ..places import fetch_from_sources

            fetch = partial(fetch_from_sources, sources)
        if fetch is None:
            return read_verified(self.folder, ref)
        try:
            return read_verified(fetch(ref.file).parent, ref)
        except WeightsCorrupt:
            return read_verified(fetch(ref.file, again=True).parent, ref)
