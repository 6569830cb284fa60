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
        The card as parsed JSON, where a place made it and there is no file; ``folder`` is then
        only what to call it.
    is_hash_recorded : bool
        Whether the hash of the weights on the card is from the user's record.
    """

    place: str
    folder: Path
    card: Card
    fetch: Fetch | None = None
    made: Mapping[str, Any] | None = None
    is_hash_recorded: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether a place found it, so that ``place`` is its reference."""
        return self.fetch is not None or self.made is not None

    @property
    def full_name(self) -> str:
        """``place/name``, or the reference, which names this folder and no other."""
        if self.is_remote:
            return self.place
        if self.place == "path":
            return str(self.folder.absolute())
        return f"{self.place}/{self.card.name}"

    @property
    def is_embedded(self) -> bool:
        """Whether the weights lie in the folder itself."""
        if self.made is not None:
            return False
        return (self.folder / self.card.weights.ref.file).exists()

    def card_as_json(self) -> Any:
        """The card as parsed JSON."""
        from ..cards import read_json

        return dict(self.made) if self.made is not None else read_json(self.folder)

    def pinned(self, *, accept: bool = False) -> ModelFolder:
        """Return the same folder with the hash of its weights on the card.

        A card may have weights that nobody has hashed yet. Where they lie in the folder, the
        hash is that of the file. Else they come from its sources, and what the first load
        gets from them is recorded in the user's lock file and holds from then on.

        Parameters
        ----------
        accept : bool
            Take what is there now, even if something else was recorded.

        Raises
        ------
        WeightsCorrupt
            The weights in the folder are not those that were recorded.
        PlaceError
            No source can be reached, or it has something else than was recorded.
        """
        if self.card.weights.ref.is_known:
            return self
        if self.fetch is None and self.is_embedded:
            return self._with_hash(self._hashed_here(accept=accept))
        from ..places import recorded_file

        file, sources = self.card.weights.ref.file, self._sources()
        ref = recorded_file(sources, file, model=self.full_name, accept=accept)
        return replace(self._with_hash(ref), is_hash_recorded=True)

    def _with_hash(self, ref: FileRef) -> ModelFolder:
        weights = replace(self.card.weights, ref=ref)
        return replace(self, card=replace(self.card, weights=weights))

    def _hashed_here(self, *, accept: bool) -> FileRef:
        """Hash and size of the weights in the folder, compared with what is recorded."""
        from ..errors import WeightsCorrupt
        from ..places import find_recorded, forget_others, how_to_accept
        from ..weights import file_ref

        weights = self.card.weights
        path = self.folder / weights.ref.file
        found = replace(file_ref(path), file=weights.ref.file)
        recorded = find_recorded(weights.sources, weights.ref.file)
        if accept:
            forget_others(weights.sources, found)
        elif recorded not in (None, found):
            raise WeightsCorrupt(
                f"{path} is not the file that {', '.join(weights.sources)} gave before.\n"
                f"  recorded: sha256 {recorded.sha256}\n"
                f"  found:    sha256 {found.sha256}\n{how_to_accept(self.full_name)}"
            )
        return found

    def _sources(self) -> tuple[str, ...]:
        """Where weights without a hash come from: the repository itself, then its sources."""
        own = (self.place,) if self.fetch is not None and self.place.startswith("hf:") else ()
        return (*own, *self.card.weights.sources)

    def read(self, ref: FileRef) -> bytes:
        """A file of the folder, fetched if need be, and checked against the card.

        What the folder does not hold comes from the place that it was found in. Weights that
        are not there come from the sources that the card names. A fetched file that is
        damaged is fetched once more.

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
        fetch = self._fetch_for(ref)
        if fetch is None:
            return read_verified(self.folder, ref)
        try:
            return read_verified(fetch(ref.file).parent, ref)
        except WeightsCorrupt:
            path = fetch(ref.file, again=True)
        try:
            return read_verified(path.parent, ref)
        except WeightsCorrupt as error:
            if not self.is_hash_recorded or ref != self.card.weights.ref:
                raise
            from ..places import how_to_accept

            raise WeightsCorrupt(f"{error}\n{how_to_accept(self.full_name)}") from error

    def _fetch_for(self, ref: FileRef) -> Fetch | None:
        """What fetches a file; None where it must lie in the folder."""
        weights = self.card.weights
        if not weights.sources or ref != weights.ref:
            return self.fetch
        if self.fetch is None and self.is_embedded:
            return None
        from ..places import fetch_from_sources

        elsewhere = partial(fetch_from_sources, weights.sources, model=self.full_name)
        if self.fetch is None:
            return elsewhere
        return partial(self._fetch_either, self.fetch, elsewhere)

    def _fetch_either(
        self, own: Fetch, elsewhere: Fetch, file: str, *, again: bool = False
    ) -> Path:
        """Fetch a file from the place, or from the sources if it is not there."""
        from ..errors import PlaceError
        from ..places import cached_from_sources

        if not again and not self.is_embedded:
            # So that no place is asked for what it did not have the last time.
            cached = cached_from_sources(self.card.weights.sources, file)
            if cached is not None:
                return cached
        try:
            return own(file, again=again)
        except PlaceError as error:
            try:
                return elsewhere(file, again=again)
            except PlaceError as other:
                raise PlaceError(f"{error}\n{other}") from other
