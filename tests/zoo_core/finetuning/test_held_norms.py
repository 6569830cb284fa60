"""Held batch normalisations are joined to convolutions without any other difference."""

import copy

import pytest
import timm
import torch
from torch import nn

from zoo_core.finetuning._freeze import freeze, hold_statistics
from zoo_core.finetuning._held_norms import (
    _held_pairs,
    join_held_norms,
    separate_held_norms,
)


class _Branched(nn.Module):
    """One normalisation that cannot be joined, for the convolution's output goes two ways."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, inputs):
        found = self.conv(inputs)
        return (self.norm(found) * found).mean((2, 3))


class _Misleading(nn.Module):
    """Parts in another order than they are used, which a trace cannot follow."""

    def __init__(self):
        super().__init__()
        self.parts = nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))

    def forward(self, inputs):
        if inputs.sum() > 1e9:
            return inputs
        return self.parts[0](self.parts[1](inputs))


def _with_statistics(network):
    """The network, whose normalisations are not what they are at first."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 2.0)
            nn.init.normal_(module.bias)
    return network


def _network():
    torch.manual_seed(0)
    network = _with_statistics(timm.create_model("test_resnet", num_classes=2))
    hold_statistics(network)
    return network


def _step(network, images):
    """Outputs in train mode and the gradients of all parameters."""
    network.train().zero_grad()
    outputs = network(images)
    outputs.square().sum().backward()
    return outputs, {name: p.grad for name, p in network.named_parameters()}


@pytest.fixture
def images():
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_outputs_and_gradients_are_those_of_the_network_as_it_was(images):
    """Of the weights of convolution and normalisation alike; statistics do not move."""
    plain, joined = _network(), _network()
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in joined.modules())

    assert join_held_norms(joined, images[:1]) == norms > 10

    wanted, got = _step(plain, images), _step(joined, images)
    torch.testing.assert_close(got[0], wanted[0], rtol=1e-4, atol=1e-4)
    assert set(got[1]) == set(wanted[1])
    for name, gradient in wanted[1].items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(got[1][name], gradient, rtol=1e-3, atol=1e-4 * scale)
    for name, value in plain.state_dict().items():
        assert torch.equal(joined.state_dict()[name], value), name


def test_a_copy_has_weights_of_its_own(images):
    """The average of the weights is a copy of the network."""
    network = _network()
    join_held_norms(network, images)
    twin = copy.deepcopy(network).eval()
    before = twin(images)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()

    assert torch.equal(twin(images), before)
    assert not torch.equal(network.eval()(images), before)


def test_separated_it_is_the_network_that_it_was(images):
    """To the bit, and nothing is left behind on any module."""
    plain, network = _network().eval(), _network().eval()
    join_held_norms(network, images)
    separate_held_norms(network)

    assert torch.equal(network(images), plain(images))
    assert not any("forward" in module.__dict__ for module in network.modules())


def test_statistics_that_are_learned_stay_apart(images):
    """What goes by the batch cannot be known before the batch; the frozen part is."""
    network = timm.create_model("test_resnet", num_classes=2)
    assert join_held_norms(network, images) == 0

    freeze(network, {name for name, _ in network.named_parameters() if "layer1" in name})
    held = sum(isinstance(module, nn.BatchNorm2d) for module in network.layer1.modules())
    assert join_held_norms(network, images) == held > 0


def test_an_output_that_is_used_twice_stays_apart(images):
    """The other user wants it as it was."""
    network = _with_statistics(_Branched())
    hold_statistics(network)
    before = network(images)

    assert join_held_norms(network, images) == 0
    assert torch.equal(network(images), before)


def test_a_guess_that_changes_outputs_is_taken_back(images):
    """Parts of a network that cannot be traced may be used in another order."""
    network = _with_statistics(_Misleading())
    hold_statistics(network)
    before = network(images)
    assert _held_pairs(network)

    assert join_held_norms(network, images) == 0
    assert torch.equal(network(images), before)


@pytest.mark.parametrize("is_training", [True, False])
def test_the_mode_stays(images, is_training):
    """Train or eval."""
    network = _network().train(is_training)
    join_held_norms(network, images)

    assert network.training is network.fc.training is is_training
