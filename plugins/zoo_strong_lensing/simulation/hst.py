"""HST-like images of lensed arcs alone, the light of the lens taken away."""

from __future__ import annotations

import torch

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from . import canvas, hst_noise, hst_priors, population
from .draw import Draw
from .grid import Grid

#: Side of the image and of a pixel.
SIZE, PIXEL_SCALE_ARCSEC = 192, 0.04

#: Pixels around the frame that light is smeared in from.
MARGIN = 12

#: Rms of what a subtraction of the lens light leaves in each pixel, as a share of the image.
_LEFT_OVER = 0.01

#: Rms of the level, and of the scale that the peak is brought to.
_OFFSET, _SCALE = 0.05, 0.01


class HstLens(Simulator):
    """Lensed galaxies behind a singular isothermal ellipsoid, for measuring the lens.

    Images of 192 x 192 pixels of 0.04 arcsec without the light of the lens, brought to a
    peak of one. Priors, acceptance, and the chain of observation follow Hezaveh, Perreault
    Levasseur & Marshall (2017, Nature 548, 555) as their public code has them: Einstein
    radius flat in 0.1 to 3 arcsec; ellipticity ``1 - q`` flat in 0 to 0.9; centre within 0.3
    arcsec an axis; magnification 2 or more and 98 % of the flux in the frame; then in this
    order a relative scatter of 1 % in each pixel, a Gaussian PSF (0.1 to 2 pixels), photon
    noise (50 to 1,000 electrons at the peak), cosmic rays (up to half the peak), Gaussian
    noise of 1 to 10 % of the peak that is mostly correlated, masks, and a level.

    Ours: sources are clumpy Sersic galaxies instead of photographs, cosmic rays are drawn
    tracks, noise is correlated over a Gaussian, and masks (which
    the published code has but switches off) cover parts of a quarter of the images.

    Ellipticity is told as ``e cos 2 phi`` and ``e sin 2 phi`` with ``e = 1 - q`` and the angle
    of the major axis, so that one ellipse has one pair of numbers.

    Parameters
    ----------
    masked : float
        Share of the images with masks, 0 to 1.

    Raises
    ------
    UsageError
        It is no such number.
    """

    name = "hst-lens"
    version = "1"
    summary = "HST-like images of lensed arcs without lens light, 192x192 px"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=(Band(name="hst"),),
            size=(SIZE, SIZE),
            pixel_scale_arcsec=PIXEL_SCALE_ARCSEC,
        ),
    )
    truth = (
        Column("einstein_radius", "Einstein radius of the SIE", "arcsec"),
        Column("ellipticity1", "(1 - q) cos 2 phi of the mass"),
        Column("ellipticity2", "(1 - q) sin 2 phi of the mass"),
        Column("center_x", "of the lens, to the right of the middle", "arcsec"),
        Column("center_y", "of the lens, above the middle", "arcsec"),
        Column("axis_ratio", "minor over major axis of the mass"),
        Column("position_angle", "of the major axis, counter-clockwise from +x", "rad"),
        Column("magnification", "total flux of the lensed image over that of the source"),
        Column("psf_sigma", "standard deviation of the Gaussian PSF; 0 without", "arcsec"),
        Column("noise", "standard deviation of the Gaussian noise over the peak"),
        Column("source_x", "of the source, relative to the lens", "arcsec"),
        Column("source_y", "of the source, relative to the lens", "arcsec"),
        Column("source_half_light", "half-light radius of the source", "arcsec"),
    )
    chunk_size = 128

    def __init__(self, masked: float = 0.25):
        if not (isinstance(masked, int | float) and 0.0 <= masked <= 1.0):
            raise UsageError(f"masked must be a number from 0 to 1, is {masked!r}.")
        self.masked = float(masked)
        self.grid = Grid(
            size=SIZE, pixel_scale_arcsec=PIXEL_SCALE_ARCSEC, oversampling=1, margin=MARGIN
        )

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` images; see ``Simulator.draw``."""
        draw = Draw(generator)
        lens = hst_priors.systems(draw, count, frame_arcsec=SIZE * PIXEL_SCALE_ARCSEC)
        images = torch.zeros(count, self.grid.subpixels, self.grid.subpixels)
        canvas.paint_lensed(images, self.grid, lens, population.CLUMPS)
        sigma = draw.uniform(count, *hst_noise.PSF_SIGMA) * hst_noise.touched(draw, count)
        images, rms = self._observe(draw, hst_noise.to_peak(images), sigma)
        truth = {
            **truth_of(lens),
            "psf_sigma": sigma * PIXEL_SCALE_ARCSEC,
            "noise": rms,
        }
        return Simulated(
            arrays={"image": images[:, None]},
            truth={column.name: truth[column.name].numpy() for column in self.truth},
        )

    def _observe(
        self, draw: Draw, images: torch.Tensor, sigma: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The chain of observation; also the noise of each image ``(n,)``."""
        scatter = torch.randn(images.shape, generator=draw.generator)
        images = images + _LEFT_OVER * images * scatter
        images = hst_noise.smooth(images, sigma)
        images = images[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        images = hst_noise.count_photons(draw, hst_noise.to_peak(images))
        images, rms = hst_noise.noise(draw, hst_noise.hit(draw, images))
        images = hst_noise.mask(draw, images, self.masked, PIXEL_SCALE_ARCSEC)
        count = len(images)
        scale = draw.normal(count, 1.0, _SCALE)[:, None, None]
        return images * scale + draw.normal(count, 0.0, _OFFSET)[:, None, None], rms


def truth_of(lens: canvas.Components) -> canvas.Components:
    """Columns of the truth that a list of lenses tells."""
    ratio, angle = lens["mass_axis_ratio"], lens["mass_angle"]
    return {
        "einstein_radius": lens["einstein_radius"],
        "ellipticity1": (1.0 - ratio) * torch.cos(2.0 * angle),
        "ellipticity2": (1.0 - ratio) * torch.sin(2.0 * angle),
        "center_x": lens["x"],
        "center_y": lens["y"],
        "axis_ratio": ratio,
        "position_angle": torch.remainder(angle, torch.pi),
        "magnification": lens["magnification"],
        "source_x": lens["source_x"],
        "source_y": lens["source_y"],
        "source_half_light": lens["source_half_light"],
    }
