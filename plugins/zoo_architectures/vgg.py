"""VGG networks, which timm has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._timm import from_timm

if TYPE_CHECKING:
    from torch import nn

#: Five poolings leave nothing of less.
_SMALLEST = 32


def vgg11(
    num_bands: int = 3,
    num_outputs: int = 1000,
    batch_norm: bool = False,
    drop_rate: float = 0.5,
) -> nn.Module:
    """VGG-11 of Simonyan & Zisserman (2014, arXiv:1409.1556), as timm builds it.

    Eight 3 x 3 convolutions, five poolings, three linear layers: 132,863,336 parameters
    with three bands and 1000 outputs. Takes ``(batch, band, y, x)`` of any size from 32 x 32
    pixels on. The linear layers are for maps of 7 x 7, those of 224 x 224 pixels: smaller
    maps are stretched to that by averaging, over larger ones the layers slide and their
    results are averaged.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 4096 features before it.
    batch_norm : bool
        Normalise after each convolution.
    drop_rate : float
        Share of the units of the linear layers that is dropped in training.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     vgg11(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return _vgg("vgg11", num_bands, num_outputs, batch_norm, drop_rate)


def vgg13(
    num_bands: int = 3,
    num_outputs: int = 1000,
    batch_norm: bool = False,
    drop_rate: float = 0.5,
) -> nn.Module:
    """VGG-13: as ``vgg11`` with ten convolutions; 133,047,848 parameters.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     vgg13(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return _vgg("vgg13", num_bands, num_outputs, batch_norm, drop_rate)


def vgg16(
    num_bands: int = 3,
    num_outputs: int = 1000,
    batch_norm: bool = False,
    drop_rate: float = 0.5,
) -> nn.Module:
    """VGG-16: as ``vgg11`` with thirteen convolutions; 138,357,544 parameters.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     vgg16(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return _vgg("vgg16", num_bands, num_outputs, batch_norm, drop_rate)


def vgg19(
    num_bands: int = 3,
    num_outputs: int = 1000,
    batch_norm: bool = False,
    drop_rate: float = 0.5,
) -> nn.Module:
    """VGG-19: as ``vgg11`` with sixteen convolutions; 143,667,240 parameters.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     vgg19(num_bands=1, num_outputs=2)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 2])
    """
    return _vgg("vgg19", num_bands, num_outputs, batch_norm, drop_rate)


def _vgg(
    name: str, num_bands: int, num_outputs: int, batch_norm: bool, drop_rate: float
) -> nn.Module:
    network: Any = from_timm(
        f"{name}_bn" if batch_norm else name,
        num_bands=num_bands,
        num_outputs=num_outputs,
        minimum=_SMALLEST,
        drop_rate=drop_rate,
    )
    # timm counts the maps here, 512; core means what forward_head gives before the head.
    network.num_features = network.head_hidden_size
    found: nn.Module = network
    return found
