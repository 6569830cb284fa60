"""Networks that timm has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import timm

from ._sizes import check_minimum

if TYPE_CHECKING:
    from torch import nn


def from_timm(
    name: str, *, num_bands: int, num_outputs: int, minimum: int = 1, **options: Any
) -> nn.Module:
    """An untrained network of timm.

    Parameters
    ----------
    name : str
        timm's name of it, which the error for too small an image names, too.
    num_bands, num_outputs : int
        Channels of the input; outputs of the head, 0 for no head.
    minimum : int
        Pixels along an axis that an image must have.
    **options
        As timm takes them.
    """
    network: nn.Module = timm.create_model(
        name, pretrained=False, in_chans=num_bands, num_classes=num_outputs, **options
    )
    first: Any = network.default_cfg["first_conv"]  # type: ignore[index]
    check_minimum(network.get_submodule(first), name, minimum)
    return network
