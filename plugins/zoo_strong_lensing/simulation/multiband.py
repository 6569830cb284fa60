"""Lenses and their imitators in several bands, as published searches saw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from . import canvas, negatives, population, surveys
from .colours import band_ratios
from .draw import Draw

if TYPE_CHECKING:
    from .canvas import Components
    from .surveys import Survey

_PAINTERS = {
    "sersic": canvas.paint_sersic,
    "spiral": canvas.paint_sersic,
    "arcs": canvas.paint_arcs,
    "spikes": canvas.paint_spikes,
}

#: Flatter components are discs.
_DISC = 0.3


def _truth(survey: Survey) -> tuple[Column, ...]:
    return (
        Column("lens", "1 for a lens, 0 for a non-lens"),
        Column("kind", "kind of object: " + ", ".join(population.KINDS)),
        Column("einstein_radius", "Einstein radius of the SIE; NaN for non-lenses", "arcsec"),
        Column("signal_to_noise", "of the lensed source, over all bands"),
        Column("axis_ratio", "minor over major axis of the SIE mass"),
        Column("position_angle", "of the SIE major axis, counter-clockwise from +x", "rad"),
        Column("magnification", "total flux of the lensed image over that of the source"),
        Column("magnitude", f"of the whole noiseless scene in {survey.filters[-1]}", "mag"),
        Column("psf_fwhm", f"of the PSF in {survey.filters[-1]}", "arcsec"),
    )


def _inputs(survey: Survey) -> tuple[InputSpec, ...]:
    return (
        InputSpec(
            name="image",
            kind="image",
            bands=tuple(Band(name=band, unit="nJy") for band in survey.bands),
            size=(survey.size, survey.size),
            pixel_scale_arcsec=survey.pixel_scale_arcsec,
        ),
    )


class SurveyLens(Simulator):
    """Base class: scenes of ``population`` and ``negatives`` with colours, under a survey.

    A lens is a singular isothermal ellipsoid with external shear, the red Sersic light of an
    early-type galaxy, and the lensed image of a bluer clumpy source. Geometry is drawn once and
    seen in all bands; each component has colours of its own. The lensed source is scaled to a
    signal-to-noise ratio, log-uniform in 5 to 150, with ::

        S/N = sqrt(sum over bands and pixels of s^2 / sigma^2)

    ``s`` the noiseless lensed image, ``sigma^2`` the variance of sky, lens and companions. All
    priors are our own choice.

    Parameters
    ----------
    lens_fraction : float, optional
        Probability that an object is a lens, 0 to 1; the survey's own, if not given.

    Raises
    ------
    UsageError
        It is no such number.
    """

    #: What is simulated.
    survey: ClassVar[Survey]
    #: Share of lenses unless told otherwise.
    share: ClassVar[float] = 0.5
    #: Einstein radii, arcsec, log-uniform.
    radii: ClassVar[tuple[float, float]] = (0.6, 2.8)
    #: Relative frequency of the kinds of non-lenses.
    weights: ClassVar[tuple[float, ...]] = population.NEGATIVE_WEIGHTS

    chunk_size = 128

    def __init__(self, lens_fraction: float | None = None):
        fraction = self.share if lens_fraction is None else lens_fraction
        if not (isinstance(fraction, int | float) and 0.0 <= fraction <= 1.0):
            raise UsageError(f"lens_fraction must be a number from 0 to 1, is {fraction!r}.")
        self.lens_fraction = float(fraction)
        self.grid = self.survey.grid()

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` cutouts; see ``Simulator.draw``."""
        draw = Draw(generator)
        survey = self.survey
        side, bands = self.grid.subpixels, len(survey.bands)
        kinds = self._kinds(draw, count)
        lenses = torch.nonzero(kinds == 0)[:, 0]
        image = torch.zeros(count, bands, side, side)
        light = population.elliptical(draw, lenses)
        self._paint(draw, image, "sersic", light, "old")
        self._paint_negatives(draw, image, kinds)
        self._paint_companions(draw, image)
        fwhm = survey.widths(draw, count)
        shape = draw.uniform(count, *survey.beta), draw.uniform(count, 0.0, 0.08)
        angle = draw.angle(count)
        transfer = self.grid.transfer(
            fwhm[..., None, None], *(values[:, None, None] for values in (*shape, angle))
        )
        scene = self.grid.observe(image, transfer)
        sky = survey.sky_sigma(draw, fwhm)[:, :, None, None]
        truth = {
            name: torch.full((count,), torch.nan)
            for name in (
                "einstein_radius", "signal_to_noise", "axis_ratio", "position_angle",
                "magnification",
            )
        }  # fmt: skip
        if len(lenses):
            self._add_lensed(draw, light, transfer, sky, scene, truth)
        sigma = self._variance(scene, sky).sqrt_()
        observed = torch.randn(scene.shape, generator=generator).mul_(sigma).add_(scene)
        observed += draw.normal(count * bands, 0.0, 0.05).view(count, bands, 1, 1) * sky
        if survey.masked:
            self._mask(draw, observed)
        truth["lens"] = (kinds == 0).long()
        total = scene[:, -1].sum(dim=(-2, -1))
        truth["magnitude"] = population.magnitude_from_flux(total)
        truth["psf_fwhm"] = fwhm[:, -1]
        columns = {name: values.numpy() for name, values in truth.items()}
        columns["kind"] = population.kind_names(kinds)
        return Simulated(
            arrays={"image": observed},
            truth={column.name: columns[column.name] for column in self.truth},
        )

    def _variance(self, scene: torch.Tensor, sky: torch.Tensor) -> torch.Tensor:
        """Of sky and photons, nJy squared."""
        return scene.clamp_min(0.0).div_(self.survey.electrons_per_njy).add_(sky.square())

    def _kinds(self, draw: Draw, count: int) -> torch.Tensor:
        rest = (1.0 - self.lens_fraction) / sum(self.weights)
        return draw.choice(
            count, [self.lens_fraction, *(rest * weight for weight in self.weights)]
        )

    def _paint(
        self, draw: Draw, image: torch.Tensor, painter: str, parts: Components, colour: str
    ) -> None:
        """Paint components in all bands, with colours of a population."""
        count = len(parts["owner"])
        if not count:
            return
        ratios = band_ratios(draw, count, colour, self.survey.filters)
        _PAINTERS[painter](image, self.grid, {**parts, "flux": parts["flux"][:, None] * ratios})

    def _paint_negatives(self, draw: Draw, image: torch.Tensor, kinds: torch.Tensor) -> None:
        for place, make in enumerate(negatives.MAKERS, start=1):
            owner = torch.nonzero(kinds == place)[:, 0]
            if not len(owner):
                continue
            for painter, parts in make(draw, owner).items():
                for colour, some in _by_colour(population.KINDS[place], painter, parts):
                    self._paint(draw, image, painter, some, colour)

    def _paint_companions(self, draw: Draw, image: torch.Tensor) -> None:
        count = len(image)
        reach = 0.45 * self.survey.size * self.survey.pixel_scale_arcsec
        expected = 0.8 * (reach / 6.0) ** 2
        numbers = draw.poisson(count, min(expected, 3.0), 8)
        owner = population.repeat_owners(torch.arange(count), numbers)
        parts = population.companions(draw, owner, reach=(0.8, reach), magnitudes=(21.0, 25.5))
        is_blue = draw.choice(len(owner), [1, 1]).bool()
        for colour, some in (("disc", ~is_blue), ("blue", is_blue)):
            self._paint(draw, image, "sersic", population.select(parts, some), colour)

    def _add_lensed(
        self,
        draw: Draw,
        light: Components,
        transfer: torch.Tensor,
        sky: torch.Tensor,
        scene: torch.Tensor,
        truth: dict[str, torch.Tensor],
    ) -> None:
        """Add lensed sources to ``scene`` at their drawn S/N and fill the truth columns."""
        lenses = light["owner"]
        count = len(lenses)
        mass = population.lens_mass(draw, light)
        mass["einstein_radius"] = draw.log_uniform(count, *self.radii)
        lens = {**mass, **population.source(draw, mass), "owner": torch.arange(count)}
        side = self.grid.subpixels
        arcs = torch.zeros(count, side, side)
        canvas.paint_lensed(arcs, self.grid, lens, population.CLUMPS)
        truth["magnification"][lenses] = arcs.sum(dim=(-2, -1)) * self.grid.step_arcsec**2
        ratios = band_ratios(draw, count, "blue", self.survey.filters)
        seen = self.grid.observe(arcs[:, None], transfer[lenses]).mul_(ratios[..., None, None])
        variance = self._variance(scene[lenses], sky[lenses])
        for_unit = seen.square().div_(variance).sum(dim=(1, 2, 3)).sqrt_().clamp_min_(1e-9)
        ratio = draw.log_uniform(count, 5.0, 150.0)
        scene.index_add_(0, lenses, seen.mul_((ratio / for_unit)[:, None, None, None]))
        truth["einstein_radius"][lenses] = mass["einstein_radius"]
        truth["signal_to_noise"][lenses] = ratio
        truth["axis_ratio"][lenses] = mass["mass_axis_ratio"]
        truth["position_angle"][lenses] = torch.remainder(mass["mass_angle"], torch.pi)

    def _mask(self, draw: Draw, images: torch.Tensor) -> None:
        """Take a disc at the rim out of a share of the cutouts, as around bright stars."""
        count, side = len(images), images.shape[-1]
        has = torch.nonzero(draw.uniform(count, 0.0, 1.0) < self.survey.masked)[:, 0]
        angle, reach = draw.angle(count)[has], draw.uniform(count, 0.15, 0.45)[has] * side
        away = 0.5 * side + 0.5 * reach
        offsets = torch.arange(side) - (side - 1) / 2
        dx = offsets[None, None, :] - (away * torch.cos(angle))[:, None, None]
        dy = offsets[None, :, None] - (away * torch.sin(angle))[:, None, None]
        inside = dx.square() + dy.square() < reach[:, None, None].square()
        images[has] = images[has].masked_fill(inside[:, None], torch.nan)


