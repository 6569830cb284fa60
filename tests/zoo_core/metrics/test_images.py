"""Restored images against true ones: scikit-image and GalSim are the references."""

import numpy as np
import pytest

from zoo_core.errors import InputError
from zoo_core.metrics import adaptive_moments, psnr, ssim


def pair(seed=0, shape=(3, 2, 40, 48)):
    rng = np.random.default_rng(seed)
    true = rng.uniform(size=shape)
    return true, np.clip(true + rng.normal(0, 0.1, shape), 0, 1)


def test_psnr_and_ssim_are_those_of_scikit_image():
    """Band by band for SSIM, over all bands for PSNR."""
    reference = pytest.importorskip("skimage.metrics")
    true, restored = pair()

    for found, one, two in zip(psnr(true, restored), true, restored, strict=True):
        expected = reference.peak_signal_noise_ratio(one, two, data_range=1.0)
        assert found == pytest.approx(expected)
    for found, one, two in zip(ssim(true, restored), true, restored, strict=True):
        expected = np.mean(
            [
                reference.structural_similarity(
                    a, b, data_range=1.0, gaussian_weights=True, use_sample_covariance=False
                )
                for a, b in zip(one, two, strict=True)
            ]
        )
        assert found == pytest.approx(expected, abs=1e-6)


def test_the_same_image_is_perfect():
    """Infinite PSNR, SSIM of one; a wider range is better by what it is wider."""
    true, restored = pair()

    assert np.isposinf(psnr(true, true)).all()
    assert ssim(true, true) == pytest.approx(1.0)
    ratio = psnr(true, restored, data_range=10.0) - psnr(true, restored)
    assert ratio == pytest.approx(20.0)


def test_shapes_must_agree():
    """With both of them in the message."""
    with pytest.raises(InputError, match=r"\(1, 4, 4\) and \(1, 4, 5\)"):
        psnr(np.zeros((1, 4, 4)), np.zeros((1, 4, 5)))


@pytest.mark.parametrize("profile", ["gaussian", "exponential"])
def test_moments_are_those_of_galsim(profile):
    """Centre, size and distortion, also of what is no Gaussian."""
    galsim = pytest.importorskip("galsim", reason="GalSim is the reference")
    made = {
        "gaussian": galsim.Gaussian(sigma=3.0),
        "exponential": galsim.Exponential(half_light_radius=4.0),
    }[profile]
    shears = [(0.0, 0.0), (0.2, -0.1), (-0.4, 0.3)]
    images = []
    references = []
    for e1, e2 in shears:
        shape = galsim.Shear(e1=e1, e2=e2)
        image = made.shear(shape).shift(1.2, -0.7).drawImage(nx=64, ny=64, scale=1.0)
        images.append(image.array)
        references.append(galsim.hsm.FindAdaptiveMom(image))

    found = adaptive_moments(np.array(images))

    middle = 32.5
    for row, reference in enumerate(references):
        assert found.x[row] == pytest.approx(reference.moments_centroid.x - middle, abs=1e-3)
        assert found.y[row] == pytest.approx(reference.moments_centroid.y - middle, abs=1e-3)
        assert found.size[row] == pytest.approx(reference.moments_sigma, rel=2e-3)
        assert found.e1[row] == pytest.approx(reference.observed_e1, abs=2e-3)
        assert found.e2[row] == pytest.approx(reference.observed_e2, abs=2e-3)


def test_noise_and_nothing_have_no_moments():
    """NaN, so that they can be left out and counted."""
    rng = np.random.default_rng(0)
    images = np.stack([np.zeros((32, 32)), -np.ones((32, 32)), rng.normal(size=(32, 32)) - 1])

    assert np.isnan(adaptive_moments(images).size).all()
