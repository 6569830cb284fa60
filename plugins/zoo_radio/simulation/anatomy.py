"""Radio galaxies as lists of Gaussian blobs: cores, jets, lobes, hot spots, bends.

Every class is two arms that leave a core. What tells them apart is where an arm is bright and
which way it runs: FRI fade outwards from near the core and widen; FRII end in hot spots, with
lobes that run back from them; bent ones have both arms swept to one side. All numbers are our
own choice, made to look like resolved sources of FIRST; no catalogue was fitted.

Lengths are arcsec, angles radians, fluxes shares of the source's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("FRI", "FRII", "bent")

#: Blobs of an arm, and of a source with its core.
ALONG = 14
BLOBS = 2 * ALONG + 1

#: The arms leave to opposite sides.
_SIDES = torch.tensor([1.0, -1.0])[None, :, None]

#: Angular sizes: median, scatter of the logarithm, least and most.
SIZES_ARCSEC = (50.0, 0.65, 14.0, 240.0)


class Blobs(NamedTuple):
    """Gaussians of sources, each ``(n, BLOBS)``; fluxes of a source add to one."""

    x: torch.Tensor
    y: torch.Tensor
    sigma: torch.Tensor
    flux: torch.Tensor


class Source(NamedTuple):
    """Blobs, and what they were made of: ``(n,)`` each."""

    blobs: Blobs
    size: torch.Tensor
    bend: torch.Tensor
    core_share: torch.Tensor


def draw_sources(kind: torch.Tensor, generator: torch.Generator) -> Source:
    """Sources of given classes.

    Parameters
    ----------
    kind : torch.Tensor
        ``(n,)`` int64, places in ``CLASSES``.
    generator : torch.Generator
        All random numbers come from it.
    """
    n = len(kind)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(n, *shape, generator=generator)

    median, scatter, least, most = SIZES_ARCSEC
    is_two, is_bent = kind == 1, kind == 2
    # Of bent ones the size is along the arms, which lie closer together than they are long.
    stretch = torch.where(is_two, 0.95, torch.where(is_bent, 2.0, 1.15))
    size = (stretch * median * torch.exp(scatter * normal())).clamp(least, most)
    # What is too small shows no bend, and nobody would call it bent.
    size = torch.where(is_bent, size.clamp_min(3.5 * least), size)
    # Bent sources are mostly tailed FRI; some, wide-angle tails, keep hot spots half way.
    has_spots = is_two | (is_bent & (uniform(0, 1) < 0.3))
    bend = torch.where(is_bent, uniform(0.9, 2.4), uniform(0.0, 0.5))
    bend = torch.where(is_two, uniform(0.0, 0.3), bend)
    is_core_bright = uniform(0, 1) < 0.15
    core_share = torch.where(
        has_spots,
        torch.where(is_core_bright, uniform(0.05, 0.25), uniform(0.0, 0.05)),
        torch.where(is_core_bright, uniform(0.3, 0.7), uniform(0.0, 0.3)),
    )
    turn = uniform(0.0, 2.0 * math.pi)
    spots, bent = has_spots[:, None, None], is_bent[:, None, None]
    # Of the two arms one is longer, and one brighter.
    longer = torch.exp(torch.where(spots, 0.2, 0.3) * normal(2, 1))
    brighter = torch.exp(0.55 * normal())
    t = ((torch.arange(ALONG) + 0.5) / ALONG + 0.02 * normal(2, ALONG)).clamp_min(0.0)
    # Arms wander: all FRI and tails do, and both to other sides (S) as well as to one (C).
    wander = torch.where(spots, 0.04, 0.16) * torch.cumsum(normal(2, ALONG), dim=2)
    wander = wander + torch.where(spots, 0.1, 0.35) * normal(1, 1) * t * _SIDES
    x, y = _run(t * longer, size, bend, uniform(0.7, 1.6), wander)
    x, y = (place + 0.03 * size[:, None, None] * t * normal(2, ALONG) for place in (x, y))
    # Some FRI end in wide, faint plumes that hold much of the flux.
    is_lobed = (uniform(0, 1) < 0.4)[:, None, None]
    power = torch.where(is_lobed, uniform(2.0, 4.0, 1, 1), uniform(0.6, 1.5, 1, 1))
    scale = torch.where(is_lobed, uniform(0.6, 3.0, 2, 1), uniform(0.2, 0.9, 2, 1))
    sigma = size[:, None, None] * torch.where(
        spots,
        0.015 + uniform(0.02, 0.17, 1, 1) * torch.sin(math.pi * t.clamp(0, 1) ** 1.5),
        0.012 + uniform(0.03, 0.16, 1, 1) * t**power,
    )
    # Tails are swept together, and narrow for their length.
    sigma = torch.where(bent, 0.6, 1.0) * sigma
    flux = torch.where(
        spots,
        _edge_brightened(t, _Lobe.drawn(uniform), bent),
        _edge_darkened(t, scale, uniform(0.02, 0.3, 2, 1)),
    )
    # Jets are patchy, and lobes hardly so; a jet may flare up once, well within its length.
    patchy = torch.where(has_spots, 0.35, 0.7)[:, None, None]
    flux = flux * torch.exp(patchy * normal(2, ALONG))
    # Plumes come and go along a jet.
    phase = 2.0 * math.pi * (t * uniform(0.5, 2.0, 2, 1) + uniform(0.0, 1.0, 2, 1))
    flux = flux * torch.exp(torch.where(spots, 0.2, 0.9) * torch.sin(phase))
    flare = torch.exp(-0.5 * ((t - uniform(0.08, 0.45, 2, 1)) / 0.05) ** 2)
    flares = ~spots & (uniform(0, 1, 1, 1) < 0.5)
    flux = flux + flares * flare * uniform(0.3, 2.0, 2, 1) * flux.amax(dim=2, keepdim=True)
    flux = flux / flux.sum(dim=2, keepdim=True)
    arms = torch.stack([brighter / (1 + brighter), 1 / (1 + brighter)], dim=1)
    flux = flux * (arms * (1.0 - core_share)[:, None])[:, :, None]
    zero = torch.zeros(n, 1)
    x = torch.cat([zero, x.flatten(1)], dim=1)
    y = torch.cat([zero, y.flatten(1)], dim=1)
    cosine, sine = torch.cos(turn)[:, None], torch.sin(turn)[:, None]
    blobs = Blobs(
        x * cosine - y * sine,
        x * sine + y * cosine,
        torch.cat([zero + 0.3, sigma.flatten(1)], dim=1),
        torch.cat([core_share[:, None], flux.flatten(1)], dim=1),
    )
    return Source(_centred(blobs), size, bend, core_share)


def _run(
    t: torch.Tensor,
    size: torch.Tensor,
    bend: torch.Tensor,
    power: torch.Tensor,
    wander: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the arms run, ``(n, 2, ALONG)``: out along x, and bent towards +y together.

    The direction turns by ``bend`` on the way to the end, as ``t ** power``, and by ``wander``.
    """
    half = 0.5 * size[:, None, None]
    angle = bend[:, None, None] * t ** power[:, None, None] + wander
    step = half * torch.diff(t, dim=2, prepend=torch.zeros_like(t[:, :, :1]))
    x = _SIDES * torch.cumsum(step * torch.cos(angle), dim=2)
    y = torch.cumsum(step * torch.sin(angle), dim=2)
    return x, y


