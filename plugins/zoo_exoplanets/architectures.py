"""Networks for light curves: those of Pearson et al. (2018), and AstroNet."""

from __future__ import annotations

import functools
import math
from typing import Any, ClassVar

import torch
from torch import nn

from zoo_core.errors import InputError, UsageError

#: Units of the hidden layers of Pearson et al. (2018).
HIDDEN = (64, 32, 8)


class _SeriesNetwork(nn.Module):
    """What the networks share: features, a neck that makes a vector of them, a linear head."""

    groups: ClassVar[dict[str, object]]

    num_features: int
    neck: nn.Module
    head: nn.Module

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of features.

        ``pre_logits`` stops before the head, at ``(batch, num_features)``.
        """
        vector: torch.Tensor = self.neck(x)
        return vector if pre_logits else self.head(vector)

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new, randomly initialised head of ``num_classes`` outputs; none for 0."""
        like = next(self.parameters(), None)
        self.head = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        if like is not None:
            self.head.to(like.device, like.dtype)
        self.head.train(self.training)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return dict(self.groups)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: these networks are small enough to keep their activations."""
        if enable:
            raise UsageError(
                f"{type(self).__name__} does not support gradient checkpointing; train with a "
                "smaller batch_size if memory is short."
            )


class _WindowNetwork(_SeriesNetwork):
    """A network for windows of one length.

    ``forward_features`` gives ``(batch, values)``; the neck are dense layers.
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^(?:convolution|neck\.0)\.",
        "blocks": r"^neck\.(\d+)\.",
    }

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Values ``(batch, values)`` that the dense layers take."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of windows ``(batch, band, time)``."""
        return self.forward_head(self.forward_features(x))


class TransitCNN(_WindowNetwork):
    """One convolution, then dense layers (Pearson, Palafox & Griffith 2018).

    Four filters of six samples, ReLU, mean of three samples each, and dense layers of 64, 32
    and 8 units with a PReLU of its own slope for each unit, as in the weights that the
    authors published: 17,397 parameters for windows of 180 samples. (Their later code has two
    convolutions of eight filters.)

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the features before it.
    input_size : int or list of int
        Samples of a window, 8 or more; others are refused with ``InputError``.
    filters, kernel_size, pool : int
        Of the convolution: how many, how long, and how many samples become one.
    drop_rate : float
        Share of the first dense layer's units that is dropped in training.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in TransitCNN().parameters())
    17397
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        input_size: int | list[int] = 180,
        filters: int = 4,
        kernel_size: int = 6,
        pool: int = 3,
        drop_rate: float = 0.25,
    ):
        super().__init__()
        size = _length(input_size, least=kernel_size + pool - 1)
        self.convolution = nn.Conv1d(num_bands, filters, kernel_size)
        self.pool = nn.Sequential(nn.ReLU(), nn.AvgPool1d(pool), nn.Flatten())
        _refuse_others(self.convolution, "transit-cnn", size)
        nn.init.xavier_uniform_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]
        self.neck = _dense(filters * ((size - kernel_size + 1) // pool), drop_rate)
        self.num_features = HIDDEN[-1]
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Means of the filters' outputs ``(batch, filters * time)``."""
        means: torch.Tensor = self.pool(self.convolution(x))
        return means


