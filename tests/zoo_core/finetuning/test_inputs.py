"""A preprocessing for the data at hand: measured on it, and blind to missing pixels."""

import copy
import json

import numpy as np
import pytest
import torch
from minimal_card import changed_card

from zoo_core.cards import parse_card
from zoo_core.errors import UsageError
from zoo_core.finetuning._inputs import (
    input_of_data,
    preprocessing_of_data,
    remark_on_scale,
)
from zoo_core.preprocessing import Preprocessing


@pytest.fixture
def card():
    """Of a parent that stretches by asinh, never filled anything, and had pixels of 9x9."""
    return parse_card(json.loads(json.dumps(copy.deepcopy(changed_card()))))


@pytest.fixture
def fluxes():
    """Images ``(n, 1, y, x)`` far from zero, as before the sky is subtracted."""
    return np.random.default_rng(0).normal(1000.0, 5.0, (40, 1, 12, 12)).astype("f4")


def _steps(card, arrays, **options):
    spec = input_of_data(card.inputs[0])
    return preprocessing_of_data(card, spec, {spec.name: arrays}, **options)


@pytest.mark.parametrize("resize", [(), (6,)], ids=["as it is", "resized"])
@pytest.mark.parametrize("stretch", ["linear", "asinh"])
def test_mean_zero_and_deviation_one_with_missing_pixels_and_without(
    card, fluxes, stretch, resize
):
    """A tenth of the pixels lost changes what the network sees of the others by little."""
    holey = fluxes.copy()
    holey[np.random.default_rng(1).random(fluxes.shape) < 0.1] = np.nan
    for array in (fluxes, holey):
        seen = _steps(card, array, stretch=stretch, resize=resize)(torch.from_numpy(array))

        assert abs(float(seen.mean())) < 0.01
        assert float(seen.std()) == pytest.approx(1.0, abs=0.06)
        assert float(seen.abs().max()) < 6


@pytest.mark.parametrize("stretch", ["parent", "linear", "asinh"])
def test_one_missing_pixel_is_one_missing_pixel(card, fluxes, stretch):
    """The others are what they are without it, and it gets a value in their middle."""
    holey = fluxes.copy()
    holey[0, 0, 5, 5] = np.nan
    steps = _steps(card, fluxes, stretch=stretch)
    whole, found = steps(torch.from_numpy(fluxes)), steps(torch.from_numpy(holey))
    around = torch.ones(12, 12, dtype=torch.bool)
    around[5, 5] = False

    torch.testing.assert_close(found[0, 0, around], whole[0, 0, around], atol=0.1, rtol=0.1)
    assert torch.equal(found[1:], whole[1:])
    assert float(found[0, 0, 5, 5]) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        (lambda noise: noise, False),
        (lambda noise: 100 + 50 * noise, True),
        (lambda noise: 1e-9 * noise, True),
        (lambda noise: 3 + noise, False),
    ],
)
def test_another_scale_than_the_parents_is_told(values, remark):
    """Such as 16 bits where there were 8, or fluxes where there were pictures."""
    noise = np.random.default_rng(0).normal(size=(80, 2, 8, 8)).astype("f4")
    steps = Preprocessing.parse([], channels=2)
    told = remark_on_scale(steps, values(noise), np.arange(70))

    assert bool(told) == remark
    assert not remark or "--stretch linear or asinh" in told


@pytest.mark.parametrize("option", ["size", "resize"])
def test_lengths_fit_the_axes(card, fluxes, option):
    """One for all, or one for each."""
    lengths = (3, 3, 3)
    with pytest.raises(UsageError, match=f"--{option} takes 1 or 2 lengths .* got 3"):
        _ = (
            input_of_data(card.inputs[0], size=lengths)
            if option == "size"
            else _steps(card, fluxes, stretch="parent", resize=lengths)
        )
