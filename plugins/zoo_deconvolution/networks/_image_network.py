"""What networks that give images have in common: timm's method names."""

from __future__ import annotations

import torch
from torch import nn


class ImageNetwork(nn.Module):
    """Features ``(n, num_features, y, x)`` on the pixels of the image, and a 1x1 head.

    A subclass sets ``num_features`` and ``head`` and gives ``forward_features``.
    """

    num_features: int
    head: nn.Module

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps of ``(n, band, y, x)``."""
        raise NotImplementedError

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Images ``(n, num_outputs, y, x)`` of feature maps; ``pre_logits`` stops before."""
        return x if pre_logits else self.head(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images ``(n, num_outputs, y, x)`` of ``(n, band, y, x)``."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new, randomly initialised head of ``num_classes`` outputs; none for 0."""
        like = next(self.parameters())
        self.head = (
            nn.Conv2d(self.num_features, num_classes, 1, device=like.device, dtype=like.dtype)
            if num_classes
            else nn.Identity()
        )

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError(f"{type(self).__name__} does not support gradient checkpointing")
