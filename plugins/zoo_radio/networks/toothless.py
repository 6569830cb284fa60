"""Toothless: the AlexNet of Aniyan & Thorat (2017), and three of them for three classes."""

from __future__ import annotations

import torch
from torch import nn

from zoo_core import UsageError

from ._classifier import Classifier

#: Sides that leave something for the last pooling.
_LEAST = 63


def _side(size: int) -> int:
    """Pixels along the last map of an image of ``size`` pixels."""
    size = (size - 11) // 4 + 1
    for _ in range(3):
        size = -(-(size - 3) // 2) + 1
    return size


class Toothless(Classifier):
    """The network of Aniyan & Thorat (2017, ApJS 230, 20), as their Caffe files have it.

    AlexNet with groups for one band: 96 11 x 11 of stride 4, 256 5 x 5, 384, 384 and 256
    3 x 3, responses normalised after the first two, three poolings that round up, two layers
    of 4096 with dropout. 35,881,666 parameters for 150 x 150 pixels and two outputs.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels and outputs.
    input_size : list of int
        Rows and columns, 63 or more.
    width : float
        Factor on all widths; published with 1.
    dropout : float
        In the two layers; published with 0.5.

    Raises
    ------
    UsageError
        Images that are too small, or a width that leaves no channel to a group.
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 2,
        *,
        input_size: tuple[int, int] | list[int] = (150, 150),
        width: float = 1.0,
        dropout: float = 0.5,
    ):
        super().__init__()
        if len(input_size) != 2 or min(input_size) < _LEAST:
            raise UsageError(
                f"toothless takes images of {_LEAST} pixels or more a side, got "
                f"{list(input_size)}."
            )
        one, two, three, four, five = (
            2 * round(0.5 * width * channels) for channels in (96, 256, 384, 384, 256)
        )
        self.num_features = round(width * 4096)
        if min(one, two, three, self.num_features) < 2:
            raise UsageError(f"a width of {width} leaves no channels.")
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)
        self.body = nn.Sequential(
            nn.Sequential(nn.Conv2d(num_bands, one, 11, 4), nn.ReLU(), norm, pool),
            nn.Sequential(nn.Conv2d(one, two, 5, padding=2, groups=2), nn.ReLU(), norm, pool),
            nn.Sequential(nn.Conv2d(two, three, 3, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(three, four, 3, padding=1, groups=2), nn.ReLU()),
            nn.Sequential(nn.Conv2d(four, five, 3, padding=1, groups=2), nn.ReLU(), pool),
        )
        flat = five * _side(input_size[0]) * _side(input_size[1])
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(flat, self.num_features), nn.ReLU()),
            nn.Sequential(
                nn.Dropout(dropout), nn.Linear(self.num_features, self.num_features), nn.ReLU()
            ),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(self.num_features, num_outputs)
        for module in self.modules():
            # Not the published normal numbers of 0.01, with which depth needs its rates too.
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


class ToothlessFusion(Classifier):
    """One Toothless for each pair of three classes, side by side, as they are fused there.

    Parameters
    ----------
    num_bands : int
        Channels.
    num_outputs : int
        Two for each pair: 6 for three classes.
    input_size, width, dropout
        As of ``Toothless``.

    Raises
    ------
    UsageError
        An odd number of outputs.
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 6,
        *,
        input_size: tuple[int, int] | list[int] = (150, 150),
        width: float = 1.0,
        dropout: float = 0.5,
    ):
        super().__init__()
        if num_outputs < 2:
            raise UsageError(f"two outputs a pair are needed, got {num_outputs}.")
        self.members = nn.ModuleList(
            Toothless(num_bands, 2, input_size=input_size, width=width, dropout=dropout)
            for _ in range(max(1, num_outputs // 2))
        )
        each = self.members[0].num_features
        self.num_features = int(each) * len(self.members)  # type: ignore[arg-type]
        for member in self.members:
            member.head = nn.Identity()
        self.head = PairHeads(self.num_features, num_outputs, len(self.members))

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps of all members, ``(n, member * channel, y, x)``."""
        maps = [member.forward_features(x) for member in self.members]  # type: ignore[operator]
        return torch.cat(maps, dim=1)

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs of the heads; ``pre_logits`` stops at ``(n, num_features)``."""
        parts = x.chunk(len(self.members), dim=1)
        vectors = [
            member.forward_head(part)  # type: ignore[operator]
            for member, part in zip(self.members, parts, strict=True)
        ]
        vector = torch.cat(vectors, dim=1)
        return vector if pre_logits else self.head(vector)

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a linear layer over the features of all members; none for 0."""
        super().reset_classifier(num_classes)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {
            "stem": r"^members\.\d+\.body\.0\.",
            "blocks": [
                (r"^members\.\d+\.body\.(\d+)", None),
                (r"^members\.\d+\.neck\.(\d+)", (50,)),
            ],
        }


class PairHeads(nn.Module):
    """A linear layer for each member, over the features of that member alone."""

    def __init__(self, num_features: int, num_outputs: int, members: int):
        super().__init__()
        each = num_features // members
        counts = [len(part) for part in torch.arange(num_outputs).tensor_split(members)]
        self.heads = nn.ModuleList(nn.Linear(each, count) for count in counts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs of all, one after another."""
        parts = x.chunk(len(self.heads), dim=1)
        return torch.cat(
            [head(part) for head, part in zip(self.heads, parts, strict=True)], dim=1
        )
