"""What the classifiers of this plugin share: timm's method names."""

from __future__ import annotations

import torch
from torch import nn


class Classifier(nn.Module):
    """Feature maps, then ``neck`` (a vector), then ``head``.

    A subclass sets ``body``, ``neck``, ``head`` and ``num_features``.
    """

    body: nn.Module
    neck: nn.Module
    head: nn.Module
    num_features: int

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps of ``(n, band, y, x)``."""
        features: torch.Tensor = self.body(x)
        return features

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs ``(n, num_outputs)``; ``pre_logits`` stops at ``(n, num_features)``."""
        vector: torch.Tensor = self.neck(x)
        return vector if pre_logits else self.head(vector)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(n, num_outputs)`` of ``(n, band, y, x)``."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new, randomly initialised head of ``num_classes`` outputs; none for 0."""
        like = next(self.parameters())
        self.head = (
            nn.Linear(self.num_features, num_classes, device=like.device, dtype=like.dtype)
            if num_classes
            else nn.Identity()
        )

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {
            "stem": r"^body\.0\.",
            "blocks": [(r"^body\.(\d+)", None), (r"^neck\.(\d+)", (50,))],
        }

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError(f"{type(self).__name__} does not support gradient checkpointing")
