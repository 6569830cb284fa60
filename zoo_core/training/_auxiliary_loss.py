"""Losses on the features of a layer, beside the task's own.

A label says of a whole object what it is. A simulator also knows where its parts lie and of
what kind it is, and a network that is asked for that too needs fewer examples (deep
supervision: Lee et al. 2015, arXiv:1409.5185). What is added is thrown away after the
training. Imported when a training is set up, because it needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from ..errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._auxiliary import AuxiliaryTarget

#: The share that a map is first expected to fill, as a logit: most cells are empty.
_FIRST_LOGIT = -2.0


class AuxiliaryLoss(nn.Module):
    """Predicts an auxiliary target by one linear layer on the features of a layer.

    Of a map each cell of the features predicts ``tanh(m)``, with ``m`` the map's mean over
    the cell; the loss is the binary cross entropy. A class is predicted from the mean of the
    features; the loss is the cross entropy.

    Parameters
    ----------
    network : nn.Module
        Whose layer is listened to from now on.
    target : AuxiliaryTarget
        What is predicted, from which layer.
    examples : sequence of torch.Tensor
        Inputs of the network, to find out what the layer returns.

    Raises
    ------
    RecipeError
        No such layer, or one whose features are not ``(n, channel, ...)`` with one or two
        more axes (for a class: any number of them).
    """

    def __init__(
        self, network: nn.Module, target: AuxiliaryTarget, examples: Sequence[torch.Tensor]
    ):
        super().__init__()
        self.target = target
        self._features: object = None
        try:
            layer = network.get_submodule(target.layer)
        except AttributeError:
            children = ", ".join(name for name, _ in network.named_children())
            raise RecipeError(
                f"the network has no layer {target.layer!r} for an auxiliary loss; its first "
                f"level is {children}."
            ) from None
        layer.register_forward_hook(self._listen)
        was_training = network.training
        with torch.no_grad():
            network.eval()(*examples)
        network.train(was_training)
        features = self._take()
        self.head = nn.Linear(features.shape[1], max(1, len(target.classes)))
        self.head.to(features.device)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, 0.0 if target.classes else _FIRST_LOGIT)

    def forward(self, wanted: torch.Tensor) -> torch.Tensor:
        """Loss of the encoded target of the batch that went through the network last."""
        features = self._take().float()
        cells = tuple(features.shape[2:])
        if self.target.classes:
            pooled = features.flatten(2).mean(dim=2) if cells else features
            return nn.functional.cross_entropy(self.head(pooled), wanted)
        pool: Callable[..., torch.Tensor] = {
            1: nn.functional.adaptive_avg_pool1d,
            2: nn.functional.adaptive_avg_pool2d,
        }[len(cells)]
        share = torch.tanh(pool(wanted[:, None], cells))[:, 0]
        logits = self.head(features.movedim(1, -1))[..., 0]
        return nn.functional.binary_cross_entropy_with_logits(logits, share)

    def _listen(self, layer: nn.Module, inputs: object, output: object) -> None:  # noqa: ARG002
        self._features = output

    def _take(self) -> torch.Tensor:
        features, self._features = self._features, None
        if isinstance(features, torch.Tensor):
            axes = features.dim() - 2
            if axes in (1, 2) or (self.target.classes and axes >= 0):
                return features
        told = tuple(features.shape) if isinstance(features, torch.Tensor) else type(features)
        raise RecipeError(
            f"an auxiliary loss on {self.target.source!r} cannot use the layer "
            f"{self.target.layer!r}, which returns {told}."
        )