def _by_colour(kind: str, painter: str, parts: Components) -> list[tuple[str, Components]]:
    """Components with the population that they belong to."""
    if kind == "star":
        return [("star", parts)]
    if painter == "spiral":
        return [("disc", parts)]
    if painter == "arcs":
        return [("blue" if kind == "ring" else "disc", parts)]
    if kind == "field":
        return [("disc", parts)]
    flat = parts["axis_ratio"] < _DISC
    return [
        ("disc", population.select(parts, flat)),
        ("old", population.select(parts, ~flat)),
    ]


class BolognaSpace(SurveyLens):
    """The space set of the Bologna challenge, after Metcalf et al. (2019), by our scenes."""

    name = "bologna-space"
    version = "1"
    summary = "One band of 0.1 arcsec, 101x101 px, as in the Bologna challenge's space set"
    survey = surveys.BOLOGNA_SPACE
    inputs = _inputs(survey)
    truth = _truth(survey)
    share = 0.4
    radii = (0.3, 2.5)


class BolognaGround(SurveyLens):
    """The ground set of the Bologna challenge, after Metcalf et al. (2019), by our scenes."""

    name = "bologna-ground"
    version = "1"
    summary = "u, g, r, i of 0.2 arcsec, 101x101 px, as in the Bologna challenge's ground set"
    survey = surveys.BOLOGNA_GROUND
    inputs = _inputs(survey)
    truth = _truth(survey)
    radii = (0.6, 3.5)


