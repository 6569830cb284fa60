"""The ``[adversary]`` table of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cards import ArchitectureRef
from ..errors import RecipeError

if TYPE_CHECKING:
    from ..cards import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarySettings:
    """Which network judges the outputs, and how much it counts.

    Parameters
    ----------
    architecture : ArchitectureRef
        Takes the channels of inputs and output together.
    weight : float
        Of its loss beside the task's, above zero.
    learning_rate : float
        Of its Adam, above zero; constant.
    """

    architecture: ArchitectureRef
    weight: float
    learning_rate: float = 2e-4

    def __post_init__(self) -> None:
        """Raise ``RecipeError`` for numbers that cannot be meant."""
        for name in ("weight", "learning_rate"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} must be above zero, is {getattr(self, name)}.")


def parse_adversary(fields: Fields) -> AdversarySettings:
    """Read the table."""
    architecture = fields.fields("architecture")
    return AdversarySettings(
        architecture=ArchitectureRef(
            name=architecture.text("name"), arguments=architecture.object("arguments", {})
        ),
        weight=fields.number("weight"),
        learning_rate=fields.number("learning_rate", 2e-4),
    )
