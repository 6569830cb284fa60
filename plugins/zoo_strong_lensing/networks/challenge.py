"""Networks of the lens-finding challenge (Metcalf et al. 2019) and of the searches around it.

Layers are those that the paper or the authors' code state; what neither does is said to be
ours. All have timm's method names and take any number of bands and outputs.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from zoo_core import UsageError


class FinderNetwork(nn.Module):
    """Convolutions, then ``neck`` (a vector), then ``head``.

    A subclass sets ``body`` (numbered layers), ``neck`` and ``num_features`` and calls
    ``_finish``.
    """

    body: nn.Sequential
    neck: nn.Sequential
    head: nn.Module
    num_features: int

    def _finish(self, num_outputs: int) -> None:
        head = nn.Linear(self.num_features, num_outputs)
        self.head = head
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # A head as large as the layers below begins with logits that are far off; the first
        # steps against them leave units of a ReLU that never speak again.
        nn.init.normal_(head.weight, std=0.001)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps of ``(n, band, y, x)``."""
        features: torch.Tensor = self.body(x)
        return features

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs ``(n, num_outputs)``; ``pre_logits`` stops at ``(n, num_features)``."""
        vector: torch.Tensor = self.neck(x)
        return vector if pre_logits else self.head(vector)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(n, num_outputs)`` of ``(n, band, y, x)``."""
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

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {
            "stem": r"^body\.0\.",
            "blocks": [(r"^body\.(\d+)", None), (r"^neck\.(\d+)", (90,))],
        }

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: the network is small enough to keep its activations."""
        if enable:
            raise ValueError(f"{type(self).__name__} does not support gradient checkpointing")


class ScaledReLU(nn.Module):
    """Of a normal variable this has mean 0 and variance 1: (sqrt(2 pi) max(0, x) - 1) / ..."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of any shape."""
        return (math.sqrt(2.0 * math.pi) * x.clamp_min(0.0) - 1.0) / math.sqrt(math.pi - 1.0)


def _flat(body: nn.Module, num_bands: int, size: tuple[int, int] | list[int], who: str) -> int:
    """Numbers that the convolutions make of an image."""
    if len(size) != 2:
        raise UsageError(f"{who} needs rows and columns in input_size, got {list(size)}.")
    try:
        with torch.no_grad():
            was = body.training
            made = body.eval()(torch.zeros(1, num_bands, *size))
            body.train(was)
    except RuntimeError as error:
        raise UsageError(
            f"{who} cannot take images of {list(size)} pixels: too small."
        ) from error
    return int(made.numel())


class Petrillo2017(FinderNetwork):
    """The first network for KiDS (Petrillo et al. 2017), as CMU's public code rebuilds it.

    7 x 7 of 32 maps, 3 x 3 of 64, 128 and 128, two halvings, two layers of 1024; batch
    normalisation and ReLU. 17.2 million parameters for one band of 45 x 45.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels and outputs.
    input_size : list of int
        Rows and columns.
    dense : int
        Units of the two layers; published with 1024, which hold nearly all parameters.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (60, 60),
        dense: int = 1024,
    ):
        super().__init__()

        def layer(into: int, out: int, kernel: int, *, halves: bool) -> nn.Sequential:
            parts = [
                nn.Conv2d(into, out, kernel, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(),
            ]
            return nn.Sequential(*parts, *([nn.MaxPool2d(2)] if halves else []))

        self.body = nn.Sequential(
            layer(num_bands, 32, 7, halves=True),
            layer(32, 64, 3, halves=True),
            layer(64, 128, 3, halves=False),
            layer(128, 128, 3, halves=False),
        )
        flat = _flat(self.body, num_bands, input_size, "petrillo2017")
        self.num_features = dense
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(flat, dense), nn.ReLU()),
            nn.Sequential(nn.Dropout(0.5), nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(0.5)),
        )
        self._finish(num_outputs)


class Jacobs2017(FinderNetwork):
    """The network of Jacobs et al. (2017) and of CAS Swinburne in the challenge.

    11 x 11, 5 x 5 and 3 x 3 convolutions, each with ReLU and a 3 x 3 pooling, batch
    normalisation after the first, two layers of 1024 with dropout. Numbers of maps (96, 128,
    256) are not published; they are ours.

    Parameters
    ----------
    num_bands, num_outputs, input_size, dense
        As of ``Petrillo2017``.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 4,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (60, 60),
        dense: int = 1024,
    ):
        super().__init__()
        self.body = nn.Sequential(
            nn.Sequential(
                nn.Conv2d(num_bands, 96, 11, padding=5, bias=False),
                nn.BatchNorm2d(96),
                nn.ReLU(),
                nn.MaxPool2d(3),
            ),
            nn.Sequential(nn.Conv2d(96, 128, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3)),
            nn.Sequential(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3)),
        )
        flat = _flat(self.body, num_bands, input_size, "jacobs2017")
        self.num_features = dense
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(flat, dense), nn.ReLU(), nn.Dropout(0.5)),
            nn.Sequential(nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(0.5)),
        )
        self._finish(num_outputs)


