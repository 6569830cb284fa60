"""A network whose answer does not change when the sky is turned or seen in a mirror.

Convolutions over the group of quarter turns, with mirrors if asked (Cohen & Welling 2016,
ICML, section 6): a map is there in all orientations of the group, and turning the input turns
the maps and moves them around. After averaging over orientations and places nothing of the
orientation is left. Turns by other angles are not in the group; the averages make them matter
little, and how little is measured.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from zoo_core import UsageError

from ._classifier import Classifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_TURNS = 4

_LEAST_SIDE = 16

#: Of a look: pixels for each pixel of the image, at least and at most.
_CLOSEST = (0.1, 10.0)


def _transformed(kernel: torch.Tensor, turns: int, *, mirrored: bool) -> torch.Tensor:
    """A kernel ``(..., y, x)`` mirrored, then turned."""
    kernel = kernel.flip(-1) if mirrored else kernel
    return torch.rot90(kernel, turns, (-2, -1))


class Lifting(nn.Module):
    """From an image to maps in all orientations, ``(n, out * group, y, x)``."""

    def __init__(self, bands: int, out: int, kernel: int, *, mirrors: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, bands, kernel, kernel))
        self.mirrors = mirrors
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of an image ``(n, band, y, x)``."""
        kernels = [
            _transformed(self.weight, turn, mirrored=mirror)
            for mirror in ((False, True) if self.mirrors else (False,))
            for turn in range(_TURNS)
        ]
        stacked = torch.stack(kernels, dim=1).flatten(0, 1)
        return functional.conv2d(x, stacked, padding=self.weight.shape[-1] // 2)


class GroupConvolution(nn.Module):
    """From maps in all orientations to such maps."""

    def __init__(self, into: int, out: int, kernel: int, *, mirrors: bool):
        super().__init__()
        self.order = _TURNS * (2 if mirrors else 1)
        # Four axes, as memory formats want them: input map and orientation are one.
        self.weight = nn.Parameter(torch.empty(out, into * self.order, kernel, kernel))
        self.mirrors = mirrors
        fan = into * self.order * kernel**2
        nn.init.normal_(self.weight, 0.0, (2.0 / fan) ** 0.5)
        # What orientation h of the input is to orientation g of the output.
        places = torch.stack(
            [_moved(element, mirrors=mirrors) for element in range(self.order)]
        )
        self.register_buffer("places", places, persistent=False)
        self.places: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of maps ``(n, into * group, y, x)``."""
        split = self.weight.unflatten(1, (-1, self.order))
        kernels = []
        for element in range(self.order):
            turn, mirrored = element % _TURNS, element >= _TURNS
            moved = split[:, :, self.places[element]]
            kernels.append(_transformed(moved, turn, mirrored=mirrored))
        # Axes: output map, its orientation, input map, its orientation, rows, columns.
        stacked = torch.stack(kernels, dim=1).flatten(0, 1).flatten(1, 2)
        return functional.conv2d(x, stacked, padding=self.weight.shape[-1] // 2)


def _moved(element: int, *, mirrors: bool) -> torch.Tensor:
    """For each orientation ``h`` the one, ``g^-1 h``, whose kernel it meets.

    An element is a mirror (or none) followed by a turn: ``r^t m^s``.
    """
    turn, mirrored = element % _TURNS, element >= _TURNS
    found = []
    for other in range(_TURNS * (2 if mirrors else 1)):
        t, s = other % _TURNS, other >= _TURNS
        # g^-1 h with m r = r^-1 m.
        step = (turn - t) % _TURNS if mirrored else (t - turn) % _TURNS
        found.append(step + _TURNS * (mirrored != s))
    return torch.tensor(found)


class _Norm(nn.Module):
    """Batch normalisation with one scale for a map in all its orientations."""

    def __init__(self, maps: int, order: int):
        super().__init__()
        self.order = order
        self.norm = nn.BatchNorm3d(maps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        split = x.unflatten(1, (-1, self.order))
        normed: torch.Tensor = self.norm(split).flatten(1, 2)
        return normed


class Gaze(nn.Module):
    """Looks at the middle of an image several times, each time closer.

    Sources of two beams and of fifty then fill a similar number of pixels in one of the looks.
    Every look has ``side`` pixels a side and is a channel of each band; what lies beyond the
    image is 0. Cuts are symmetric, so that looks of a turned image are the turned looks.

    Parameters
    ----------
    side : int
        Pixels along a side of each look.
    zooms : sequence of float
        Pixels of a look for each pixel of the image, such as 0.5, 1 and 2.

    Examples
    --------
    >>> Gaze(72, (0.5, 1, 2))(torch.zeros(1, 1, 150, 150)).shape
    torch.Size([1, 3, 72, 72])
    """

    def __init__(self, side: int, zooms: Sequence[float]):
        super().__init__()
        self.side = side
        self.zooms = tuple(float(zoom) for zoom in zooms)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Looks ``(n, band * zoom, side, side)`` of ``(n, band, y, x)``."""
        looks = []
        for zoom in self.zooms:
            margins = []
            # From the last axis on, as padding is told; one that is too long is cut.
            for length in (x.shape[3], x.shape[2]):
                wanted = round(self.side / zoom)
                margin = (wanted + (wanted - length) % 2 - length) // 2
                margins += [margin, margin]
            look = functional.pad(x, margins)
            if look.shape[2:] != (self.side, self.side):
                size = [self.side, self.side]
                look = functional.interpolate(look, size, mode="bilinear", antialias=True)
            looks.append(look)
        return torch.stack(looks, dim=2).flatten(1, 2)


class _Halving(nn.Module):
    """Averages on a grid that is the same from all four sides, for odd lengths as for even."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = [3 if length % 2 else 2 for length in x.shape[2:]]
        edge = [length // 2 if length == 3 else 0 for length in size]
        return functional.avg_pool2d(x, size, 2, edge, count_include_pad=False)


class RotationEquivariant(Classifier):
    """A small residual-free network over quarter turns and mirrors.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels and outputs.
    width : int
        Maps of the first layer, each in all orientations; later ones have 2, 3, 4 and 4 times
        as many.
    mirrors : bool
        Also mirrors (D4), not only turns (C4).
    dropout : float
        Before the head.
    side : int
        Pixels a side of each look at the image (``Gaze``), 16 or more.
    zooms : sequence of float
        How close the looks are; one of 1 is the middle of the image as it is.

    Raises
    ------
    UsageError
        A width below one, looks that are too small, or none.

    Examples
    --------
    >>> network = RotationEquivariant(width=2).eval()
    >>> x = torch.rand(1, 1, 48, 48)
    >>> torch.allclose(network(x), network(torch.rot90(x, 1, (2, 3))), atol=1e-5)
    True
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 2,
        *,
        width: int = 4,
        mirrors: bool = True,
        dropout: float = 0.3,
        side: int = 72,
        zooms: Sequence[float] = (0.5, 1.0, 2.0),
    ):
        super().__init__()
        if width < 1:
            raise UsageError(f"width must be 1 or more, is {width}.")
        if side < _LEAST_SIDE:
            raise UsageError(f"side must be {_LEAST_SIDE} pixels or more, is {side}.")
        if not zooms or not all(_CLOSEST[0] <= zoom <= _CLOSEST[1] for zoom in zooms):
            raise UsageError(
                f"zooms must be numbers from {_CLOSEST[0]} to {_CLOSEST[1]}, are {list(zooms)}."
            )
        order = _TURNS * (2 if mirrors else 1)
        widths = [width, 2 * width, 3 * width, 4 * width, 4 * width]

        def after(maps: int) -> list[nn.Module]:
            return [_Norm(maps, order), nn.ReLU()]

        layers: list[nn.Module] = [
            nn.Sequential(
                Gaze(side, zooms),
                Lifting(num_bands * len(zooms), widths[0], 5, mirrors=mirrors),
                *after(widths[0]),
            )
        ]
        for number, (into, out) in enumerate(pairwise(widths)):
            kernel = 3 if number else 5
            layers.append(
                nn.Sequential(
                    _Halving(),
                    GroupConvolution(into, out, kernel, mirrors=mirrors),
                    *after(out),
                )
            )
        self.body = nn.Sequential(*layers)
        self.order = order
        self.num_features = 2 * widths[-1]
        self.neck = nn.Sequential(nn.Dropout(dropout))
        self.head = nn.Linear(self.num_features, num_outputs)

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs of means and maxima over orientations and places."""
        maps = x.unflatten(1, (-1, self.order)).flatten(2)
        pooled = torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1)
        vector: torch.Tensor = self.neck(pooled)
        return vector if pre_logits else self.head(vector)

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:  # noqa: ARG002
        """Parameter-name patterns from input to output, in timm's form."""
        return {"stem": r"^body\.0\.", "blocks": [(r"^body\.(\d+)", None)]}
