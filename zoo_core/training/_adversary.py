"""A second network that learns to tell restored images from true ones.

The conditional adversary of pix2pix (Isola et al. 2017): it sees the input beside an image and
says of each patch whether the image is true. The network that is trained is asked, beside its
task, to be taken for true. What is added is thrown away after the training. Imported when a
training is set up, because it needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from ._checkpoint import optimizer_tensors, restore_optimizers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._adversary_settings import AdversarySettings

_BETAS = (0.5, 0.999)


class Adversary:
    """The adversary and its own steps.

    Parameters
    ----------
    network : nn.Module
        Takes inputs and an image, their channels one after another, ``(n, channel, y, x)``;
        gives logits of any shape.
    settings : AdversarySettings
        Weight and rate.
    device : str
        Where it learns.
    precision : str
        ``bfloat16`` (autocast) or ``float32``.
    """

    def __init__(
        self, network: nn.Module, settings: AdversarySettings, *, device: str, precision: str
    ):
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.settings = settings
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, betas=_BETAS
        )
        self._device = device.partition(":")[0]
        self._is_reduced = precision == "bfloat16"

    def learn(
        self, inputs: Sequence[torch.Tensor], outputs: torch.Tensor, target: torch.Tensor
    ) -> float:
        """One step towards telling ``target`` from ``outputs``; its loss."""
        self.network.train()
        loss = 0.5 * (
            self._judged(inputs, target, is_true=True)
            + self._judged(inputs, outputs.detach(), is_true=False)
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fooled(self, inputs: Sequence[torch.Tensor], outputs: torch.Tensor) -> torch.Tensor:
        """Weighted loss of outputs that are not taken for true."""
        return self.settings.weight * self._judged(inputs, outputs, is_true=True)

    def tensors(self) -> dict[str, dict[str, torch.Tensor]]:
        """Its state, for a checkpoint."""
        return {
            "adversary": self.network.state_dict(),
            "adversary_optimizer": optimizer_tensors(self.network, [self.optimizer]),
        }

    def restore(self, groups: dict[str, dict[str, torch.Tensor]]) -> None:
        """Go on from what ``tensors`` gave."""
        self.network.load_state_dict(groups["adversary"], strict=True)
        restore_optimizers(self.network, [self.optimizer], groups["adversary_optimizer"])

    def _judged(
        self, inputs: Sequence[torch.Tensor], images: torch.Tensor, *, is_true: bool
    ) -> torch.Tensor:
        seen = torch.cat([*inputs, images.float()], dim=1)
        with torch.autocast(self._device, torch.bfloat16, enabled=self._is_reduced):
            logits = self.network(seen)
        logits = logits.float()
        wanted = torch.full_like(logits, 1.0 if is_true else 0.0)
        return nn.functional.binary_cross_entropy_with_logits(logits, wanted)
