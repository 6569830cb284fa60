"""What a place is: somewhere that model folders are fetched from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ..registry import ModelFolder


class Place(ABC):
    """Base class of places; a plugin lists its own in ``[[places]]`` under the scheme.

    A place finds a model folder by the rest of a name ``scheme://rest``. It fetches the card
    at once and other files when they are asked for (``ModelFolder.fetch``), keeps them, and
    asks no network for what it has. Everything that it delivers is checked against the card
    afterwards, so a place need not be trusted with anything but the card.
    """

    scheme: ClassVar[str]

    def require(self, rest: str) -> None:
        """Raise ``PlaceError`` where it is plain that a model cannot be had from here.

        Called before ``find`` when the weights will be needed too. For places whose ``find``
        is slow, or does without a network; others need not have it.
        """

    @abstractmethod
    def find(self, rest: str, *, accept: bool = False) -> ModelFolder:
        """The model folder of a reference, with its card.

        Parameters
        ----------
        rest : str
            What follows ``scheme://``.
        accept : bool
            Take what the place has now, even if it had something else before.

        Raises
        ------
        PlaceError
            It cannot be reached, does not have it, or has something else than before.
        """