def _edge_darkened(t: torch.Tensor, scale: torch.Tensor, rise: torch.Tensor) -> torch.Tensor:
    """Bright near the core, fading outwards: FRI."""
    return (1.0 - torch.exp(-t / rise)) * torch.exp(-t / scale) + 1e-4


class _Lobe(NamedTuple):
    """Of each arm ``(n, 2, 1)``: where the hot spot is, its share, how far the lobe reaches."""

    place: torch.Tensor
    share: torch.Tensor
    reach: torch.Tensor

    @classmethod
    def drawn(cls, uniform: Callable[..., torch.Tensor]) -> _Lobe:
        return cls(uniform(0.75, 1.0, 2, 1), uniform(0.04, 0.8, 2, 1), uniform(0.1, 0.6, 2, 1))


def _edge_brightened(t: torch.Tensor, lobe: _Lobe, is_bent: torch.Tensor) -> torch.Tensor:
    """A hot spot at the end and a lobe behind it: FRII; of bent ones it lies half way."""
    place = torch.where(is_bent, 0.5, lobe.place)
    spot = torch.exp(-0.5 * ((t - place) / 0.04) ** 2)
    behind = torch.where(is_bent, t > place, t < place + 0.1)
    tail = torch.exp(-(t - place).abs() / lobe.reach) * behind
    spot = spot / spot.sum(dim=2, keepdim=True).clamp_min(1e-6)
    tail = tail / tail.sum(dim=2, keepdim=True).clamp_min(1e-6)
    return lobe.share * spot + (1.0 - lobe.share) * tail + 1e-4


def _centred(blobs: Blobs) -> Blobs:
    """Half way between the middle of the light and the core, as catalogues place sources."""
    x0 = 0.5 * (blobs.x * blobs.flux).sum(dim=1, keepdim=True)
    y0 = 0.5 * (blobs.y * blobs.flux).sum(dim=1, keepdim=True)
    return blobs._replace(x=blobs.x - x0, y=blobs.y - y0)
