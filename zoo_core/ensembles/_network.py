"""Several networks that take the same inputs. Imported only when one is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_FEATURES = ("forward_features", "forward_head")


def join_networks(members: Sequence[nn.Module]) -> Ensemble:
    """An ensemble, which gives features if all its members do."""
    tells = all(callable(getattr(net, name, None)) for net in members for name in _OF_FEATURES)
    return FeatureEnsemble(members) if tells else Ensemble(members)


class Ensemble(nn.Module):
    """Gives the outputs of all members, in their order.

    Parameters
    ----------
    members : sequence of torch.nn.Module
        Networks that take the same inputs.
    """

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, *inputs: torch.Tensor) -> tuple[Any, ...]:
        """Each member's output for inputs ``(n, band, ...)``."""
        return tuple(member(*inputs) for member in self.members)


class FeatureEnsemble(Ensemble):
    """An ensemble of networks with timm's methods for features."""

    def forward_features(self, *inputs: torch.Tensor) -> tuple[Any, ...]:
        """What each member makes of the inputs before its pooling."""
        members: list[Any] = list(self.members)
        return tuple(member.forward_features(*inputs) for member in members)

    def forward_head(self, features: Sequence[Any], *, pre_logits: bool = False) -> Any:
        """Each member's output; with ``pre_logits`` their feature vectors, one after another.

        Parameters
        ----------
        features : sequence
            Of ``forward_features``.
        pre_logits : bool
            Whether to stop before the last layer of each: ``(n, sum of features)``.
        """
        members: list[Any] = list(self.members)
        outputs = tuple(
            member.forward_head(own, pre_logits=pre_logits)
            for member, own in zip(members, features, strict=True)
        )
        return torch.cat(outputs, dim=1) if pre_logits else outputs
