"""LSST-like single-exposure cutouts of galaxy-scale strong lenses and their imitators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from . import canvas, negatives, population
from .draw import Draw
from .grid import Grid

if TYPE_CHECKING:
    from .canvas import Components

#: Electrons per nJy of a 30 s exposure (our choice: about an LSST visit in g).
ELECTRONS_PER_NANOJANSKY = 1.8


class LsstLens(Simulator):
    """Lenses and non-lenses as an LSST-like single g exposure would show them.

    Cutouts of 45 x 45 pixels of 0.2 arcsec in nJy. A lens is a singular isothermal
    ellipsoid with external shear, the Sersic light of an early-type galaxy, and the lensed
    image of a clumpy Sersic source. A non-lens is an elliptical, a field galaxy, or one of
    the hard negatives: spiral with arms, ring, merger with tidal tails, edge-on disc, group,
    star with spikes. Chance companions are added to all of them alike.

    The image is convolved with an elliptical Moffat PSF (FWHM log-normal about 0.80 arcsec,
    scatter 0.15 in the logarithm, cut at 0.55 and 1.30; beta 2.5 to 4.5; ellipticity up to
    0.08). Noise is Gaussian with the variance of sky and source photons: the sky level
    comes from a 5-sigma point-source depth drawn about 24.8 mag (rms 0.2), the source
    photons from 1.8 electrons per nJy; a residual sky offset of 5 % of the noise stays.

    Lens priors: ``population.lens_mass`` and ``population.source``. Signal-to-noise ratio
    of the lensed source: log-uniform in [5, 100], with ::

        S/N = sqrt(sum_i s_i^2 / sigma_i^2)

    over the pixels of the cutout, ``s`` the noiseless lensed image after the PSF and
    ``sigma^2`` the variance of sky, lens light and companions. The published priors and the
    published definition of the ratio were not found: all of these are our own choices.

    Truth columns beside ``lens``: see ``truth``.

    Parameters
    ----------
    lens_fraction : float
        Probability that an object is a lens, 0 to 1; the others are non-lenses.
    seeing_arcsec : float
        Median FWHM of the PSF, 0.4 to 2 arcsec; scatter and cuts scale with it.
    depth : float
        Mean 5-sigma depth of point sources, 20 to 28 mag; the cuts
        move with it.

    Raises
    ------
    UsageError
        One of them is no such number.
    """

    name = "lsst-lens"
    version = "1"
    summary = "LSST-like single g exposures: lenses and hard negatives, 45x45 px"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=(Band(name="lsst-g", unit="nJy"),),
            size=(45, 45),
            pixel_scale_arcsec=0.2,
        ),
    )
    truth = (
        Column("lens", "1 for a lens, 0 for a non-lens"),
        Column("kind", "kind of object: " + ", ".join(population.KINDS)),
        Column("einstein_radius", "Einstein radius of the SIE; NaN for non-lenses", "arcsec"),
        Column("signal_to_noise", "of the lensed source, as defined by the simulator"),
        Column("axis_ratio", "minor over major axis of the SIE mass"),
        Column("position_angle", "of the SIE major axis, counter-clockwise from +x", "rad"),
        Column("shear1", "external shear along the pixel axes"),
        Column("shear2", "external shear along the diagonals"),
        Column("magnification", "total flux of the lensed image over that of the source"),
        Column("magnitude", "g of the whole noiseless scene", "mag"),
        Column(
            "lensed_source_magnitude",
            "g of the lensed source, inside and outside the cutout",
            "mag",
        ),
        Column("psf_fwhm", "full width at half maximum of the PSF", "arcsec"),
        Column("sky_sigma", "rms of the sky noise per pixel", "nJy"),
    )
    maps = (Column("lensed_light", "S/N of the lensed source in each pixel, without noise"),)

    def __init__(
        self, lens_fraction: float = 0.5, *, seeing_arcsec: float = 0.8, depth: float = 24.8
    ):
        self.lens_fraction = _between(0.0, 1.0, "lens_fraction", lens_fraction)
        self.seeing_arcsec = _between(0.4, 2.0, "seeing_arcsec", seeing_arcsec)
        self.depth = _between(20.0, 28.0, "depth", depth)
        self.grid = Grid()

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` cutouts; see ``Simulator.draw``."""
        draw = Draw(generator)
        kinds = self._kinds(draw, count)
        image = torch.zeros(count, self.grid.subpixels, self.grid.subpixels)
        lenses = torch.nonzero(kinds == 0)[:, 0]
        light = population.elliptical(draw, lenses)
        canvas.paint_sersic(image, self.grid, light)
        self._paint_negatives(draw, image, kinds)
        self._paint_companions(draw, image)
        psf, fwhm = self._psf(draw, count)
        scene = self.grid.observe(image, psf)
        sky = self._sky_sigma(draw, fwhm)
        truth = _empty_truth(count)
        lensed = torch.zeros_like(scene)
        if len(lenses):
            lensed[lenses] = self._add_lensed(draw, light, psf, sky, scene, truth)
        variance = sky[:, None, None].square() + scene.clamp_min(0) / ELECTRONS_PER_NANOJANSKY
        noise = torch.randn(scene.shape, generator=generator)
        offset = draw.normal(count, 0.0, 0.05) * sky
        observed = scene + variance.sqrt_() * noise + offset[:, None, None]
        truth["lens"] = (kinds == 0).long()
        truth["magnitude"] = population.magnitude_from_flux(scene.sum(dim=(-2, -1)))
        truth["psf_fwhm"] = fwhm
        truth["sky_sigma"] = sky
        columns = {name: values.numpy() for name, values in truth.items()}
        columns["kind"] = population.kind_names(kinds)
        ordered = {column.name: columns[column.name] for column in self.truth}
        maps = {"lensed_light": lensed}
        return Simulated(arrays={"image": observed[:, None]}, truth=ordered, maps=maps)

    def _kinds(self, draw: Draw, count: int) -> torch.Tensor:
        share = 1.0 - self.lens_fraction
        total = sum(population.NEGATIVE_WEIGHTS)
        weights = [share * weight / total for weight in population.NEGATIVE_WEIGHTS]
        return draw.choice(count, [self.lens_fraction, *weights])

    def _paint_negatives(self, draw: Draw, image: torch.Tensor, kinds: torch.Tensor) -> None:
        painters = {
            "sersic": canvas.paint_sersic,
            "spiral": canvas.paint_sersic,
            "arcs": canvas.paint_arcs,
            "spikes": canvas.paint_spikes,
        }
        for kind, make in enumerate(negatives.MAKERS, start=1):
            owner = torch.nonzero(kinds == kind)[:, 0]
            if len(owner):
                for painter, components in make(draw, owner).items():
                    painters[painter](image, self.grid, components)

    def _paint_companions(self, draw: Draw, image: torch.Tensor) -> None:
        count = len(image)
        owner = population.repeat_owners(torch.arange(count), draw.poisson(count, 0.8, 4))
        parts = population.companions(draw, owner, reach=(0.8, 6.0), magnitudes=(21.0, 25.5))
        canvas.paint_sersic(image, self.grid, parts)

    def _psf(self, draw: Draw, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        median = self.seeing_arcsec
        fwhm = draw.clipped_log_normal(count, median, 0.15, 0.6875 * median, 1.625 * median)
        beta = draw.uniform(count, 2.5, 4.5)
        ellipticity = draw.uniform(count, 0.0, 0.08)
        angle = draw.angle(count)
        columns = [values[:, None, None] for values in (fwhm, beta, ellipticity, angle)]
        return self.grid.transfer(*columns), fwhm

    def _sky_sigma(self, draw: Draw, fwhm: torch.Tensor) -> torch.Tensor:
        """Per-pixel noise that gives a point source of the drawn depth S/N = 5.

        Effective number of pixels of a Gaussian seeing disc: ``2.266 (FWHM / pixel)^2``.
        """
        mean = self.depth
        depth = draw.clipped_normal(len(fwhm), mean, 0.2, mean - 0.6, mean + 0.6)
        pixels = 2.266 * (fwhm / self.grid.pixel_scale_arcsec).square()
        return population.flux_from_magnitude(depth) / 5.0 / pixels.sqrt()

    def _add_lensed(
        self,
        draw: Draw,
        light: Components,
        psf: torch.Tensor,
        sky: torch.Tensor,
        scene: torch.Tensor,
        truth: Components,
    ) -> torch.Tensor:
        """Add lensed sources to ``scene`` at their drawn S/N and fill the truth columns.

        Returns the S/N in each pixel of each lens, ``(lens, y, x)``.
        """
        lenses = light["owner"]
        count = len(lenses)
        mass = population.lens_mass(draw, light)
        lens = {**mass, **population.source(draw, mass), "owner": torch.arange(count)}
        target = draw.log_uniform(count, 5.0, 100.0)
        arcs = torch.zeros(count, self.grid.subpixels, self.grid.subpixels)
        canvas.paint_lensed(arcs, self.grid, lens, population.CLUMPS)
        magnification = arcs.sum(dim=(-2, -1)) * self.grid.step_arcsec**2
        arcs = self.grid.observe(arcs, psf[lenses])
        variance = sky[lenses, None, None].square()
        variance = variance + scene[lenses].clamp_min(0) / ELECTRONS_PER_NANOJANSKY
        per_flux = torch.sqrt((arcs.square() / variance).sum(dim=(-2, -1)))
        source_flux = target / per_flux.clamp_min(1e-9)
        arcs = arcs * source_flux[:, None, None]
        scene.index_add_(0, lenses, arcs)
        truth["einstein_radius"][lenses] = mass["einstein_radius"]
        truth["signal_to_noise"][lenses] = target
        truth["axis_ratio"][lenses] = mass["mass_axis_ratio"]
        truth["position_angle"][lenses] = torch.remainder(mass["mass_angle"], torch.pi)
        truth["shear1"][lenses] = mass["gamma1"]
        truth["shear2"][lenses] = mass["gamma2"]
        truth["magnification"][lenses] = magnification
        lensed_flux = source_flux * magnification
        truth["lensed_source_magnitude"][lenses] = population.magnitude_from_flux(lensed_flux)
        return arcs / variance.sqrt()


def _between(lowest: float, highest: float, name: str, value: float) -> float:
    if not (isinstance(value, int | float) and lowest <= value <= highest):
        raise UsageError(
            f"{name} must be a number from {lowest:g} to {highest:g}, is {value!r}."
        )
    return float(value)


def _empty_truth(count: int) -> Components:
    names = (
        "einstein_radius", "signal_to_noise", "axis_ratio", "position_angle", "shear1",
        "shear2", "magnification", "lensed_source_magnitude",
    )  # fmt: skip
    return {name: torch.full((count,), torch.nan) for name in names}
