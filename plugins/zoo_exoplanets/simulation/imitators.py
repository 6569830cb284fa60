"""Events that a detector must not take for a transit, each as a factor on the flux."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Imitator = Callable[[torch.Tensor, torch.Tensor, "Draw"], torch.Tensor]


class Draw:
    """Uniform numbers ``(n, 1)`` float64 from one ``torch.Generator``."""

    def __init__(self, generator: torch.Generator):
        self.generator = generator

    def uniform(self, n: int, low: float, high: float) -> torch.Tensor:
        """From low to high."""
        drawn = torch.rand(n, 1, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * drawn


def _flare(place: torch.Tensor, depth: torch.Tensor, draw: Draw) -> torch.Tensor:
    """A steep rise and an exponential decay over 2 to 15 % of the window."""
    after = place - draw.uniform(len(depth), 0.1, 0.8)
    decay = draw.uniform(len(depth), 0.02, 0.15)
    return 1.0 + depth * torch.where(after >= 0, torch.exp(-after / decay), 0.0)


def _step(place: torch.Tensor, depth: torch.Tensor, draw: Draw) -> torch.Tensor:
    """The level changes for good, up or down, as after a change of pointing."""
    where = draw.uniform(len(depth), 0.15, 0.85)
    sign = torch.where(draw.uniform(len(depth), -1.0, 1.0) < 0, -1.0, 1.0)
    return 1.0 + sign * depth * (place >= where)


def _dropout(place: torch.Tensor, depth: torch.Tensor, draw: Draw) -> torch.Tensor:
    """A sudden loss of sensitivity that recovers over 10 to 40 % of the window."""
    after = place - draw.uniform(len(depth), 0.1, 0.8)
    decay = draw.uniform(len(depth), 0.1, 0.4)
    return 1.0 - depth * torch.where(after >= 0, torch.exp(-after / decay), 0.0)


def _ramp(place: torch.Tensor, depth: torch.Tensor, draw: Draw) -> torch.Tensor:
    """An exponential settling at the start or the end of the window, up or down."""
    decay = draw.uniform(len(depth), 0.1, 0.5)
    sign = torch.where(draw.uniform(len(depth), -1.0, 1.0) < 0, -1.0, 1.0)
    at_end = draw.uniform(len(depth), -1.0, 1.0) < 0
    distance = torch.where(at_end, 1.0 - place, place)
    return 1.0 + sign * depth * torch.exp(-distance / decay)


#: By the name of the kind in the truth table.
IMITATORS: dict[str, Imitator] = {
    "flare": _flare,
    "step": _step,
    "dropout": _dropout,
    "ramp": _ramp,
}


def imitate(
    flux: torch.Tensor, kinds: torch.Tensor, depth: torch.Tensor, generator: torch.Generator
) -> None:
    """Multiply the series ``(n, time)`` by the event of their kind, in place.

    Parameters
    ----------
    flux : torch.Tensor
        ``(n, time)`` float64.
    kinds : torch.Tensor
        ``(n,)``: position in ``IMITATORS``, or another number for none.
    depth : torch.Tensor
        ``(n,)``: height of the event.
    generator : torch.Generator
        Of the random numbers.
    """
    place = torch.linspace(0.0, 1.0, flux.shape[1], dtype=torch.float64)
    draw = Draw(generator)
    for kind, make in enumerate(IMITATORS.values()):
        rows = torch.nonzero(kinds == kind)[:, 0]
        if len(rows):
            flux[rows] *= make(place, depth[rows, None], draw)
