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

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Features of inputs, each ``(n, band, ...)``, as the network takes them."""
        features: Any = self.network.forward_features
        pool: Any = self.network.forward_head
        return pool(features(*inputs), pre_logits=True)
