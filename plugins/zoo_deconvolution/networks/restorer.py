"""A residual restorer of our own: it learns what is wrong with the image."""

from __future__ import annotations

import torch
from torch import nn

from zoo_core import UsageError

from ._image_network import ImageNetwork

#: Sides are multiples of this: two halvings.
STEP = 4


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, without statistics (Lim et al. 2017, EDSR).

    What such blocks make of a pixel depends on its neighbourhood alone, so that a window of an
    image gives what the whole image gives.
    """

    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = x + self.body(x)
        return changed


class ResidualRestorer(ImageNetwork):
    """A U-shaped network of residual blocks on three scales, and the image itself.

    The head sees the last feature maps and the input, and begins as the identity: untrained,
    the network gives the image back.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels in and out.
    width : int
        Channels of the finest scale; twice and four times that on the others.
    blocks : list of int
        Residual blocks on the way down, from the finest scale; the first two again on the way
        up.

    Examples
    --------
    >>> network = ResidualRestorer(width=4).eval()
    >>> x = torch.rand(1, 3, 32, 32)
    >>> torch.allclose(network(x), x, atol=1e-5)
    True
    """

    def __init__(
        self,
        num_bands: int = 3,
        num_outputs: int = 3,
        *,
        width: int = 24,
        blocks: tuple[int, ...] | list[int] = (1, 1, 4),
    ):
        super().__init__()
        if len(blocks) != 3 or min(blocks) < 1 or width < 1:
            raise UsageError(
                f"blocks must be three numbers from 1 up and width 1 or more; got "
                f"{list(blocks)} and {width}."
            )
        fine, middle, coarse = width, 2 * width, 4 * width
        self.stem = nn.Conv2d(num_bands, fine, 3, padding=1)
        self.down = nn.ModuleList(
            [
                _blocks(fine, blocks[0]),
                nn.Sequential(nn.Conv2d(fine, middle, 2, 2), _blocks(middle, blocks[1])),
                nn.Sequential(nn.Conv2d(middle, coarse, 2, 2), _blocks(coarse, blocks[2])),
            ]
        )
        self.raise_ = nn.ModuleList(
            [nn.ConvTranspose2d(coarse, middle, 2, 2), nn.ConvTranspose2d(middle, fine, 2, 2)]
        )
        self.up = nn.ModuleList([_blocks(middle, blocks[1]), _blocks(fine, blocks[0])])
        self.num_features = fine + num_bands
        head = nn.Conv2d(self.num_features, num_outputs, 1)
        self.head = head
        self._begin_as_identity(head, num_bands)

    def _begin_as_identity(self, head: nn.Conv2d, num_bands: int) -> None:
        for module in self.modules():
            if isinstance(module, _Block):
                # Each block begins nearly as its shortcut: deep stacks start gently.
                weight, bias = module.body[-1].parameters()
                nn.init.normal_(weight, 0.0, 1e-3)
                nn.init.zeros_(bias)
        for parameter in head.parameters():
            nn.init.zeros_(parameter)
        fine = self.num_features - num_bands
        with torch.no_grad():
            for band in range(head.out_channels):
                head.weight[band, fine + band % num_bands] = 1.0

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps and the input ``(n, num_features, y, x)``."""
        if x.shape[-1] % STEP or x.shape[-2] % STEP:
            raise UsageError(
                f"this network takes sides that are multiples of {STEP}, got "
                f"{tuple(x.shape[-2:])}."
            )
        fine = self.down[0](self.stem(x))
        middle = self.down[1](fine)
        coarse = self.down[2](middle)
        middle = self.up[0](middle + self.raise_[0](coarse))
        fine = self.up[1](fine + self.raise_[1](middle))
        return torch.cat([fine, x.to(fine.dtype)], dim=1)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {
            "stem": r"^stem",
            "blocks": [
                (r"^down\.(\d+)", None),
                (r"^raise_\.(\d+)", (50,)),
                (r"^up\.(\d+)", (60,)),
            ],
        }


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(width) for _ in range(count)))
