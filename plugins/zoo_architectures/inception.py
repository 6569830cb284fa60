"""The later Inception networks, which timm has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._timm import from_timm

if TYPE_CHECKING:
    from torch import nn

#: Convolutions and poolings without padding leave nothing of less.
_SMALLEST = 75


def inception_v3(
    num_bands: int = 3, num_outputs: int = 1000, drop_rate: float = 0.0
) -> nn.Module:
    """Inception v3 of Szegedy et al. (2015, arXiv:1512.00567), as timm builds it.

    Without the auxiliary head: 23,834,568 parameters with three bands and 1000 outputs.
    Takes ``(batch, band, y, x)`` of any size from 75 x 75 pixels on; 299 x 299 is the
    original's.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 2048 features before it.
    drop_rate : float
        Share of the features that is dropped before the head in training.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     inception_v3(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 96, 96)).shape
    torch.Size([2, 2])
    """
    return from_timm(
        "inception_v3",
        num_bands=num_bands,
        num_outputs=num_outputs,
        minimum=_SMALLEST,
        drop_rate=drop_rate,
    )


def inception_v4(
    num_bands: int = 3, num_outputs: int = 1000, drop_rate: float = 0.0
) -> nn.Module:
    """Inception v4 of Szegedy et al. (2016, arXiv:1602.07261), as timm builds it.

    42,679,816 parameters with three bands and 1000 outputs, 1536 features; otherwise as
    ``inception_v3``.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     inception_v4(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 96, 96)).shape
    torch.Size([2, 2])
    """
    return from_timm(
        "inception_v4",
        num_bands=num_bands,
        num_outputs=num_outputs,
        minimum=_SMALLEST,
        drop_rate=drop_rate,
    )
