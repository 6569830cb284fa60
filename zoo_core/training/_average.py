"""A running average of the weights."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class WeightAverage:
    """Exponential moving average of a model's parameters and buffers.

    The decay grows with the step as ``(1 + s) / (10 + s)`` up to its final value, so the
    average forgets the random start.

    Parameters
    ----------
    model : torch.nn.Module
        Copied; the copy stays in eval mode and is ``average.model``.
    decay : float
        Final decay a step.
    """

    def __init__(self, model: torch.nn.Module, decay: float):
        self.model = copy.deepcopy(model).eval()
        self.decay = decay

    def update(self, model: torch.nn.Module, step: int) -> None:
        """Take in the weights after ``step`` (counted from zero)."""
        import torch

        weight = 1.0 - min(self.decay, (1 + step) / (10 + step))
        averaged = self.model.state_dict()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.is_floating_point():
                    averaged[name].lerp_(value, weight)
                else:
                    averaged[name].copy_(value)
