"""Generator and discriminator of pix2pix (Isola et al. 2017), which GalaxyGAN uses."""

from __future__ import annotations

import torch
from torch import nn

from zoo_core import UsageError

from ._image_network import ImageNetwork

_SLOPE = 0.2

#: Widths grow up to so many times the first.
_WIDEST = 8

#: Decoder levels with dropout, from the innermost.
_DROPPED = 3


class Pix2PixUNet(ImageNetwork):
    """The U-Net of pix2pix: as many halvings as doublings, with the maps of each handed over.

    Down: 4x4 convolutions of stride 2, batch normalisation (not in the first and the
    innermost), leaky ReLU of slope 0.2, widths 1, 2, 4, 8, 8, ... times ``width``. Up: 4x4
    transposed convolutions, batch normalisation, ReLU, dropout of one half in the three
    innermost. 54,539,779 parameters with width 64, depth 8 and three bands in and out.

    Ours and different: the last doubling gives ``width`` channels, and a 1x1 head makes bands
    of them, without a tanh, which the stretched images do not need.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels in and out.
    width : int
        Channels of the first level; published with 64.
    depth : int
        Halvings; sides must be multiples of ``2 ** depth``. Published with 8, for 256 pixels.
    """

    def __init__(
        self, num_bands: int = 3, num_outputs: int = 3, *, width: int = 64, depth: int = 8
    ):
        super().__init__()
        if depth < 2 or width < 1:
            raise UsageError(
                f"width must be 1 or more and depth 2 or more; got {width} and {depth}."
            )
        widths = [width * min(2**level, _WIDEST) for level in range(depth)]
        self.down = nn.ModuleList()
        for level, out in enumerate(widths):
            into = widths[level - 1] if level else num_bands
            is_plain = level in (0, depth - 1)
            parts: list[nn.Module] = [] if not level else [nn.LeakyReLU(_SLOPE)]
            parts.append(nn.Conv2d(into, out, 4, 2, 1, bias=is_plain))
            if not is_plain:
                parts.append(nn.BatchNorm2d(out))
            self.down.append(nn.Sequential(*parts))
        self.up = nn.ModuleList()
        for level in reversed(range(depth)):
            into = widths[level] * (1 if level == depth - 1 else 2)
            out = widths[level - 1] if level else width
            parts = [nn.ReLU(), nn.ConvTranspose2d(into, out, 4, 2, 1, bias=False)]
            parts.append(nn.BatchNorm2d(out))
            if depth - 1 - level in range(1, 1 + _DROPPED) and level:
                parts.append(nn.Dropout(0.5))
            self.up.append(nn.Sequential(*parts))
        self.depth = depth
        self.num_features = width
        self.head = nn.Conv2d(width, num_outputs, 1)
        self._initialise()

    def _initialise(self) -> None:
        """Normal with a deviation of 0.02, as published."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(n, width, y, x)``."""
        step = 2**self.depth
        if x.shape[-1] % step or x.shape[-2] % step:
            raise UsageError(
                f"a U-Net of depth {self.depth} takes sides that are multiples of {step}, got "
                f"{tuple(x.shape[-2:])}."
            )
        kept = []
        for level in self.down:
            x = level(x)
            kept.append(x)
        x = self.up[0](kept.pop())
        for level in self.up[1:]:
            x = level(torch.cat([x, kept.pop()], dim=1))
        return x

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {
            "stem": r"^down\.0\.",
            "blocks": [(r"^down\.(\d+)", None), (r"^up\.(\d+)", (50,))],
        }


class PatchDiscriminator(nn.Module):
    """Says of each patch of an image whether it is true: the 70 x 70 PatchGAN.

    Five 4x4 convolutions, three of stride 2; leaky ReLU of slope 0.2; batch normalisation in
    all but the first and the last. 2,768,705 parameters with width 64 and six channels in.

    Parameters
    ----------
    num_bands : int
        Channels of input and image together.
    num_outputs : int
        Logits for each patch.
    width : int
        Channels of the first layer.
    """

    def __init__(self, num_bands: int = 6, num_outputs: int = 1, *, width: int = 64):
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(num_bands, width, 4, 2, 1),
            nn.LeakyReLU(_SLOPE),
        ]
        for into, out, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(into * width, out * width, 4, stride, 1, bias=False),
                nn.BatchNorm2d(out * width),
                nn.LeakyReLU(_SLOPE),
            ]
        self.body = nn.Sequential(*layers)
        self.num_features = 8 * width
        self.head: nn.Module = nn.Conv2d(8 * width, num_outputs, 4, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(n, 8 width, ...)`` of ``(n, channel, y, x)``."""
        features: torch.Tensor = self.body(x)
        return features

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Logits of the patches; ``pre_logits`` stops before."""
        return x if pre_logits else self.head(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, num_outputs, ...)``."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a new, randomly initialised head of ``num_classes`` outputs; none for 0."""
        like = next(self.parameters())
        self.head = (
            nn.Conv2d(
                self.num_features, num_classes, 4, 1, 1, device=like.device, dtype=like.dtype
            )
            if num_classes
            else nn.Identity()
        )

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {"stem": r"^body\.0\.", "blocks": [(r"^body\.(\d+)", None)]}

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError("PatchDiscriminator does not support gradient checkpointing")
