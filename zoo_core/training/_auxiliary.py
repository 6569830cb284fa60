"""What else a network is asked for while it is trained, from a recipe's ``[[auxiliary]]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RecipeError

if TYPE_CHECKING:
    import torch

    from ..cards import Fields
    from ..simulation import Simulated, Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryTarget:
    """Something that a simulator knows, to be told from the features of one layer.

    Parameters
    ----------
    source : str
        One of the simulator's ``maps``, or one of its ``truth`` columns.
    classes : tuple of str
        The texts that a truth column may hold; empty for a map.
    layer : str
        Module of the network whose features have to tell it.
    weight : float
        Factor on its loss, above zero.
    """

    source: str
    classes: tuple[str, ...]
    layer: str
    weight: float

    def __post_init__(self) -> None:
        """Raise ``RecipeError`` for numbers that cannot be meant."""
        if not self.weight > 0:
            raise RecipeError(f"weight must be above zero, is {self.weight}.")
        if len(self.classes) == 1:
            raise RecipeError(f"one class ({self.classes[0]}) is nothing to tell.")

    def check(self, simulator: Simulator) -> None:
        """Raise ``RecipeError`` unless the simulator knows it."""
        columns = simulator.truth if self.classes else simulator.maps
        offered = [column.name for column in columns]
        if self.source not in offered:
            what = "truth column" if self.classes else "map"
            raise RecipeError(
                f"the simulator {simulator.name!r} has no {what} {self.source!r} for an "
                f"auxiliary loss; it has {', '.join(offered) or 'none'}."
            )

    def encode(self, drawn: Simulated) -> torch.Tensor:
        """The map, or class indices ``(n,)``.

        Raises
        ------
        RecipeError
            A text that is none of the classes.
        """
        import numpy as np
        import torch

        if not self.classes:
            # Cloned, because autograd accepts no tensors that were drawn in inference mode.
            return drawn.maps[self.source].clone()
        texts, inverse = np.unique(drawn.truth[self.source], return_inverse=True)
        unknown = sorted({str(text) for text in texts} - set(self.classes))
        if unknown:
            raise RecipeError(
                f"the truth column {self.source!r} holds {', '.join(unknown)}, which is none "
                f"of the classes of the auxiliary loss."
            )
        indices = np.array([self.classes.index(str(text)) for text in texts])
        return torch.from_numpy(indices[inverse])


def parse_auxiliary(fields: Fields) -> AuxiliaryTarget:
    """Read an entry: ``map``, or ``column`` with ``classes``; ``layer`` and ``weight``."""
    is_map = "map" in fields.data
    return AuxiliaryTarget(
        source=fields.text("map" if is_map else "column"),
        classes=() if is_map else fields.texts("classes"),
        layer=fields.text("layer"),
        weight=fields.number("weight"),
    )