class TransitMLP(_WindowNetwork):
    """Dense layers on the samples (Pearson et al. 2018): 14,041 parameters.

    Parameters as of ``TransitCNN``.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in TransitMLP().parameters())
    14041
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        input_size: int | list[int] = 180,
        drop_rate: float = 0.25,
    ):
        super().__init__()
        size = _length(input_size)
        self.flatten = nn.Flatten()
        _refuse_others(self.flatten, "transit-mlp", size)
        self.neck = _dense(num_bands * size, drop_rate)
        self.num_features = HIDDEN[-1]
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """The samples ``(batch, band * time)``."""
        values: torch.Tensor = self.flatten(x)
        return values


class TransitWavelet(_WindowNetwork):
    """Dense layers on a wavelet transform of the samples (Pearson et al. 2018).

    One level of Daubechies' wavelet with two vanishing moments (``db2``), the window mirrored
    at its ends: 91 approximation and 91 detail coefficients of 180 samples, and 14,169
    parameters. Parameters as of ``TransitCNN``.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in TransitWavelet().parameters())
    14169
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        input_size: int | list[int] = 180,
        drop_rate: float = 0.25,
    ):
        super().__init__()
        size = _length(input_size, least=4)
        self.transform = WaveletTransform()
        _refuse_others(self.transform, "transit-wavelet", size)
        self.neck = _dense(num_bands * 2 * ((size + 3) // 2), drop_rate)
        self.num_features = HIDDEN[-1]
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Coefficients ``(batch, band * coefficients)``, approximation first."""
        coefficients: torch.Tensor = self.transform(x)
        return coefficients.flatten(1)


class TransitLogistic(_WindowNetwork):
    """Logistic regression on the samples: 181 parameters.

    Pearson et al. (2018) call it a support vector machine; what they published is this.
    Parameters as of ``TransitCNN``.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in TransitLogistic().parameters())
    181
    """

    groups: ClassVar[dict[str, object]] = {"weights": r"^head\.weight"}

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        input_size: int | list[int] = 180,
    ):
        super().__init__()
        size = _length(input_size)
        self.flatten = nn.Flatten()
        _refuse_others(self.flatten, "transit-logistic", size)
        self.neck = nn.Identity()
        self.num_features = num_bands * size
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """The samples ``(batch, band * time)``."""
        values: torch.Tensor = self.flatten(x)
        return values


class WaveletTransform(nn.Module):
    """One level of the discrete wavelet transform ``db2`` along the last axis.

    Of ``(batch, band, time)`` it makes ``(batch, band, 2 n)`` with ``n = (time + 3) // 2``:
    approximation, then detail. Ends are mirrored, their sample included.
    """

    def __init__(self) -> None:
        super().__init__()
        root = math.sqrt(3.0)
        low = torch.tensor([1.0 - root, 3.0 - root, 3.0 + root, 1.0 + root])
        low = low / (4.0 * math.sqrt(2.0))
        # The detail filter is the other one backwards with every other sign changed.
        high = low.flip(0) * torch.tensor([-1.0, 1.0, -1.0, 1.0])
        filters = torch.stack([low.flip(0), high.flip(0)])[:, None]
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Coefficients of a batch of series."""
        count, bands, time = x.shape
        after = 2 + time % 2
        mirrored = torch.cat([x[..., :2].flip(-1), x, x[..., -after:].flip(-1)], dim=-1)
        filters = self.get_buffer("filters").to(x.dtype)
        single = mirrored.reshape(count * bands, 1, time + 2 + after)
        return nn.functional.conv1d(single, filters, stride=2).reshape(count, bands, -1)


class AstroNet(_SeriesNetwork):
    """Two towers of convolutions, for the whole orbit and for the transit.

    Shallue & Vanderburg (2018), as in their released configuration: the global view of 2001
    bins goes through five blocks of two convolutions (16 to 256 filters of 5 bins, maximum of
    5 with stride 2), the local view of 201 bins through two (16 and 32 filters, maximum of 7
    with stride 2), and both together through four dense layers of 512 units. There is no
    normalisation. 9,940,193 parameters.

    Parameters
    ----------
    num_bands : int
        Channels of each view.
    num_outputs : int
        Outputs of the head; 0 for the features before it.
    global_size, local_size : int
        Bins of the views.
    global_blocks, local_blocks : int
        Blocks of the towers; each has twice the filters of the one before, from 16 on.
    units, layers : int
        Of the dense layers.
    drop_rate : float
        Share of their units that is dropped in training.

    Examples
    --------
    >>> network = AstroNet()
    >>> sum(parameter.numel() for parameter in network.parameters())
    9940193
    >>> network(torch.zeros(2, 1, 2001), torch.zeros(2, 1, 201)).shape
    torch.Size([2, 1])
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^(?:global_tower|local_tower)\.0\.",
        "blocks": [
            (r"^(?:global_tower|local_tower)\.(\d+)\.", None),
            (r"^neck\.(\d+)\.", (100,)),
        ],
    }

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        global_size: int = 2001,
        local_size: int = 201,
        global_blocks: int = 5,
        local_blocks: int = 2,
        units: int = 512,
        layers: int = 4,
        drop_rate: float = 0.0,
    ):
        super().__init__()
        self.global_tower, wide = _tower(num_bands, global_size, global_blocks, pool=5)
        self.local_tower, narrow = _tower(num_bands, local_size, local_blocks, pool=7)
        _refuse_others(self.global_tower, "astronet's global view", global_size)
        _refuse_others(self.local_tower, "astronet's local view", local_size)
        parts: list[nn.Module] = []
        width = wide + narrow
        for _ in range(layers):
            dense = nn.Linear(width, units)
            parts.append(nn.Sequential(dense, nn.ReLU(), nn.Dropout(drop_rate)))
            width = units
        self.neck = nn.Sequential(*parts)
        self.num_features = width
        self.reset_classifier(num_outputs)

    def forward_features(
        self, global_view: torch.Tensor, local_view: torch.Tensor
    ) -> torch.Tensor:
        """Both towers' outputs ``(batch, values)``."""
        towers = (self.global_tower(global_view), self.local_tower(local_view))
        return torch.cat([values.flatten(1) for values in towers], dim=1)

    def forward(self, global_view: torch.Tensor, local_view: torch.Tensor) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of two views ``(batch, band, bin)``."""
        return self.forward_head(self.forward_features(global_view, local_view))


def _dense(width: int, drop_rate: float) -> nn.Sequential:
    """Dense layers with PReLU, and dropout after the first."""
    blocks: list[nn.Module] = []
    for units in HIDDEN:
        layer = nn.Linear(width, units)
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
        # A slope of its own for each unit, which begins as a ReLU.
        block: list[nn.Module] = [layer, nn.PReLU(units, init=0.0)]
        if not blocks:
            block.append(nn.Dropout(drop_rate))
        blocks.append(nn.Sequential(*block))
        width = units
    return nn.Sequential(*blocks)


def _tower(bands: int, size: int, blocks: int, *, pool: int) -> tuple[nn.Sequential, int]:
    """Blocks of convolutions, and the number of values that come out."""
    parts: list[nn.Module] = []
    length, filters = _length(size, least=pool), bands
    for block in range(blocks):
        length = (length - pool) // 2 + 1
        if length < 1:
            raise UsageError(f"views of {size} bins are too short for {blocks} blocks.")
        wider = 16 * 2**block
        first = nn.Conv1d(filters, wider, 5, padding=2)
        second = nn.Conv1d(wider, wider, 5, padding=2)
        parts.append(nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool1d(pool, 2)))
        filters = wider
    return nn.Sequential(*parts), length * filters


def _length(size: int | list[int], *, least: int = 1) -> int:
    """The one length that ``input_size`` tells."""
    told = list(size) if isinstance(size, list | tuple) else [size]
    if len(told) != 1 or told[0] < least:
        raise UsageError(
            f"input_size must be one length of at least {least} samples, is {size!r}."
        )
    return int(told[0])


def _refuse_others(layer: nn.Module, name: str, size: int) -> None:
    """Let a layer refuse series of another length, outside of what core traces."""
    layer.register_forward_pre_hook(functools.partial(_check, name=name, size=size))


def _check(_: nn.Module, inputs: tuple[Any, ...], *, name: str, size: int) -> None:
    found = inputs[0].shape[-1]
    if found != size:
        raise InputError(
            f"this {name} was built for {size} samples, got {found}. Cut or bin the series to "
            "that length, or build the network for another."
        )
