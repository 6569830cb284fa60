"""Taking away the galaxy in the middle: what is left of it, and what of the rest."""

import numpy as np
import pytest
import torch
from astropy.modeling.models import Sersic2D

from zoo_core.errors import CardError
from zoo_core.preprocessing import Preprocessing

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def galaxy(radius=12.0, index=3.0, ellip=0.3, theta=0.7, x=1.0, y=-2.0, peak=20.0):
    """A Sersic profile as astropy has it, its brightest pixel limited as a PSF does."""
    light = Sersic2D(1.0, radius, index, x, y, ellip, theta)(X, Y)
    return light * peak / np.partition(light.ravel(), -9)[-9]


def ring(radius=25.0, width=3.0, bright=2.0):
    """A ring with a knot, as a lens makes it."""
    light = bright * np.exp(-0.5 * ((np.hypot(X, Y) - radius) / width) ** 2)
    return light * (1 + 0.8 * np.cos(np.arctan2(Y, X)))


def noise(*shape, seed=0, sigma=0.004):
    return sigma * np.random.default_rng(seed).normal(size=shape)


def apply(name, images, channels):
    steps = Preprocessing.parse([{"op": name}], channels=channels)
    return steps(torch.from_numpy(np.asarray(images, dtype=np.float32))).numpy()


BANDS = np.array([0.3, 0.6, 1.0])[:, None, None], np.array([1.0, 0.9, 0.7])[:, None, None]


@pytest.mark.parametrize("index", [1.0, 3.0])
@pytest.mark.parametrize("ellip", [0.0, 0.5])
def test_a_sersic_galaxy_is_taken_away(index, ellip):
    """Of its flux less than 3 % is left beside the level, which stays."""
    light = galaxy(index=index, ellip=ellip)
    image = light + 5.0 + noise(SIDE, SIDE)

    left = apply("subtract_sersic", image[None, None], 1)[0, 0] - 5.0

    assert np.abs(left).sum() / light.sum() < 0.03


def test_arcs_stand_out():
    """A ring around the galaxy keeps nine tenths of its flux and its place."""
    image = galaxy() + ring() + noise(SIDE, SIDE)

    left = apply("subtract_sersic", image[None, None], 1)[0, 0]

    annulus = np.abs(np.hypot(X, Y) - 25.0) < 6.0
    assert left[annulus].sum() / ring()[annulus].sum() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(left[annulus], ring()[annulus])[0, 1] > 0.97


def test_each_channel_and_object_is_fitted_for_itself():
    """A batch gives what its objects give alone, channel by channel."""
    images = np.stack(
        [[galaxy(index=1.0), 4.0 + galaxy(index=4.0)], [galaxy(peak=3.0), galaxy(radius=6.0)]]
    ) + noise(2, 2, SIDE, SIDE)

    whole = apply("subtract_sersic", images, 2)
    alone = apply("subtract_sersic", images.reshape(4, 1, SIDE, SIDE), 1)

    np.testing.assert_allclose(whole.reshape(alone.shape), alone, atol=2e-3)


def test_missing_pixels_stay_missing_and_do_no_harm():
    """A masked corner and a masked star; an image without a value is left alone."""
    image = galaxy() + noise(SIDE, SIDE)
    image[:20, :30] = np.nan
    image[50:56, 70:76] = np.nan
    images = np.stack([image, np.full_like(image, np.nan)])[:, None]

    left = apply("subtract_sersic", images, 1)

    assert np.array_equal(np.isnan(left), np.isnan(images))
    assert np.nansum(np.abs(left[0])) / galaxy().sum() < 0.05


@pytest.mark.parametrize("radius", [18.0, 25.0, 40.0])
def test_bands_separate_arcs_from_the_galaxy(radius):
    """Red galaxy, blue ring: the ring is left, right way up, in the units of its band."""
    red, blue = BANDS
    arcs = ring(radius)
    images = red * galaxy() + blue * arcs + noise(3, SIDE, SIDE)

    kept = apply("separate_center", images[None], 3)

    assert kept.shape == (1, 1, SIDE, SIDE)
    assert np.corrcoef(kept.ravel(), arcs.ravel())[0, 1] > 0.98
    middle = np.hypot(X, Y) < 5
    assert np.abs(kept[0, 0][middle]).mean() < 0.1 * galaxy()[middle].mean()
    annulus = np.abs(np.hypot(X, Y) - radius) < 4.0
    assert kept[0, 0][annulus].sum() / arcs[annulus].sum() == pytest.approx(1.0, abs=0.1)


def test_separation_keeps_masks_and_tells_what_cannot_be_separated():
    """NaN in one band is NaN; bands that are one another's multiples have no components."""
    red, blue = BANDS
    images = red * galaxy() + blue * ring() + noise(3, SIDE, SIDE)
    images[1, 40:50, 10:20] = np.nan
    same = np.stack([galaxy(), 2 * galaxy(), 3 * galaxy()])

    kept = apply("separate_center", np.stack([images, same, np.full_like(same, np.nan)]), 3)

    assert np.array_equal(np.isnan(kept[0, 0]), np.isnan(images).any(axis=0))
    assert np.isnan(kept[1:]).all()


def test_steps_after_the_separation_see_one_channel():
    """Their lists have one number, and one for each band is an error."""
    after = {"op": "normalize", "mean": [0.0], "std": [2.0]}
    steps = Preprocessing.parse([{"op": "separate_center"}, after], channels=3)
    assert steps.describe().startswith("separate_center() -> normalize")

    after = {"op": "normalize", "mean": [0.0] * 3, "std": [2.0] * 3}
    with pytest.raises(CardError, match="a list of 1 finite numbers, one a channel"):
        Preprocessing.parse([{"op": "separate_center"}, after], channels=3)
