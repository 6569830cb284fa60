"""AlexNet in its two forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from torch import nn

from ._forms import check_form
from ._network import Network
from ._response_norm import ResponseNorm
from ._sizes import check_minimum

if TYPE_CHECKING:
    import torch

#: Widths of the five convolutions, and the groups of the second, fourth and fifth.
_WIDTHS = {"2012": (96, 256, 384, 384, 256), "torchvision": (64, 192, 384, 256, 256)}
_GROUPS = {"2012": 2, "torchvision": 1}

_GRID = 6
_HIDDEN = 4096
#: Three poolings and the stride of the first convolution leave nothing of less.
_SMALLEST = 63


class AlexNet(Network):
    """AlexNet, of Krizhevsky, Sutskever & Hinton (2012) or as torchvision has it.

    Five convolutions, three overlapping max poolings, and three linear layers with dropout.
    ``form="2012"`` has the widths 96-256-384-384-256, the second, fourth and fifth
    convolution in two groups (the halves of the original that lay on two processors) and
    local response normalisation after the first two: 60,965,224 parameters with three bands
    and 1000 outputs. ``form="torchvision"`` has the widths 64-192-384-256-256 and neither
    groups nor normalisation: 61,100,840.

    The convolutions take any size from 63 x 63 pixels on; their maps are averaged over a
    grid of 6 x 6 cells, which at 224 x 224 are the maps themselves.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 4096 features before it.
    form : str
        ``2012`` or ``torchvision``.
    drop_rate : float
        Share of the inputs of the first two linear layers that is dropped in training.

    Raises
    ------
    UsageError
        Another form.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):  # shapes without numbers
    ...     network = AlexNet(num_bands=5, num_outputs=2)
    ...     network(torch.zeros(1, 5, 64, 64)).shape
    torch.Size([1, 2])
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^features\.0\.",
        "blocks": r"^features\.(\d+)\.",
        "neck": r"^neck\.(\d+)\.",
    }
    coarse_groups: ClassVar[dict[str, object]] = {"blocks": r"^features\.", "neck": r"^neck\."}

    def __init__(
        self,
        num_bands: int = 3,
        num_outputs: int = 1000,
        form: str = "2012",
        drop_rate: float = 0.5,
    ):
        super().__init__()
        check_form("alexnet", form, tuple(_WIDTHS))
        first, second, third, fourth, fifth = _WIDTHS[form]
        groups, normalise = _GROUPS[form], form == "2012"
        stem = nn.Conv2d(num_bands, first, 11, stride=4, padding=2)
        check_minimum(stem, "alexnet", _SMALLEST)
        self.features = nn.Sequential(
            stem,
            nn.ReLU(inplace=True),
            *([ResponseNorm()] if normalise else []),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(first, second, 5, padding=2, groups=groups),
            nn.ReLU(inplace=True),
            *([ResponseNorm()] if normalise else []),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(third, fourth, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(fourth, fifth, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.neck = nn.Sequential(
            nn.AdaptiveAvgPool2d(_GRID),
            nn.Flatten(),
            nn.Dropout(drop_rate),
            nn.Linear(fifth * _GRID**2, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(drop_rate),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
        )
        self.num_features = _HIDDEN
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(batch, 256, y, x)`` of ``(batch, band, y, x)``."""
        maps: torch.Tensor = self.features(x)
        return maps
