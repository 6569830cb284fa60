"""The vocabulary of operations and the pipeline made of it."""

import math

import pytest
import torch

from zoo_core.errors import CardError
from zoo_core.preprocessing import VOCABULARY, Preprocessing, _pipeline

EXAMPLES = {
    "asinh": {"softening": 2.0},
    "center_crop": {"size": [3, 3]},
    "clip": {"low": -1.0, "high": 1.0},
    "fill_nan": {"value": 0.5},
    "noise_scale": {},
    "normalize": {"mean": [1.0, 2.0], "std": [2.0, 4.0]},
    "peak_scale": {},
    "scale": {"factor": 3.0},
    "resize": {"size": [3, 3]},
    "separate_center": {},
    "sigma_floor": {"sigma": 0.5},
    "standardize": {},
    "subtract_median": {},
    "subtract_sersic": {},
}

# What these two are is shown with images of galaxies, in a file of its own.
OF_GALAXIES = {"separate_center", "subtract_sersic"}


def _apply(name, batch, **arguments):
    step = {"op": name, **(arguments or EXAMPLES[name])}
    return Preprocessing.parse([step], channels=batch.shape[1])(batch)


@pytest.fixture
def batch():
    return torch.randn(4, 2, 7, 7, generator=torch.Generator().manual_seed(0))


def test_every_operation_has_an_example_here():
    """A new operation cannot be added without a test."""
    assert set(VOCABULARY) == set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_a_batch_gives_what_its_objects_give_alone(name, batch):
    """No operation lets one object of a batch change another."""
    alone = torch.cat([_apply(name, batch[i : i + 1]) for i in range(len(batch))])

    torch.testing.assert_close(_apply(name, batch), alone)


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_the_input_is_left_as_it_was(name, batch):
    """Operations do not work in place on what they are given."""
    before = batch.clone()
    _apply(name, batch)

    assert torch.equal(before, batch)


def test_fill_nan_replaces_every_kind_of_missing_value():
    """NaN and both infinities become the number."""
    batch = torch.tensor([[[[math.nan, math.inf, -math.inf, 2.0]]]])

    assert [0.5, 0.5, 0.5, 2.0] == _apply("fill_nan", batch).flatten().tolist()


def test_normalize_uses_the_numbers_of_each_channel(batch):
    """(x - mean) / std with the channel's own numbers."""
    result = _apply("normalize", batch)

    torch.testing.assert_close(result[:, 0], (batch[:, 0] - 1.0) / 2.0)
    torch.testing.assert_close(result[:, 1], (batch[:, 1] - 2.0) / 4.0)


def test_asinh_and_clip_and_scale_are_what_they_say(batch):
    """Elementwise operations against torch."""
    torch.testing.assert_close(_apply("asinh", batch), torch.asinh(batch / 2.0))
    torch.testing.assert_close(_apply("clip", batch), batch.clamp(-1.0, 1.0))
    torch.testing.assert_close(_apply("scale", batch), batch * 3.0)


def test_center_crop_keeps_the_middle():
    """The middle of odd axes is exact."""
    batch = torch.arange(25.0).view(1, 1, 5, 5)

    assert [6, 7, 8, 11, 12, 13, 16, 17, 18] == _apply("center_crop", batch).flatten().tolist()


@pytest.mark.parametrize("shape", [(3, 1, 64, 64), (3, 1, 4096)])
def test_noise_scale_brings_white_noise_to_one(shape):
    """Images and series of white noise get unit noise, whatever their level."""
    noise = 7.0 * torch.randn(shape, generator=torch.Generator().manual_seed(1)) + 100.0
    scaled = _apply("noise_scale", noise)

    torch.testing.assert_close(scaled.std(dim=-1).mean(), torch.tensor(1.0), rtol=0.05, atol=0)


def test_noise_scale_ignores_a_smooth_bright_object():
    """A galaxy a thousand times brighter than the noise does not change the scale much."""
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(1, 1, 64, 64, generator=generator)
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    galaxy = 1000.0 * torch.exp(-((x - 32) ** 2 + (y - 32) ** 2) / (2 * 4.0**2))
    corner = _apply("noise_scale", noise + galaxy)[..., :10, :10]

    torch.testing.assert_close(corner.std(), torch.tensor(1.0), rtol=0.2, atol=0)


def test_noise_scale_does_not_count_missing_pixels():
    """A half-empty cutout is scaled as the whole one is."""
    noise = 5.0 * torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    padded = noise.clone()
    padded[..., 24:] = math.nan
    scaled = _apply("noise_scale", padded)

    torch.testing.assert_close(
        scaled[..., :24], _apply("noise_scale", noise)[..., :24], rtol=0.1, atol=0
    )
    assert scaled[..., 24:].isnan().all()


def test_noise_scale_leaves_a_constant_image_finite():
    """No noise at all does not divide by zero."""
    assert torch.equal(torch.ones(1, 1, 5, 5), _apply("noise_scale", torch.ones(1, 1, 5, 5)))


@pytest.mark.parametrize(
    "name", sorted(set(VOCABULARY) - {"center_crop", "resize"} - OF_GALAXIES)
)
def test_a_missing_pixel_touches_no_other(name, batch):
    """NaN stays where it is, or is filled; all others hardly notice."""
    holey = batch.clone()
    holey[:, :, 3, 3] = math.nan
    around = torch.ones(7, 7, dtype=torch.bool)
    around[3, 3] = False
    found, whole = _apply(name, holey)[..., around], _apply(name, batch)[..., around]

    assert found.isfinite().all()
    torch.testing.assert_close(found, whole, atol=0.4, rtol=0.3)


