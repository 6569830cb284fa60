"""Networks of the lens-finding challenge against what the papers and their code state."""

import numpy as np
import pytest
import torch
from zoo_strong_lensing.networks.challenge import (
    AstrOmatic,
    Gamoclass,
    Jacobs2017,
    Lastro,
    Petrillo2017,
    ScaledReLU,
)

from zoo_core import UsageError

ALL = (AstrOmatic, Gamoclass, Jacobs2017, Lastro, Petrillo2017)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("bands", "side", "expected"), [(1, 45, 17.15e6), (1, 60, 30.78e6), (4, 101, 83.2e6)]
)
def test_petrillo_has_the_parameters_of_the_public_code(bands, side, expected):
    """To the digits that are known."""
    network = Petrillo2017(bands, input_size=[side, side])

    assert count(network) == pytest.approx(expected, rel=1e-3)


def test_lastro_has_the_parameters_of_the_paper():
    """5,674,000, to the thousand."""
    assert round(count(Lastro()), -3) == pytest.approx(5_674_000, abs=1000)


def test_the_scaled_relu_keeps_a_normal_variable_normal_to_second_order():
    """Mean 0 and variance 1, which is what its numbers are for."""
    x = torch.from_numpy(np.random.default_rng(0).normal(size=400_000))
    y = ScaledReLU()(x)

    assert float(y.mean()) == pytest.approx(0.0, abs=5e-3)
    assert float(y.var()) == pytest.approx(1.0, abs=1e-2)


@pytest.mark.parametrize("make", ALL)
def test_bands_sizes_and_heads(make):
    """Any bands and sizes; a new head, or none."""
    network = make(3, 2, input_size=[88, 96]).eval()
    x = torch.zeros(2, 3, 88, 96)

    assert network(x).shape == (2, 2)
    network.reset_classifier(0)
    assert network(x).shape == (2, network.num_features)
    with pytest.raises(ValueError, match="does not support"):
        network.set_grad_checkpointing()


def test_dense_layers_can_be_narrower():
    """They hold nearly all parameters."""
    assert count(Petrillo2017(dense=128)) < 0.14 * count(Petrillo2017())


@pytest.mark.parametrize("make", ALL)
def test_images_that_are_too_small_are_refused(make):
    """With what was given."""
    with pytest.raises(UsageError, match=r"cannot take images of \[2, 2\] pixels"):
        make(input_size=[2, 2])


@pytest.mark.parametrize("make", ALL)
def test_training_begins_near_even_odds(make):
    """Logits far from zero at first cost the layers of a ReLU their units for good."""
    torch.manual_seed(0)
    network = make(input_size=[101, 101]).train()
    bands = next(network.parameters()).shape[1]
    with torch.no_grad():
        assert network(torch.randn(8, bands, 101, 101)).abs().max() < 0.5
