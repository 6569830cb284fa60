"""HST-like images of lensed arcs around the light of the lens, in three bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from . import canvas, hst_noise, hst_priors, population
from .draw import Draw
from .grid import Grid
from .hst import MARGIN, PIXEL_SCALE_ARCSEC, SIZE, HstLens, truth_of

if TYPE_CHECKING:
    from .canvas import Components

#: From blue to red. The arcs are told in the first.
BANDS = ("hst-f475w", "hst-f606w", "hst-f814w")

#: Flux of a galaxy in the three bands, least and most: blue sources, red lenses.
_SOURCE = ((1.0, 1.0), (0.8, 1.1), (0.5, 0.9))
_LENS = ((0.08, 0.25), (0.35, 0.6), (1.0, 1.0))

#: Width of the PSF in each band over that of the middle one.
_WIDTHS = (0.9, 1.0, 1.15)

#: Peak of the lens in the reddest band over the peak of the arcs in the bluest.
BRIGHTNESS = (1.0, 20.0)


class HstBlend(Simulator):
    """The lenses of ``hst-lens`` with the light of the lens galaxy, in three bands.

    For taking that light away. Systems are drawn as for ``hst-lens``; the lens is a Sersic
    profile of index 2 to 6 on the centre of the mass, aligned with it and rounder. All of it is
    our own choice: colours that differ between lens and source but not within them, PSFs that
    differ a little between the bands, white noise of 1 to 10 % of the peak of the arcs in each
    band, and a lens whose peak is 1 to 20 times that of the arcs.
    """

    name = "hst-blend"
    version = "1"
    summary = "HST-like arcs with the light of the lens, in three bands, 192x192 px"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=tuple(Band(name=band) for band in BANDS),
            size=(SIZE, SIZE),
            pixel_scale_arcsec=PIXEL_SCALE_ARCSEC,
        ),
    )
    truth = (
        *(column for column in HstLens.truth if column.name != "psf_sigma"),
        Column("psf_sigma", "standard deviation of the PSF in the middle band", "arcsec"),
        Column("brightness", "peak of the lens in the reddest band over that of the arcs"),
        Column("lens_half_light", "half-light radius of the lens", "arcsec"),
    )
    maps = (
        Column("lens_light", "the lens in the bluest band, without noise"),
        Column("arcs", "the arcs in the bluest band, without noise"),
    )
    chunk_size = 64

    def __init__(self) -> None:
        self.grid = Grid(
            size=SIZE, pixel_scale_arcsec=PIXEL_SCALE_ARCSEC, oversampling=1, margin=MARGIN
        )

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` images; see ``Simulator.draw``."""
        draw = Draw(generator)
        lens = hst_priors.systems(draw, count, frame_arcsec=SIZE * PIXEL_SCALE_ARCSEC)
        light = _lens_light(draw, lens)
        side = self.grid.subpixels
        arcs, galaxy = torch.zeros(count, side, side), torch.zeros(count, side, side)
        canvas.paint_lensed(arcs, self.grid, lens, population.CLUMPS)
        canvas.paint_sersic(galaxy, self.grid, light)
        sigma = draw.uniform(count, 0.5, 2.0)
        brightness = draw.log_uniform(count, *BRIGHTNESS)
        rms = draw.uniform(count, *hst_noise.NOISE)
        # Peaks are those after the PSF, so that one pixel of a cusp does not set the scale.
        arcs_seen = _seen(arcs, sigma, 0)
        peaks = [_peak(arcs_seen), _peak(_seen(galaxy, sigma, 2))]
        planes = []
        parts: dict[str, torch.Tensor] = {}
        for band in range(len(BANDS)):
            of_source = draw.uniform(count, *_SOURCE[band]) / peaks[0]
            of_lens = brightness * draw.uniform(count, *_LENS[band]) / peaks[1]
            source = _seen(arcs, sigma, band) * of_source[:, None, None]
            blended = _seen(galaxy, sigma, band) * of_lens[:, None, None]
            noise = torch.randn(source.shape, generator=generator)
            planes.append(source + blended + rms[:, None, None] * noise)
            if not band:
                parts = {"lens_light": blended.clamp_min(0.0), "arcs": source.clamp_min(0.0)}
        truth = {
            **truth_of(lens),
            "psf_sigma": sigma * PIXEL_SCALE_ARCSEC,
            "noise": rms,
            "brightness": brightness,
            "lens_half_light": light["half_light"],
        }
        return Simulated(
            arrays={"image": torch.stack(planes, dim=1)},
            truth={column.name: truth[column.name].numpy() for column in self.truth},
            maps=parts,
        )


def _lens_light(draw: Draw, lens: Components) -> Components:
    """The galaxy on each mass: rounder than it, nearly aligned, as large as its radius."""
    n = len(lens["owner"])
    return {
        "owner": lens["owner"],
        "flux": torch.ones(n),
        "x": lens["x"],
        "y": lens["y"],
        "half_light": lens["einstein_radius"] * draw.uniform(n, 0.4, 1.2) + 0.1,
        "index": draw.uniform(n, 2.0, 6.0),
        "axis_ratio": 1.0 - 0.6 * (1.0 - lens["mass_axis_ratio"]),
        "angle": lens["mass_angle"] + draw.normal(n, 0.0, 0.1),
    }


def _seen(images: torch.Tensor, sigma: torch.Tensor, band: int) -> torch.Tensor:
    """Under the PSF of a band, without the margin."""
    return hst_noise.smooth(images, sigma * _WIDTHS[band])[:, MARGIN:-MARGIN, MARGIN:-MARGIN]


def _peak(images: torch.Tensor) -> torch.Tensor:
    return images.flatten(1).amax(1).clamp_min(1e-12)
