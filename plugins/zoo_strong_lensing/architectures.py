"""Networks of the published lens finders."""

from __future__ import annotations

import torch
from torch import nn


class _Unit(nn.Module):
    """Pre-activation bottleneck unit: 1x1 - 3x3 - 1x1 with a shortcut.

    The first unit of the first stage gets an input that is activated already and has no
    pre-activation of its own. The shortcut is the raw input where shapes agree, else a
    1x1 convolution of the activated one.
    """

    def __init__(self, width_in: int, width: int, width_out: int, *, stride: int, first: bool):
        super().__init__()
        self.preactivate = (
            nn.Identity() if first else nn.Sequential(nn.BatchNorm2d(width_in), nn.ELU())
        )
        self.body = nn.Sequential(
            nn.Conv2d(width_in, width, 1, stride, bias=False),
            nn.BatchNorm2d(width),
            nn.ELU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ELU(inplace=True),
            nn.Conv2d(width, width_out, 1),
        )
        changes = stride != 1 or width_in != width_out
        self.shortcut = nn.Conv2d(width_in, width_out, 1, stride) if changes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        activated = self.preactivate(x)
        shortcut = x if self.shortcut is None else self.shortcut(activated)
        out: torch.Tensor = self.body(activated) + shortcut
        return out


class DeepLens(nn.Module):
    """CMU DeepLens, the residual network of Lanusse et al. (2018, arXiv:1703.02642).

    A 7x7 convolution and 15 pre-activation bottleneck units in five stages (widths 32 to
    512, stride 2 at the start of stages two to five), global average pooling, one linear
    layer. A convolution that batch normalisation follows has no bias. 3,508,545 parameters
    with one band and one output.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; logits for a classification task.

    Examples
    --------
    >>> model = DeepLens()
    >>> sum(parameter.numel() for parameter in model.parameters())
    3508545
    >>> model(torch.zeros(2, 1, 45, 45)).shape
    torch.Size([2, 1])
    """

    def __init__(self, num_bands: int = 1, num_outputs: int = 1):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(num_bands, 32, 7, padding=3, bias=False),
            nn.BatchNorm2d(32),
            nn.ELU(inplace=True),
        )
        units: list[nn.Module] = []
        width_in = 32
        for stage, width_out in enumerate((32, 64, 128, 256, 512)):
            for position in range(3):
                stride = 2 if stage and not position else 1
                first = not stage and not position
                units.append(
                    _Unit(width_in, width_out // 2, width_out, stride=stride, first=first)
                )
                width_in = width_out
        self.units = nn.Sequential(*units)
        self.num_features = width_in
        self.head: nn.Module = nn.Linear(width_in, num_outputs)
        self._initialise()

    def _initialise(self) -> None:
        """He initialisation of the units; Glorot with the gain of a ReLU for the stem."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        first = next(self.stem.parameters())
        nn.init.xavier_normal_(first, gain=nn.init.calculate_gain("relu"))

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(batch, 512, y / 16, x / 16)`` of an input ``(batch, band, y, x)``."""
        features: torch.Tensor = self.units(self.stem(x))
        return features

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Pool feature maps and apply the head; ``pre_logits`` stops before it."""
        pooled = x.mean(dim=(2, 3))
        return pooled if pre_logits else self.head(pooled)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of ``(batch, band, y, x)``."""
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

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        """Parameter-name patterns from input to output, in timm's form."""
        stages = [rf"^units\.({3 * s}|{3 * s + 1}|{3 * s + 2})\." for s in range(5)]
        blocks = [(stage, None) for stage in stages] if coarse else r"^units\.(\d+)"
        return {"stem": r"^stem", "blocks": blocks}

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError("DeepLens does not support gradient checkpointing")
