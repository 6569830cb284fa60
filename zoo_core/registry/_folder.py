"""A model folder with its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..cards import Card


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
