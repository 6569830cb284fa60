"""How the light of an object grows with radius: curve of growth and Petrosian radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

#: Pixels between two radii of a curve.
STEP = 0.25

#: The Petrosian radius is where the surface brightness there is this much of that inside.
_PETROSIAN_RATIO = 0.2


@dataclass(frozen=True, slots=True)
class Growth:
    """Light and number of pixels inside radii ``0, STEP, 2 STEP, ...``.

    Attributes
    ----------
    light, pixels : torch.Tensor
        ``(n, radius)``. A pixel counts in part where the circle crosses it.
    """

    light: torch.Tensor
    pixels: torch.Tensor

    def light_inside(self, radius: torch.Tensor) -> torch.Tensor:
        """Light within a radius of each object, ``(n,)`` pixels."""
        return _at(self.light, radius[:, None] / STEP)[:, 0]


def grow(flux: torch.Tensor, distance: torch.Tensor, largest: float) -> Growth:
    """Curve of growth.

    Parameters
    ----------
    flux, distance : torch.Tensor
        ``(n, pixel)``: light, and pixels from the centre.
    largest : float
        Radius up to which the curve goes, in pixels.
    """
    bins = int(largest / STEP) + 4
    # Half of a pixel's light is inside the circle through its middle.
    place = (distance / STEP + 0.5).clamp(max=bins - 1.001)
    left = place.floor().long()
    part = place - left

    def cumulative(values: torch.Tensor) -> torch.Tensor:
        found = values.new_zeros(len(values), bins)
        found.scatter_add_(1, left, values * (1.0 - part))
        found.scatter_add_(1, left + 1, values * part)
        sums = torch.nn.functional.pad(found.cumsum(dim=1), (2, 2), mode="replicate")
        sums[:, :2] = 0.0
        # The mean over one pixel along the radius: a circle takes pixels in gradually.
        ends = (sums[:, :-4] + sums[:, 4:]) / 2.0
        return (ends + sums[:, 1:-3] + sums[:, 2:-2] + sums[:, 3:-1]) / 4.0

    light, pixels = cumulative(flux), cumulative(torch.ones_like(flux))
    # The smallest circles cut one pixel or a few: their mean brightness times their true area.
    few = int(1.0 / STEP) + 1
    radius = STEP * torch.arange(few, device=flux.device, dtype=flux.dtype)
    area = math.pi * radius.square()
    light[:, :few] *= area / pixels[:, :few].clamp(min=0.1)
    pixels[:, :few] = area
    return Growth(light, pixels)


def petrosian_radius(growth: Growth, largest: float) -> torch.Tensor:
    """Where the surface brightness is a fifth of the mean inside (Petrosian 1976).

    The brightness is that of the ring from 0.8 to 1.25 radii, as in the Sloan survey.

    Returns
    -------
    torch.Tensor
        ``(n,)`` pixels; ``largest`` where the light does not fall off before.
    """
    first = int(1.0 / STEP)
    count = min(int(largest / STEP) + 1, growth.light.shape[1])
    index = torch.arange(count, device=growth.light.device, dtype=growth.light.dtype)
    index = index.expand(len(growth.light), -1)
    light, pixels = (
        _at(curve, 1.25 * index) - _at(curve, 0.8 * index)
        for curve in (growth.light, growth.pixels)
    )
    inside = growth.light[:, :count] / growth.pixels[:, :count]
    ratio = (light / pixels) / inside
    ratio[:, :first] = 1.0
    found = crossing(-ratio, torch.full_like(ratio[:, 0], -_PETROSIAN_RATIO))
    return torch.where(found.isnan(), largest, found * STEP)


def crossing(curve: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Index, with a fraction, at which a curve first reaches a level; NaN if nowhere.

    Parameters
    ----------
    curve : torch.Tensor
        ``(n, index)``.
    level : torch.Tensor
        ``(n,)``.
    """
    above = curve >= level[:, None]
    after = above.to(torch.uint8).argmax(dim=1)
    before = (after - 1).clamp(min=0)
    high = curve.gather(1, after[:, None])[:, 0]
    low = curve.gather(1, before[:, None])[:, 0]
    part = torch.where(high > low, (level - low) / (high - low), 0.0)
    found = before + part
    found = torch.where(after == 0, 0.0, found)
    return torch.where(above.any(dim=1), found, torch.nan)


def _at(curve: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """A curve ``(n, index)`` between its points; its last value beyond them."""
    index = index.clamp(0.0, curve.shape[1] - 1.0)
    left = index.floor().long()
    right = (left + 1).clamp(max=curve.shape[1] - 1)
    part = index - left
    return curve.gather(1, left) * (1.0 - part) + curve.gather(1, right) * part
