"""FIRST-like cutouts of radio galaxies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from .anatomy import CLASSES, draw_sources

if TYPE_CHECKING:
    from .anatomy import Blobs

#: Pixels of FIRST, its beam (FWHM, round), and the side of a cutout.
PIXEL_SCALE_ARCSEC, BEAM_ARCSEC, SIZE = 1.8, 5.4, 150

#: Noise of FIRST in each beam.
NOISE_MJY = 0.15

#: Peak over noise: log-uniform.
PEAK_OVER_NOISE = (10.0, 800.0)

_BEAM_SIGMA = BEAM_ARCSEC / (2.0 * math.sqrt(2.0 * math.log(2.0)))

#: Other sources in a cutout, on average, and how bright they are over the source's peak.
_NEIGHBOURS, _MOST_NEIGHBOURS = 0.6, 3
_NEIGHBOUR_PEAKS = (0.02, 1.2)

#: Bent sources among the FRI where bent ones are no class of their own, as in MiraBest.
_BENT_AMONG_FRI = 0.15


class RadioGalaxies(Simulator):
    """Radio galaxies of the classes FRI, FRII and bent, as FIRST would show them.

    Cutouts of 150 x 150 pixels of 1.8 arcsec in mJy a beam, with a round beam of 5.4 arcsec.
    Sources are blobs along two arms (``anatomy``): edge-darkened jets that widen, hot spots
    with lobes, arms that are bent to one side. The peak is 10 to 800 times the noise of 0.15
    mJy, which is correlated over the beam. What makes it hard: sources of a few beams, FRI that
    flare or are mostly core, FRII with a bright core or one arm that is hardly there, arms that
    wander, and unrelated point sources, some as bright as the source and where a hot spot could
    be.

    It is an artist's idea of these classes: shapes and fluxes are our own choice, made with an
    eye on real cutouts, no catalogue was fitted, and real sources are more various. Sizes and
    peaks are about as spread as those of MiraBest. Hybrids, compact sources, double doubles and
    artefacts of the imaging are not drawn.

    Parameters
    ----------
    classes : int
        3, or 2 for FRI and FRII, where a part of the FRI is bent. Each is as frequent as the
        others.
    noise : float
        In units of FIRST's, 0 to 20.

    Raises
    ------
    UsageError
        One of them is no such number.
    """

    name = "first-radio"
    version = "2"
    summary = "FIRST-like radio galaxies: FRI, FRII, bent; 150x150 px"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=(Band(name="first-l"),),
            size=(SIZE, SIZE),
            pixel_scale_arcsec=PIXEL_SCALE_ARCSEC,
        ),
    )
    truth = (
        Column("morphology", "class: " + ", ".join(CLASSES), is_text=True),
        Column("angular_size", "from end to end along the arms", "arcsec"),
        Column("bend", "by how much the arms turn to one side", "rad"),
        Column("core_share", "share of the flux in the core"),
        Column("peak_over_noise", "of the source, before the noise"),
    )

    def __init__(self, classes: int = 3, *, noise: float = 1.0):
        if classes not in (2, 3):
            raise UsageError(f"classes must be 2 or 3, is {classes!r}.")
        if not (isinstance(noise, int | float) and 0.0 <= noise <= 20.0):
            raise UsageError(f"noise must be a number from 0 to 20, is {noise!r}.")
        self.classes = int(classes)
        self.noise = float(noise)

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` cutouts; see ``Simulator.draw``."""
        kind = torch.randint(self.classes, (count,), generator=generator)
        source = draw_sources(self._drawn_as(kind, generator), generator)
        images = paint(source.blobs)
        low, high = (math.log(value) for value in PEAK_OVER_NOISE)
        ratio = torch.exp(low + (high - low) * torch.rand(count, generator=generator))
        images = images / images.amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        images = images + self._neighbours(count, generator)
        images = images * (ratio * NOISE_MJY)[:, None, None]
        images = images + self.noise * NOISE_MJY * beam_noise(count, generator)
        truth = {
            "morphology": np.array(CLASSES)[kind.numpy()],
            "angular_size": source.size.numpy(),
            "bend": source.bend.numpy(),
            "core_share": source.core_share.numpy(),
            "peak_over_noise": ratio.numpy(),
        }
        return Simulated(arrays={"image": images[:, None]}, truth=truth)

    def _drawn_as(self, kind: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Shapes of the classes: where bent is no class, it is one of the shapes of FRI."""
        if self.classes == len(CLASSES):
            return kind
        bent = (kind == 0) & (torch.rand(len(kind), generator=generator) < _BENT_AMONG_FRI)
        return torch.where(bent, CLASSES.index("bent"), kind)

    def _neighbours(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Point sources that have nothing to do with the one in the middle."""
        numbers = torch.poisson(torch.full((count,), _NEIGHBOURS), generator=generator)
        there = torch.arange(_MOST_NEIGHBOURS) < numbers[:, None]
        shape = (count, _MOST_NEIGHBOURS)
        reach = 0.5 * SIZE * PIXEL_SCALE_ARCSEC
        x, y = ((2 * torch.rand(shape, generator=generator) - 1) * reach for _ in range(2))
        low, high = _NEIGHBOUR_PEAKS
        peak = (low + (high - low) * torch.rand(shape, generator=generator)) * there
        spots = _gaussians(x, y, torch.full(shape, _BEAM_SIGMA))
        return torch.einsum("nk,nky,nkx->nyx", peak, spots[1], spots[0])


def paint(blobs: Blobs) -> torch.Tensor:
    """Surface brightness ``(n, y, x)`` of blobs under the beam, in flux for each beam.

    A Gaussian that is convolved with a Gaussian beam is a Gaussian: nothing is sampled twice.
    A source of unit flux that is no larger than the beam has a peak of one.
    """
    sigma = torch.sqrt(blobs.sigma**2 + _BEAM_SIGMA**2)
    along_x, along_y = _gaussians(blobs.x, blobs.y, sigma)
    peak = blobs.flux * (_BEAM_SIGMA / sigma) ** 2
    return torch.matmul((along_y * peak[:, :, None]).mT, along_x)


def _gaussians(
    x: torch.Tensor, y: torch.Tensor, sigma: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Factors of round Gaussians of peak one along both axes, ``(n, k, pixel)``."""
    offsets = (torch.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_SCALE_ARCSEC
    scale = -0.5 / sigma[:, :, None] ** 2
    factors = [
        ((offsets - place[:, :, None]) ** 2 * scale).clamp_min(-80.0).exp() for place in (x, y)
    ]
    return factors[0], factors[1]


def beam_noise(count: int, generator: torch.Generator) -> torch.Tensor:
    """Noise of unit variance, correlated as white noise under the beam, ``(n, y, x)``."""
    white = torch.randn(count, SIZE, SIZE, generator=generator)
    frequency = torch.fft.fftfreq(SIZE)
    # White noise through a beam that is narrower by the root of two is correlated over it.
    width = _BEAM_SIGMA / math.sqrt(2.0) / PIXEL_SCALE_ARCSEC
    along = torch.exp(-2.0 * (math.pi * width * frequency) ** 2)
    transfer = along[:, None] * along[None, : SIZE // 2 + 1]
    full = along[:, None] * along[None, :]
    smooth: torch.Tensor = torch.fft.irfft2(torch.fft.rfft2(white) * transfer, s=(SIZE, SIZE))
    return smooth / full.square().mean().sqrt()
