"""A network of our own that measures lenses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from zoo_core import UsageError

#: Image pixels along a side of what the first convolution sees as one.
PATCH = 4

#: Halvings after the patches.
_STAGES = 4


class _Block(nn.Module):
    """Pre-activation residual block of two 3x3 convolutions."""

    def __init__(self, width_in: int, width: int, *, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(width_in),
            nn.ReLU(),
            nn.Conv2d(width_in, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )
        changes = stride != 1 or width_in != width
        self.shortcut = nn.Conv2d(width_in, width, 1, stride) if changes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.shortcut is None else self.shortcut(x)
        out: torch.Tensor = self.body(x) + shortcut
        return out


class LensRegressor(nn.Module):
    """A residual network for numbers that depend on where things are in an image.

    Patches of 4 x 4 pixels become channels, so that nothing is lost and the first feature
    map is small; four stages of residual blocks follow, each but the first of half the
    size. The last map is not averaged: a layer over all its places keeps positions, and so
    radii and centres, exact.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head.
    input_size : list of int
        Rows and columns of the image; multiples of 32.
    width : int
        Channels of the first stage; each later one has twice as many.
    blocks : list of int
        Residual blocks of each of the four stages.

    Raises
    ------
    UsageError
        A size that is no multiple of 32, or another number of stages.

    Examples
    --------
    >>> model = LensRegressor(num_outputs=5)
    >>> model(torch.zeros(2, 1, 192, 192)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (192, 192),
        width: int = 32,
        blocks: tuple[int, ...] | list[int] = (2, 2, 3, 2),
    ):
        super().__init__()
        step = PATCH * 2 ** (_STAGES - 1)
        if len(input_size) != 2 or any(length < step or length % step for length in input_size):
            raise UsageError(
                f"lens-regressor takes images whose sides are multiples of {step} pixels; "
                f"input_size is {list(input_size)}."
            )
        if len(blocks) != _STAGES or min(blocks) < 1:
            raise UsageError(
                f"blocks must be {_STAGES} numbers from 1 up, one a stage; got {list(blocks)}."
            )
        self.stem = nn.Conv2d(num_bands * PATCH**2, width, 3, padding=1)
        stages: list[nn.Module] = []
        width_in = width
        for stage, count in enumerate(blocks):
            width_out = width * 2**stage
            parts: list[nn.Module] = []
            for position in range(count):
                stride = 2 if stage and not position else 1
                parts.append(_Block(width_in, width_out, stride=stride))
                width_in = width_out
            stages.append(nn.Sequential(*parts))
        self.stages = nn.Sequential(*stages)
        self.last = nn.Sequential(
            nn.BatchNorm2d(width_in), nn.ReLU(inplace=True), nn.Conv2d(width_in, 2 * width, 1)
        )
        places = (input_size[0] // step) * (input_size[1] // step)
        self.num_features = 16 * width
        self.flat = nn.Sequential(
            nn.Linear(2 * width * places, self.num_features), nn.ReLU(inplace=True)
        )
        self.head: nn.Module = nn.Linear(self.num_features, num_outputs)
        self._initialise()

    def _initialise(self) -> None:
        """He initialisation of the convolutions."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(batch, 2 width, y / 32, x / 32)`` of ``(batch, band, y, x)``."""
        features: torch.Tensor = self.last(
            self.stages(self.stem(functional.pixel_unshuffle(x, PATCH)))
        )
        return features

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Numbers ``(batch, num_outputs)`` of feature maps; ``pre_logits`` stops before."""
        flat: torch.Tensor = self.flat(x.flatten(1))
        return flat if pre_logits else self.head(flat)

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
        blocks = r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"
        return {"stem": r"^stem", "blocks": [(blocks, None), (r"^last|^flat", (99,))]}

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError("LensRegressor does not support gradient checkpointing")