def test_sigma_floor_is_that_of_astropy():
    """The clipped standard deviation of astropy, without its median, as published."""
    from astropy.stats import sigma_clipped_stats

    noise = torch.randn(2, 1, 40, 40, generator=torch.Generator().manual_seed(4))
    noise[:, :, 10:14, 10:14] += 50.0
    noise[1] += 0.3
    floored = _apply("sigma_floor", noise, sigma=3.0)

    for image, found in zip(noise, floored, strict=True):
        deviation = sigma_clipped_stats(image.double().numpy(), sigma=3, maxiters=10)[2]
        expected = torch.where(image < 3 * deviation, torch.zeros_like(image), image)
        assert torch.equal(found, expected)


def test_peak_scale_brings_the_peak_to_one():
    """Of each channel; one without anything above 0 stays as it is."""
    images = torch.tensor([[[4.0, -8.0], [-1.0, 0.0]], [[0.5, math.nan], [2.0, 1.0]]])

    found = _apply("peak_scale", images)

    assert found[0].tolist() == [[1.0, -2.0], [-1.0, 0.0]]
    assert found[1, 0, 0] == 1.0
    assert found[1, 1].tolist() == [1.0, 0.5]


def test_subtract_median_makes_the_median_zero(batch):
    """Each channel of each object."""
    result = _apply("subtract_median", batch).flatten(2)

    assert torch.all(result.median(dim=2).values == 0)


def test_standardize_gives_mean_zero_and_deviation_one():
    """Also of a light that varies by a thousandth of its level, a hundred thousand."""
    series = 1e5 + 100.0 * torch.randn(4, 2, 180, generator=torch.Generator().manual_seed(4))
    found = _apply("standardize", series).double()

    torch.testing.assert_close(found.mean(dim=2), torch.zeros(4, 2).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(
        found.std(dim=2, correction=0), torch.ones(4, 2).double(), rtol=1e-5, atol=0
    )


def test_standardize_counts_what_is_there_and_divides_by_no_zero():
    """1 and 3 are one deviation from their mean; what does not vary is 0; no sample stays."""
    nan = math.nan
    found = _apply("standardize", torch.tensor([[[1.0, nan, 3.0], [5, 5, 5], [nan] * 3]]))

    assert found[0, 0, [0, 2]].tolist() == [-1.0, 1.0]
    assert found[0, 1].tolist() == [0.0, 0.0, 0.0]
    assert found[0, 0, 1].isnan()
    assert found[0, 2].isnan().all()


@pytest.mark.parametrize("level", [1e-28, 1e28])
def test_standardize_knows_no_unit(level):
    """Squares of fluxes in physical units do not fit into float32."""
    series = 1.0 + 0.01 * torch.randn(1, 1, 180, generator=torch.Generator().manual_seed(4))

    torch.testing.assert_close(
        _apply("standardize", series * level), _apply("standardize", series), rtol=0, atol=1e-3
    )


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"op": "exec"}, "no such operation"),
        ({}, "no such operation"),
        ({"op": "asinh"}, "takes the arguments"),
        ({"op": "asinh", "softening": 1.0, "more": 1}, "takes the arguments"),
        ({"op": "asinh", "softening": 0.0}, "positive number"),
        ({"op": "asinh", "softening": "2 * 3"}, "positive number"),
        ({"op": "fill_nan", "value": math.nan}, "finite number"),
        ({"op": "fill_nan", "value": True}, "finite number"),
        ({"op": "normalize", "mean": [0.0], "std": [1.0]}, "list of 2"),
        ({"op": "normalize", "mean": [0.0, 0.0], "std": [1.0, None]}, "list of 2"),
        ({"op": "center_crop", "size": [0, 3]}, "positive integers"),
    ],
)
def test_a_wrong_step_is_refused_with_its_place(step, message):
    """Position, operation, argument and expectation are named."""
    with pytest.raises(CardError, match=message) as caught:
        Preprocessing.parse([{"op": "fill_nan", "value": 0.0}, step], channels=2)

    assert "step 1" in str(caught.value)


def test_a_pipeline_survives_its_own_json():
    """What is written on a card gives the same pipeline again."""
    steps = [{"op": name, **arguments} for name, arguments in EXAMPLES.items()]
    pipeline = Preprocessing.parse(steps, channels=2)

    assert pipeline == Preprocessing.parse(pipeline.to_json(), channels=2)


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_some_objects_at_a_time_give_the_same_to_the_bit(name, batch, monkeypatch):
    """A large batch goes through in parts that fit into the caches, the last one shorter."""
    whole = _apply(name, batch)
    monkeypatch.setattr(_pipeline, "_CACHED_NUMBERS", 3 * batch[0].numel() + 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)

    assert torch.equal(_apply(name, batch), whole)
    assert _pipeline._rows_at_once(batch) == 3


def test_the_batch_that_is_given_stays_as_it_is(batch):
    """Whatever the steps write into is their own."""
    before = batch.clone()
    steps = [{"op": name, **arguments} for name, arguments in EXAMPLES.items()]
    for step in steps:
        Preprocessing.parse([step], channels=2)(batch)

    assert torch.equal(batch, before)
