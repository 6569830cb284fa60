"""GoogLeNet, the first Inception network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from ._forms import check_form
from ._network import Network
from ._response_norm import ResponseNorm
from ._sizes import check_minimum
from .auxiliary import WithAuxiliary

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Widths of each module: 1x1; 3x3 and 5x5, each reduced and then convolved; pooled. None is
#: a pooling that halves the maps. Side heads follow the first two parts.
MODULES = (
    (
        (64, 96, 128, 16, 32, 32),
        (128, 128, 192, 32, 96, 64),
        None,
        (192, 96, 208, 16, 48, 64),
    ),
    (
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
    ),
    (
        (256, 160, 320, 32, 128, 128),
        None,
        (256, 160, 320, 32, 128, 128),
        (384, 192, 384, 48, 128, 128),
    ),
)

_SIDE_GRID, _SIDE_MAPS, _SIDE_UNITS, _SIDE_DROP = 4, 128, 1024, 0.7
#: Where the last pooling has something left to pool.
_SMALLEST = 15


class GoogLeNet(Network):
    """GoogLeNet of Szegedy et al. (2014, arXiv:1409.4842), or as torchvision has it.

    Three convolutions, nine Inception modules, the mean over the maps, a linear layer.
    ``form="torchvision"`` has batch normalisation, and kernels of 3 x 3 where the paper has
    5 x 5: 6,624,904 parameters with three bands and 1000 outputs. ``form="2014"`` has the
    paper's kernels and local response normalisation instead, and biases. Any size from
    15 x 15 pixels on; 224 x 224 is the original's.

    With ``auxiliary=True`` there are two side heads on the way, which the paper trains with
    0.3 of their loss and then leaves aside. In training mode ``forward`` then returns
    ``WithAuxiliary``, which a task must expect: see ``zoo_architectures.auxiliary``. In eval
    mode they are not run and the outputs are a tensor as without them.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 1024 features before it.
    form : str
        ``torchvision`` or ``2014``.
    auxiliary : bool
        Have side heads.
    drop_rate : float
        Share of the features that is dropped before the head in training: 0.4 in the paper,
        0.2 in torchvision.

    Raises
    ------
    UsageError
        Another form.

    Examples
    --------
    >>> with torch.device("meta"):  # shapes without numbers
    ...     network = GoogLeNet(num_bands=1, num_outputs=4)
    ...     network(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 4])
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^stem\.(\d+)\.",
        "blocks": r"^parts\.(\d+)\.(\d+)\.",
    }
    coarse_groups: ClassVar[dict[str, object]] = {
        "stem": r"^stem\.",
        "blocks": r"^parts\.(\d+)\.",
    }

    def __init__(
        self,
        num_bands: int = 3,
        num_outputs: int = 1000,
        form: str = "torchvision",
        auxiliary: bool = False,
        drop_rate: float = 0.4,
    ):
        super().__init__()
        check_form("googlenet", form, ("torchvision", "2014"))
        original = form == "2014"
        first = Convolution(num_bands, 64, 7, stride=2, normalise=not original)
        check_minimum(first.conv, "googlenet", _SMALLEST)
        self.stem = nn.Sequential(
            first,
            _halving(3),
            *([ResponseNorm()] if original else []),
            Convolution(64, 64, 1, normalise=not original),
            Convolution(64, 192, 3, normalise=not original),
            *([ResponseNorm()] if original else []),
            _halving(3),
        )
        width = 192
        parts, ends = [], []
        # torchvision pools the second time over 2 x 2 pixels, the paper over 3 x 3.
        for widths, pooling in zip(MODULES, (3, 3, 3 if original else 2), strict=True):
            modules, width = _part(widths, width, pooling=pooling, original=original)
            parts.append(nn.Sequential(*modules))
            ends.append(width)
        self.parts = nn.ModuleList(parts)
        self.neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(drop_rate))
        self.num_features = width
        self.sides = nn.ModuleList(
            [SideHead(end, normalise=not original) for end in ends[:-1]] if auxiliary else []
        )
        if original:
            self._initialise()
        self.reset_classifier(num_outputs)

    def _initialise(self) -> None:
        """He initialisation: without normalisation torch's own fades over 22 layers."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # they have one

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(batch, 1024, y / 32, x / 32)`` of ``(batch, band, y, x)``."""
        for maps in self._ends(x):
            x = maps
        return x

    def _ends(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        """Maps after each part."""
        x = self.stem(x)
        for part in self.parts:
            x = part(x)
            yield x

    def forward(self, x: torch.Tensor) -> torch.Tensor | WithAuxiliary:  # type: ignore[override]
        """Outputs ``(batch, num_outputs)`` of ``(batch, band, y, x)``.

        With side heads, in training mode, and unless the head was taken off: those of all
        heads, as ``WithAuxiliary``.
        """
        if not (self.training and len(self.sides)) or isinstance(self.head, nn.Identity):
            return super().forward(x)
        *middle, last = self._ends(x)
        pairs = zip(self.sides, middle, strict=True)
        return WithAuxiliary(self.forward_head(last), tuple(side(maps) for side, maps in pairs))

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new head, and with it new last layers of the side heads; none for 0."""
        super().reset_classifier(num_classes)
        side: Any
        for side in self.sides:
            side.reset(num_classes)


class Convolution(nn.Module):
    """A convolution that keeps the size, or halves it, normalisation if wanted, ReLU."""

    def __init__(
        self, width_in: int, width_out: int, size: int, *, stride: int = 1, normalise: bool
    ):
        super().__init__()
        self.conv = nn.Conv2d(
            width_in, width_out, size, stride, padding=size // 2, bias=not normalise
        )
        self.norm = nn.BatchNorm2d(width_out, eps=1e-3) if normalise else nn.Identity()
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps ``(batch, width_out, y / stride, x / stride)``."""
        out: torch.Tensor = self.act(self.norm(self.conv(x)))
        return out


class Inception(nn.Module):
    """Four branches of one input, stacked: 1x1, 3x3, 5x5 (or 3x3 again), pooled.

    Parameters
    ----------
    width_in : int
        Maps of the input.
    widths : tuple of int
        As in ``MODULES``.
    size : int
        Kernel of the third branch.
    normalise : bool
        Use batch normalisation.
    """

    def __init__(self, width_in: int, widths: tuple[int, ...], *, size: int, normalise: bool):
        super().__init__()
        one, reduced, three, reduced_again, five, pooled = widths

        def convolution(width_in: int, width_out: int, size: int) -> nn.Module:
            return Convolution(width_in, width_out, size, normalise=normalise)

        self.one = convolution(width_in, one, 1)
        self.three = nn.Sequential(
            convolution(width_in, reduced, 1), convolution(reduced, three, 3)
        )
        self.five = nn.Sequential(
            convolution(width_in, reduced_again, 1), convolution(reduced_again, five, size)
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1), convolution(width_in, pooled, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of all branches, ``(batch, maps, y, x)`` of the size of the input."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], dim=1)


class SideHead(nn.Module):
    """An auxiliary head on maps ``(batch, width_in, y, x)`` of any size."""

    def __init__(self, width_in: int, *, normalise: bool):
        super().__init__()
        self.body = nn.Sequential(
            nn.AdaptiveAvgPool2d(_SIDE_GRID),
            Convolution(width_in, _SIDE_MAPS, 1, normalise=normalise),
            nn.Flatten(),
            nn.Linear(_SIDE_MAPS * _SIDE_GRID**2, _SIDE_UNITS),
            nn.ReLU(inplace=True),
            nn.Dropout(_SIDE_DROP),
        )
        self.last: nn.Module = nn.Identity()

    def reset(self, num_outputs: int) -> None:
        """A new last layer, like the rest; none for 0."""
        like = next(self.parameters())
        self.last = nn.Linear(_SIDE_UNITS, num_outputs) if num_outputs else nn.Identity()
        self.last.to(like.device, like.dtype).train(self.training)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)``."""
        logits: torch.Tensor = self.last(self.body(x))
        return logits


def _part(
    modules: tuple[tuple[int, ...] | None, ...], width: int, *, pooling: int, original: bool
) -> tuple[list[nn.Module], int]:
    """Modules and poolings of a part, and the width of what comes out."""
    made: list[nn.Module] = []
    for widths in modules:
        if widths is None:
            made.append(_halving(pooling))
            continue
        size = 5 if original else 3
        made.append(Inception(width, widths, size=size, normalise=not original))
        one, _, three, _, five, pooled = widths
        width = one + three + five + pooled
    return made, width


def _halving(size: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(size, 2, ceil_mode=True)