#: A selection by colour and magnitude lets through ellipticals, some rings, mergers, groups,
#: red spirals, and hardly anything else.
_RED_WEIGHTS = (0.70, 0.08, 0.04, 0.04, 0.03, 0.10, 0.0, 0.01)


class KidsLens(SurveyLens):
    """Luminous red galaxies in KiDS r, some of them lenses (Petrillo et al. 2017)."""

    name = "kids-lens"
    version = "1"
    summary = "Luminous red galaxies in KiDS r, 60x60 px, lenses among them"
    survey = surveys.KIDS_R
    inputs = _inputs(survey)
    truth = _truth(survey)
    radii = (1.0, 5.0)
    weights = _RED_WEIGHTS


class KidsLensGri(SurveyLens):
    """The same in g, r and i."""

    name = "kids-lens-gri"
    version = "1"
    summary = "Luminous red galaxies in KiDS g, r, i, 60x60 px, lenses among them"
    survey = surveys.KIDS_GRI
    inputs = _inputs(survey)
    truth = _truth(survey)
    radii = (1.0, 5.0)
    weights = _RED_WEIGHTS


class CfhtlsLens(SurveyLens):
    """Early types of the CFHT Legacy Survey, some of them lenses (Jacobs et al. 2017).

    Parameters
    ----------
    lens_fraction : float, optional
        As of ``SurveyLens``.
    population : str
        ``early``: non-lenses are early types and what is taken for them; ``any``: galaxies of
        every kind. The published ensemble was trained on two kinds of sets.

    Raises
    ------
    UsageError
        Another population.
    """

    name = "cfhtls-lens"
    version = "1"
    summary = "Galaxies of the CFHT Legacy Survey in u, g, r, i, 60x60 px, lenses among them"
    survey = surveys.CFHTLS
    inputs = _inputs(survey)
    truth = _truth(survey)
    radii = (0.8, 3.5)

    def __init__(self, lens_fraction: float | None = None, *, population: str = "early"):
        super().__init__(lens_fraction)
        if population not in ("early", "any"):
            raise UsageError(f"population must be 'early' or 'any', is {population!r}.")
        kinds = _RED_WEIGHTS if population == "early" else SurveyLens.weights
        self.weights = kinds  # type: ignore[misc]
