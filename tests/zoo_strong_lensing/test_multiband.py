"""Lenses in several bands: surveys, colours, and that geometry is the same in all of them."""

import numpy as np
import pytest
import torch
from zoo_strong_lensing.simulation import canvas, population, surveys
from zoo_strong_lensing.simulation.colours import COLOURS, FILTERS, band_ratios
from zoo_strong_lensing.simulation.draw import Draw
from zoo_strong_lensing.simulation.multiband import (
    BolognaGround,
    BolognaSpace,
    CfhtlsLens,
    KidsLens,
    KidsLensGri,
    SurveyLens,
)

from zoo_core import UsageError

ALL = (BolognaGround, BolognaSpace, CfhtlsLens, KidsLens, KidsLensGri)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def ground():
    """A chunk of the ground set."""
    return BolognaGround().draw(200, generator(1))


# Colours


def test_ratios_are_fluxes_over_that_in_r():
    """One in r; in magnitudes the colours that the table says."""
    draw = Draw(generator())
    for name, steps in COLOURS.items():
        ratios = band_ratios(draw, 4000, name, ("u", "g", "r", "i", "z"))
        magnitude = -2.5 * torch.log10(ratios)
        assert torch.allclose(ratios[:, 2], torch.ones(4000))
        for place, (mean, scatter) in enumerate(steps[:4]):
            colour = magnitude[:, place] - magnitude[:, place + 1]
            assert float(colour.mean()) == pytest.approx(mean, abs=0.03)
            assert float(colour.std()) == pytest.approx(scatter, rel=0.06)
    assert len(FILTERS) == len(steps) + 1


def test_sources_are_bluer_than_lenses():
    """Which is what colour is for in a search."""
    draw = Draw(generator())
    old, blue = (band_ratios(draw, 2000, name, ("g", "i")) for name in ("old", "blue"))

    assert ((blue[:, 0] / blue[:, 1]).median() / (old[:, 0] / old[:, 1]).median()) > 2


# Painting


def test_bands_are_the_same_light_times_a_flux():
    """As one band at a time, for every painter."""
    draw = Draw(generator(3))
    survey = surveys.KIDS_GRI
    grid = survey.grid()
    owner = torch.arange(3)
    parts = population.elliptical(draw, owner)
    arcs = {
        "owner": owner, "flux": torch.ones(3), "x": torch.zeros(3), "y": torch.zeros(3),
        "radius": torch.full((3,), 1.5), "width": torch.full((3,), 0.2),
        "axis_ratio": torch.ones(3), "angle": torch.zeros(3), "mid_angle": torch.zeros(3),
        "half_opening": torch.full((3,), 2.0), "knots": torch.ones(3),
        "knot_phase": torch.zeros(3), "knot_contrast": torch.full((3,), 0.3),
    }  # fmt: skip
    flux = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    for painter, some in ((canvas.paint_sersic, parts), (canvas.paint_arcs, arcs)):
        image = torch.zeros(3, 2, grid.subpixels, grid.subpixels)
        painter(image, grid, {**some, "flux": flux})
        for band in range(2):
            alone = torch.zeros(3, 1, grid.subpixels, grid.subpixels)
            painter(alone, grid, {**some, "flux": flux[:, band : band + 1]})
            torch.testing.assert_close(image[:, band], alone[:, 0])


# Surveys


@pytest.mark.parametrize("simulator", ALL)
def test_cutouts_are_those_of_the_survey(simulator):
    """Bands, size, scale, truth."""
    drawn = simulator().draw(6, generator(2))
    survey = simulator.survey
    (spec,) = simulator.inputs

    assert drawn.arrays["image"].shape == (6, len(survey.bands), survey.size, survey.size)
    assert [band.name for band in spec.bands] == list(survey.bands)
    assert spec.pixel_scale_arcsec == survey.pixel_scale_arcsec
    assert list(drawn.truth) == [column.name for column in simulator.truth]


