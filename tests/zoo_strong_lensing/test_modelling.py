"""Measuring lenses: the network and what its errors are called."""

import numpy as np
import pytest
import torch
from zoo_strong_lensing.modelling import LensModelling, half_angle
from zoo_strong_lensing.networks.lens_regressor import LensRegressor

from zoo_core import UsageError
from zoo_core.cards import Target

TARGETS = tuple(
    Target(name=name) for name in ("einstein_radius", "ellipticity1", "ellipticity2")
)


def predictions(medians):
    """A table of predictions with these medians and intervals around them."""
    table = {}
    for name, values in medians.items():
        table[name] = np.asarray(values, dtype=float)
        for step in (1, 2, 3):
            table[f"{name}_lower{step}"] = table[name] - step
            table[f"{name}_upper{step}"] = table[name] + step
    return table


def test_errors_of_ellipticities_are_told_as_the_paper_counts_them():
    """By hand: an angle of nearly half a turn is near to one of nearly none."""
    task = LensModelling(TARGETS)
    phi, told = np.radians([2.0, 90.0]), np.radians([178.0, 90.0])
    size, measured = np.array([0.5, 0.4]), np.array([0.5, 0.3])
    truth = {
        "einstein_radius": np.ones(2),
        "ellipticity1": size * np.cos(2 * phi),
        "ellipticity2": size * np.sin(2 * phi),
    }
    found = task.metrics(
        truth,
        predictions(
            {
                "einstein_radius": np.ones(2),
                "ellipticity1": measured * np.cos(2 * told),
                "ellipticity2": measured * np.sin(2 * told),
            }
        ),
    )

    rmse = {m.conditions: m.value for m in found if m.name == "rmse"}
    first_y = 2 * 0.5 * np.sin(np.radians(2))
    assert rmse["e_x, of either sign"] == pytest.approx(0.0, abs=1e-12)
    assert rmse["e_y, of either sign"] == pytest.approx(np.sqrt((first_y**2 + 0.1**2) / 2))
    assert {m.conditions for m in found if m.name == "error_68"} >= set(rmse)


def test_without_an_ellipticity_it_is_a_regression():
    """A model of the radius alone has no e_x."""
    task = LensModelling(TARGETS[:1])
    found = task.metrics(
        {"einstein_radius": np.ones(3)}, predictions({"einstein_radius": np.ones(3)})
    )

    assert {m.conditions for m in found} == {"einstein_radius"}


def test_half_the_angle_of_a_round_lens_is_none():
    """No ellipticity has no direction, and no error either."""
    assert half_angle([np.zeros(1), np.zeros(1)]).tolist() == [[0.0], [0.0]]


def test_the_network_keeps_positions():
    """The same spot elsewhere gives other features, which an average would not."""
    torch.manual_seed(0)
    network = LensRegressor(num_outputs=3, input_size=[64, 64], width=8).eval()
    images = torch.zeros(2, 1, 64, 64)
    images[0, 0, 8:12, 8:12] = images[1, 0, 40:44, 40:44] = 5.0

    with torch.inference_mode():
        features = network.forward_features(images)
        numbers = network.forward_head(features, pre_logits=True)
        outputs = network(images)
        again = network.forward_head(features)

    assert features.shape == (2, 16, 2, 2)
    assert numbers.shape == (2, network.num_features)
    assert torch.allclose(again, outputs)
    assert not torch.allclose(numbers[0], numbers[1], atol=1e-3)


def test_the_network_has_timms_interface():
    """A new head, none, and groups that cover every parameter in order."""
    network = LensRegressor(input_size=[64, 64], width=8)
    network.reset_classifier(7)
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 7)
    network.reset_classifier(0)
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, network.num_features)
    with pytest.raises(ValueError, match="does not support"):
        network.set_grad_checkpointing()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": [190, 192]}, r"multiples of 32 pixels; input_size is \[190, 192\]"),
        ({"input_size": [192]}, "multiples of 32"),
        ({"blocks": [2, 2]}, r"blocks must be 4 numbers from 1 up, one a stage; got \[2, 2\]"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    """With what was given and what can be."""
    with pytest.raises(UsageError, match=message):
        LensRegressor(**arguments)