class Lastro(FinderNetwork):
    """LASTRO EPFL (Schaefer et al. 2018): four pairs of convolutions and a scaled ReLU.

    4 x 4 and 3 x 3 of 16 maps, pairs of 3 x 3 of 32, 64 and 128, all without margins, three
    halvings, three layers of 1024. The paper states 5.674 million parameters for four bands of
    101 x 101.

    Parameters
    ----------
    num_bands, num_outputs, input_size
        As of ``Petrillo2017``.
    dropout : float
        Published without its share; a half is ours.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 4,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (101, 101),
        dropout: float = 0.5,
    ):
        super().__init__()

        def pair(
            into: int, out: int, first: int, *, halves: bool, drops: bool
        ) -> nn.Sequential:
            parts: list[nn.Module] = [
                nn.Conv2d(into, out, first), ScaledReLU(),
                *([nn.Dropout(dropout)] if not halves else []),
                nn.Conv2d(out, out, 3), ScaledReLU(),
            ]  # fmt: skip
            if halves:
                parts.append(nn.MaxPool2d(2))
            parts.append(nn.BatchNorm2d(out))
            if drops:
                parts.append(nn.Dropout(dropout))
            return nn.Sequential(*parts)

        self.body = nn.Sequential(
            pair(num_bands, 16, 4, halves=True, drops=False),
            pair(16, 32, 3, halves=True, drops=False),
            pair(32, 64, 3, halves=True, drops=True),
            pair(64, 128, 3, halves=False, drops=True),
        )
        flat = _flat(self.body, num_bands, input_size, "lastro")
        self.num_features = 1024
        self.neck = nn.Sequential(
            nn.Sequential(
                nn.Flatten(), nn.Linear(flat, 1024), ScaledReLU(), nn.Dropout(dropout)
            ),
            nn.Sequential(nn.Linear(1024, 1024), ScaledReLU(), nn.Dropout(dropout)),
            nn.Sequential(nn.Linear(1024, 1024), ScaledReLU(), nn.BatchNorm1d(1024)),
        )
        self._finish(num_outputs)


class AstrOmatic(FinderNetwork):
    """AstrOmatic (Bertin) in the challenge: three convolutions, two small layers, ELU.

    11 x 11 of 32 maps, 5 x 5 and 3 x 3 of 64, layers of 256 and 64. Where it halves is not
    stated; after each convolution is ours.

    Parameters
    ----------
    num_bands, num_outputs, input_size
        As of ``Petrillo2017``.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 4,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (101, 101),
    ):
        super().__init__()

        def layer(into: int, out: int, kernel: int) -> nn.Sequential:
            # Of three units two are kept.
            return nn.Sequential(
                nn.Conv2d(into, out, kernel, padding=kernel // 2),
                nn.ELU(),
                nn.MaxPool2d(2),
                nn.Dropout(1.0 / 3.0),
            )

        self.body = nn.Sequential(layer(num_bands, 32, 11), layer(32, 64, 5), layer(64, 64, 3))
        flat = _flat(self.body, num_bands, input_size, "astromatic")
        self.num_features = 64
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(flat, 256), nn.ELU(), nn.Dropout(0.5)),
            nn.Sequential(nn.Linear(256, 64), nn.ELU(), nn.Dropout(0.5)),
        )
        self._finish(num_outputs)


class Gamoclass(FinderNetwork):
    """GAMOCLASS (Tuccillo, Huertas-Company) in the challenge: three growing convolutions.

    3 x 3 with ReLU and a 3 x 3 pooling, then a layer with dropout. Widths (32, 64, 128) and the
    layer (128) are not published; they are ours.

    Parameters
    ----------
    num_bands, num_outputs, input_size
        As of ``Petrillo2017``.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        *,
        input_size: tuple[int, int] | list[int] = (101, 101),
    ):
        super().__init__()

        def layer(into: int, out: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(into, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3))

        self.body = nn.Sequential(layer(num_bands, 32), layer(32, 64), layer(64, 128))
        flat = _flat(self.body, num_bands, input_size, "gamoclass")
        self.num_features = 128
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(flat, 128), nn.ReLU(), nn.Dropout(0.5))
        )
        self._finish(num_outputs)
