"""A network without its head. Imported only when features are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    import torch


class Body(nn.Module):
    """Gives the features ``(n, num_features)`` that the head of a network takes."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> Any:
        """Features of inputs ``(n, band, ...)``."""
        features: Any = self.network.forward_features
        pool: Any = self.network.forward_head
        return pool(features(x), pre_logits=True)
