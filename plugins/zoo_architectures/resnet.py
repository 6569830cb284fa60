"""Residual networks, which timm has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._timm import from_timm

if TYPE_CHECKING:
    from torch import nn


def resnet18(num_bands: int = 3, num_outputs: int = 1000, drop_rate: float = 0.0) -> nn.Module:
    """ResNet-18 of He et al. (2015, arXiv:1512.03385), as timm builds it.

    Basic blocks 2-2-2-2; 11,689,512 parameters with three bands and 1000 outputs. Takes
    ``(batch, band, y, x)`` of any size and divides it by 32.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 512 features before it.
    drop_rate : float
        Share of the features that is dropped before the head in training.

    Examples
    --------
    >>> import torch
    >>> resnet18(num_bands=5, num_outputs=2)(torch.zeros(2, 5, 33, 33)).shape
    torch.Size([2, 2])
    """
    return from_timm(
        "resnet18", num_bands=num_bands, num_outputs=num_outputs, drop_rate=drop_rate
    )


def resnet34(num_bands: int = 3, num_outputs: int = 1000, drop_rate: float = 0.0) -> nn.Module:
    """ResNet-34: as ``resnet18`` with basic blocks 3-4-6-3; 21,797,672 parameters.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     resnet34(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return from_timm(
        "resnet34", num_bands=num_bands, num_outputs=num_outputs, drop_rate=drop_rate
    )


def resnet50(num_bands: int = 3, num_outputs: int = 1000, drop_rate: float = 0.0) -> nn.Module:
    """ResNet-50: as ``resnet18`` with bottleneck blocks 3-4-6-3; 25,557,032 parameters.

    It has 2048 features.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     resnet50(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return from_timm(
        "resnet50", num_bands=num_bands, num_outputs=num_outputs, drop_rate=drop_rate
    )
