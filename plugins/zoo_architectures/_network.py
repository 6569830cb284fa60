"""What our own networks share: timm's names for features, neck and head."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from zoo_core.errors import UsageError


class Network(nn.Module):
    """Features, then a neck that makes a vector of them, then a head.

    A subclass defines ``forward_features``. Its ``__init__`` sets ``neck``, after the layers
    that come before it, and ``num_features``, the length of the vector, and ends with
    ``reset_classifier``.
    """

    #: Regular expressions of parameter names from input to output, in timm's form. What
    #: matches none belongs with the head.
    groups: ClassVar[dict[str, object]]
    #: The same in few groups.
    coarse_groups: ClassVar[dict[str, object]]

    num_features: int
    neck: nn.Module
    head: nn.Module

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Features of ``(batch, band, *axes)``."""
        raise NotImplementedError

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of features.

        ``pre_logits`` stops before the head, at ``(batch, num_features)``.
        """
        vector: torch.Tensor = self.neck(x)
        return vector if pre_logits else self.head(vector)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of ``(batch, band, *axes)``."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new, randomly initialised head of ``num_classes`` outputs; none for 0."""
        like = next(self.parameters(), None)
        self.head = self.make_head(num_classes) if num_classes else nn.Identity()
        if like is not None:
            self.head.to(like.device, like.dtype)
        self.head.train(self.training)

    def make_head(self, num_outputs: int) -> nn.Module:
        """A head of some outputs: one linear layer, unless a subclass has another."""
        return nn.Linear(self.num_features, num_outputs)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        """Parameter-name patterns from input to output, in timm's form."""
        return dict(self.coarse_groups if coarse else self.groups)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: these networks are small enough to keep their activations."""
        if enable:
            raise UsageError(
                f"{type(self).__name__} does not support gradient checkpointing; train with a "
                "smaller batch_size if memory is short."
            )
