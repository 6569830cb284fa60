"""What a network makes of an object before its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from torch import nn

_METHODS = ("forward_features", "forward_head")


def without_head(network: nn.Module) -> nn.Module:
    """The same network, whose output is what its head takes; in eval mode.

    Parameters
    ----------
    network : torch.nn.Module
        With timm's ``forward_features`` and ``forward_head``; it is not copied.

    Returns
    -------
    torch.nn.Module
        Gives ``(n, num_features)`` for the inputs of the network.

    Raises
    ------
    UsageError
        The network does not tell its features from its head.
    """
    lacking = [name for name in _METHODS if not callable(getattr(network, name, None))]
    if lacking:
        raise UsageError(
            f"the network {type(network).__name__} does not say what comes before its head "
            f"(it has no {' and no '.join(lacking)}), so it gives no features. Take another "
            "model, or add these methods to its architecture."
        )
    from ._body import Body

    return Body(network).eval()