def test_noise_gives_a_star_of_the_depth_five_sigma():
    """Of matched photometry under a Gaussian seeing disc, in every band."""
    survey = surveys.BOLOGNA_GROUND
    fwhm = torch.tensor([survey.fwhm_arcsec])
    sigma = survey.sky_sigma(Draw(generator()), fwhm.expand(4000, -1)).median(0).values
    width = fwhm[0] / 2.3548 / survey.pixel_scale_arcsec
    flux = population.flux_from_magnitude(torch.tensor(survey.depth_mag))

    ratio = flux / (sigma * torch.sqrt(4 * torch.pi * width**2))
    assert ratio.numpy() == pytest.approx(5.0, rel=0.02)


def test_space_is_as_sharp_as_it_is_told_to_be():
    """The Moffat of a large exponent is the challenge's Gaussian of 0.18 arcsec."""
    survey = surveys.BOLOGNA_SPACE
    grid = survey.grid()
    column = [torch.tensor([v])[:, None, None] for v in (0.18, 60.5, 0.0, 0.0)]
    psf = grid.psf_image(*column)[0]
    offsets = torch.arange(grid.subpixels) - grid.subpixels // 2
    r2 = (offsets[None, :] ** 2 + offsets[:, None] ** 2) * survey.pixel_scale_arcsec**2
    gaussian = torch.exp(-4 * np.log(2) * r2 / 0.18**2)

    assert (psf / psf.max() - gaussian).abs().max() < 0.02


# Scenes


def test_shares_of_lenses_and_of_kinds(ground):
    """Half of the ground set are lenses; none if none is asked for."""
    lens = ground.truth["lens"]
    assert 0.4 < lens.mean() < 0.6
    assert set(ground.truth["kind"][lens == 1]) == {"lens"}
    assert np.isfinite(ground.truth["einstein_radius"]).sum() == lens.sum()

    rare = KidsLens(0.0).draw(300, generator(4))
    assert rare.truth["lens"].sum() == 0
    assert (rare.truth["kind"] == "elliptical").mean() > 0.6
    assert "star" not in set(rare.truth["kind"])


def test_signal_to_noise_is_as_defined():
    """With and without the source under one seed: the difference, over the noise."""
    simulator = BolognaGround(1.0)
    with_source = simulator.draw(40, generator(5))
    ratio = with_source.truth["signal_to_noise"]

    assert 5.0 <= ratio.min()
    assert ratio.max() <= 150.0
    radius = with_source.truth["einstein_radius"]
    assert BolognaGround.radii[0] <= radius.min()
    assert radius.max() <= BolognaGround.radii[1]
    assert (with_source.truth["magnification"] > 0.5).all()


def test_some_cutouts_lack_a_part(ground):
    """In all bands alike, and not in most of them."""
    missing = ground.arrays["image"].isnan()
    has = missing.flatten(1).any(1)

    assert 0.03 < has.float().mean() < 0.2
    assert (missing == missing[:, :1]).all()
    middle = missing[:, :, 40:60, 40:60]
    assert not middle.any()


def test_two_populations_can_be_searched():
    """Early types, or anything."""
    early, anything = (
        CfhtlsLens(0.0, population=name).draw(400, generator(6)).truth["kind"]
        for name in ("early", "any")
    )

    assert (early == "elliptical").mean() > 0.6
    assert (anything == "elliptical").mean() < 0.4
    assert (anything == "spiral").mean() > 0.15


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BolognaGround(1.2), "lens_fraction must be a number from 0 to 1, is 1.2"),
        (lambda: CfhtlsLens(population="red"), "population must be 'early' or 'any', is 'red'"),
    ],
)
def test_impossible_options_are_refused(make, message):
    """With what was given."""
    with pytest.raises(UsageError, match=message):
        make()


def test_the_base_class_has_no_survey():
    """It is for those that have one."""
    assert not hasattr(SurveyLens, "survey")
