"""Degraded galaxies against GalSim and scikit-image, and against their own description."""

import numpy as np
import pytest
import torch
from zoo_deconvolution.simulation.degraded import (
    FWHMS_ARCSEC,
    NOISE_FACTORS,
    NOISE_NMGY,
    PIXEL_SCALE_ARCSEC,
    SIZE,
    DegradedGalaxies,
    blur,
)
from zoo_deconvolution.simulation.galaxies import (
    KINDS,
    SEEING_ARCSEC,
    arm_pattern,
    draw_galaxies,
)

from zoo_core import UsageError
from zoo_core.metrics import adaptive_moments

galsim = pytest.importorskip("galsim", reason="the simulator draws with GalSim")


@pytest.fixture(scope="module")
def chunk():
    """One chunk of the simulator."""
    return DegradedGalaxies().chunk(0, seed=1)


@pytest.mark.parametrize("fwhm", [1.4, 2.5])
def test_blur_is_a_convolution_with_a_gaussian(fwhm):
    """As GalSim does it: a Gaussian galaxy becomes as wide as the sum of squares."""
    sigma = 2.4
    galaxy = galsim.Gaussian(sigma=sigma).shear(e1=0.2)
    image = galaxy.drawImage(nx=64, ny=64, scale=PIXEL_SCALE_ARCSEC, method="no_pixel").array
    both = galsim.Convolve(galaxy, galsim.Gaussian(fwhm=fwhm))
    expected = both.drawImage(nx=64, ny=64, scale=PIXEL_SCALE_ARCSEC, method="no_pixel").array

    found = blur(image[None, None], np.array([fwhm / PIXEL_SCALE_ARCSEC]))[0, 0]

    assert np.abs(found - expected).max() < 1e-3 * expected.max()


def test_galaxies_have_the_flux_and_the_seeing_that_they_are_told_to_have():
    """Magnitudes of i; no galaxy is smaller than the seeing."""
    drawn = draw_galaxies(
        60, np.random.default_rng(0), size=SIZE, pixel_scale_arcsec=PIXEL_SCALE_ARCSEC
    )
    flux = drawn.images[:, 0].sum(axis=(1, 2))
    moments = adaptive_moments(drawn.images.sum(axis=1))

    # What lies beyond the frame is missing, most of it of large ellipticals.
    told = 10 ** (0.4 * (22.5 - drawn.magnitude))
    assert np.median(flux / told) == pytest.approx(1.0, abs=0.03)
    assert (flux / told).max() < 1.05
    seeing = SEEING_ARCSEC / PIXEL_SCALE_ARCSEC / 2.3548
    assert np.nanmin(moments.size) > 0.95 * seeing
    assert set(drawn.kind) <= set(KINDS)
    assert np.isfinite(drawn.images).all()


def test_arms_wind_and_fade_towards_the_middle():
    """Turned by half a turn, two arms look the same; the middle has none."""
    arms = arm_pattern(
        129, 0.4, 8.0, ratio=1.0, angle=0.3, arms=2, winding=3.0, phase=0.0, contrast=0.8
    )

    np.testing.assert_allclose(arms, arms[::-1, ::-1], atol=1e-9)
    assert arms[64, 64] == pytest.approx(1.0, abs=1e-3)
    assert arms.max() == pytest.approx(1.8, abs=0.02)
    quarter = np.rot90(arms)
    assert np.corrcoef(arms.ravel(), quarter.ravel())[0, 1] < -0.5


def test_noise_and_blur_are_those_of_the_truth(chunk):
    """What is left after the blurred truth is white noise of the told deviation."""
    image, true = chunk.arrays["image"].numpy(), chunk.maps["restored"].numpy()
    left = image - blur(true, chunk.truth["fwhm"] / PIXEL_SCALE_ARCSEC)

    assert image.shape == true.shape == (DegradedGalaxies.chunk_size, 3, SIZE, SIZE)
    np.testing.assert_allclose(left.std(axis=(1, 2, 3)), chunk.truth["noise"], rtol=0.03)
    np.testing.assert_allclose(
        chunk.truth["noise"], NOISE_NMGY * chunk.truth["noise_factor"], rtol=1e-6
    )
    assert set(chunk.truth["fwhm"]) <= set(FWHMS_ARCSEC)
    assert set(chunk.truth["noise_factor"]) <= set(NOISE_FACTORS)
    assert abs(np.mean(left[:, :, 1:] * left[:, :, :-1])) < 0.01 * np.mean(left**2)


@pytest.mark.parametrize(
    ("maps", "low", "high"), [("each", -0.05, 0.05), ("one", 0.99, 1.01), ("both", 0.2, 0.8)]
)
def test_noise_is_shared_by_the_bands_or_not(maps, low, high):
    """As published (one map), as in nature (each), or half of the objects each way."""
    simulator = DegradedGalaxies(1.8, 5.0, noise_maps=maps)
    drawn = simulator.draw(24, torch.Generator().manual_seed(3))
    blurred = blur(drawn.maps["restored"].numpy(), drawn.truth["fwhm"] / PIXEL_SCALE_ARCSEC)
    left = (drawn.arrays["image"].numpy() - blurred).reshape(24, 3, -1)
    shared = [np.corrcoef(one)[0, 1] for one in left]

    assert low < np.mean(shared) < high


def test_a_cell_of_the_grid_can_be_asked_for():
    """One blur and one noise for all objects, and the same object for a seed."""
    one = DegradedGalaxies(2.5, 10.0).draw(3, torch.Generator().manual_seed(5))
    again = DegradedGalaxies(2.5, 10.0).draw(3, torch.Generator().manual_seed(5))

    assert one.truth["fwhm"].tolist() == [2.5] * 3
    assert one.truth["noise_factor"].tolist() == [10.0] * 3
    assert torch.equal(one.arrays["image"], again.arrays["image"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fwhm": 9.0}, "fwhm must be a number from 0.5 to 5, is 9.0"),
        ({"noise": "much"}, "noise must be a number from 0 to 50, is 'much'"),
        ({"noise_maps": "some"}, "noise_maps must be one of"),
    ],
)
def test_impossible_degradations_are_refused(arguments, message):
    """With the range."""
    with pytest.raises(UsageError, match=message):
        DegradedGalaxies(**arguments)
