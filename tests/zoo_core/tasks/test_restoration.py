"""Restoration: images in the unit of the input, in windows where they are large."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from zoo_core.cards import Target
from zoo_core.errors import CardError, InputError
from zoo_core.tasks import Restoration
from zoo_core.tasks._windows import run_in_windows

TARGET = (Target(name="true", unit="nJy"),)
STRETCH = (
    {"op": "clip", "low": -1.0, "high": 50.0},
    {"op": "asinh", "softening": 2.0},
    {"op": "scale", "factor": 0.2},
)


def task(**arguments):
    return Restoration(TARGET, bands=2, stretch=STRETCH, window=(32, 32), halo=8, **arguments)


def images(count=3, seed=0, side=32):
    return np.random.default_rng(seed).uniform(-0.5, 40.0, (count, 2, side, side))


def test_what_is_encoded_comes_back_in_its_unit():
    """Decoding undoes the stretch; what was clipped stays clipped."""
    true = images()
    true[0, 0, 0, 0] = 80.0

    decoded = task().decode(task().encode({"true": true}))

    expected = np.minimum(true, 50.0)
    assert decoded["true"].dtype == np.float32
    np.testing.assert_allclose(decoded["true"], expected, rtol=1e-4, atol=1e-4)


def test_pixels_without_any_input_have_no_output():
    """Where all bands are missing; where one is there, the network has filled the other."""
    raw = torch.from_numpy(images()).float()
    raw[0, :, 3, 4] = math.nan
    raw[1, 0, 5, 6] = math.nan

    decoded = task().decode(torch.zeros(3, 2, 32, 32), {"image": raw})["true"]

    assert np.argwhere(np.isnan(decoded)).tolist() == [[0, 0, 3, 4], [0, 1, 3, 4]]


@pytest.mark.parametrize(("loss", "expected"), [("l1", 0.1), ("mse", 0.01)])
def test_losses_and_the_psnr_that_is_watched(loss, expected):
    """Of a constant difference, by hand."""
    one = task(loss=loss)
    target = one.encode({"true": images()})

    assert float(one.loss(target + 0.1, target)) == pytest.approx(expected, rel=1e-3)
    assert one.monitor(target + 0.1, target)["psnr"] == pytest.approx(20.0, abs=1e-3)


def test_metrics_measure_the_object():
    """Twice the flux and a third more size are told, with as many as were measured."""
    y, x = np.mgrid[:48, :48] - 23.5

    def gaussian(sigma, flux=1000.0):
        light = np.exp(-0.5 * (x**2 + y**2) / sigma**2) / (2 * np.pi * sigma**2)
        return np.stack([light, light]) * flux

    true = np.stack([gaussian(3.0), gaussian(3.0), np.zeros((2, 48, 48))])
    restored = np.stack([gaussian(4.0, 2000.0), gaussian(4.0, 2000.0), np.zeros((2, 48, 48))])
    one = Restoration(TARGET, bands=2, stretch=STRETCH, window=(48, 48), halo=8)

    found = {m.name: m for m in one.metrics({"true": true}, {"true": restored})}

    assert found["measured"].value == pytest.approx(2 / 3)
    assert found["flux_bias"].value == pytest.approx(1.0, abs=0.03)
    assert found["size_bias"].value == pytest.approx(1 / 3, abs=1e-3)
    assert found["ellipticity_error"].value == pytest.approx(0.0, abs=1e-6)
    assert found["psnr"].conditions == "stretched, range 1"
    assert found["flux_bias"].n == 2


def test_an_ensemble_gives_the_mean_image():
    """Pixel by pixel."""
    one = task()
    pooled = one.pool([{"true": np.zeros((1, 2, 4, 4))}, {"true": np.ones((1, 2, 4, 4))}])

    assert (pooled["true"] == 0.5).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "ssim"}, "loss must be one of"),
        ({"data_range": 0.0}, "data_range must be above 0"),
        ({"halo": 16, "window": (32, 32)}, "more than twice the halo"),
        (
            {"stretch": [{"op": "noise_scale"}]},
            "'noise_scale' cannot be undone. Those",
        ),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    """When the card is read, not after a training."""
    with pytest.raises(CardError, match=message):
        Restoration(TARGET, **{"bands": 2, "window": (32, 32), "halo": 8, **arguments})


def test_truth_without_images_is_refused():
    """Or with other bands."""
    with pytest.raises(InputError, match="no images 'true'; it has x"):
        task().encode({"x": np.zeros(3)})
    with pytest.raises(InputError, match=r"must be \(n, 2, y, x\), are \(3, 1, 32, 32\)"):
        task().encode({"true": images()[:, :1]})


# Windows


def blur():
    """Three convolutions, which see three pixels far each: nine in all."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 2, 7, padding=3, padding_mode="reflect") for _ in range(3)]
    return nn.Sequential(*layers).eval()


@pytest.mark.parametrize("size", [(32, 32), (50, 71), (96, 33), (20, 40)])
def test_windows_give_what_the_whole_gives(size):
    """With a halo as wide as the network sees; at the edges too, which are mirrored."""
    network = blur()
    whole = torch.rand(2, 2, *size, generator=torch.Generator().manual_seed(1))

    with torch.inference_mode():
        expected = network(whole)
        found = run_in_windows(lambda x: network(x[0]), whole, window=(32, 32), halo=9)

    assert found.shape == expected.shape
    inner = (..., slice(9, -9), slice(9, -9)) if min(size) > 18 else ...
    torch.testing.assert_close(found[inner], expected[inner], atol=1e-5, rtol=1e-5)


def test_too_small_a_halo_shows_the_windows():
    """So the test above can fail."""
    network = blur()
    whole = torch.rand(1, 2, 64, 64, generator=torch.Generator().manual_seed(1))

    with torch.inference_mode():
        expected = network(whole)
        found = run_in_windows(lambda x: network(x[0]), whole, window=(32, 32), halo=2)

    assert (found - expected).abs().max() > 1e-3


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (5, 5)])
def test_images_smaller_than_the_halo_are_mirrored_again_and_again(size):
    """Every size gives an image of its own size."""
    whole = torch.rand(1, 1, *size)

    found = run_in_windows(lambda x: x[0] * 2, whole, window=(32, 32), halo=8)

    torch.testing.assert_close(found, whole * 2)


def test_the_card_s_size_goes_straight_through():
    """One call with the very tensor."""
    seen = []

    def engine(tensors):
        seen.append(tensors[0])
        return tensors[0]

    x = torch.rand(2, 2, 32, 32)
    task().run(engine, [x])

    assert seen[0] is x
