"""Frozen means frozen: weights, statistics and dropout."""

import copy

import pytest
import timm
import torch
from torch import nn

from zoo_core.errors import UsageError
from zoo_core.finetuning import default_plan, freeze
from zoo_core.finetuning._plan import frozen_parameters, head_parameters, layer_of_parameters


def _network():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=2, drop_rate=0.5)


def _train(network, steps=20):
    """Some steps on everything that can be trained."""
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    network.train()
    for _ in range(steps):
        optimizer.zero_grad()
        network(torch.randn(8, 3, 64, 64) * 3 + 1).square().mean().backward()
        optimizer.step()
    return network.eval()


def test_batch_norm_drifts_where_only_gradients_are_off():
    """What is to be avoided: ``requires_grad = False`` alone moves the embedding."""
    network = _network()
    images = torch.randn(4, 3, 64, 64)
    before = network.eval().forward_features(images)
    head = head_parameters(network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad = name in head

    after = _train(network).forward_features(images)

    assert (after - before).norm() > 0.5 * before.norm()


def test_a_frozen_body_gives_the_same_features_to_the_bit():
    """Whatever ``train()`` is called on the network."""
    network = _network()
    images = torch.randn(4, 3, 64, 64)
    before = network.eval().forward_features(images)
    freeze(network, frozen_parameters(network, default_plan("head", 100)))
    state = copy.deepcopy(network.state_dict())

    after = _train(network).forward_features(images)

    assert torch.equal(after, before)
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, state[k])}
    assert changed == head_parameters(network)


def test_dropout_in_a_frozen_part_stays_off():
    """Features of a frozen part do not depend on chance."""
    network = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5)), nn.Linear(4, 1))
    frozen = freeze(network, {"0.0.weight", "0.0.bias"})
    network.train()

    assert frozen == ["0"]
    assert not network[0][1].training
    assert network[1].training


@pytest.mark.parametrize("k", [1, 2, 3])
def test_last_k_trains_the_last_layers_and_the_head(k):
    """Layers are those of the network's own group matcher."""
    network = _network()
    plan = default_plan("last-k", 100, last_k=k)
    frozen = frozen_parameters(network, plan)
    layers = layer_of_parameters(network)
    head = head_parameters(network)
    trained = {layers[name] for name in layers if name not in frozen and name not in head}

    assert len(trained) == k
    assert min(trained) > max(layers[name] for name in frozen)
    assert not head & frozen


def test_parameters_may_be_frozen_by_name():
    """Besides those of the strategy; what names nothing, or the head, is told."""
    network = _network()
    for strategy, more in (("full", {"conv1", "bn1"}), ("head", set())):
        plan = default_plan(strategy, 100, frozen=("conv1.*", "bn?.*"))
        kept = frozen_parameters(network, plan) - frozen_parameters(
            network, default_plan(strategy, 100)
        )
        assert {name.partition(".")[0] for name in kept} == more
    with pytest.raises(UsageError, match=r"'stem' names no parameter .*begin with bn1, conv1"):
        frozen_parameters(network, default_plan("full", 100, frozen=("stem",)))
    with pytest.raises(UsageError, match="the head, which is always trained"):
        frozen_parameters(network, default_plan("full", 100, frozen=("*",)))


def test_a_copy_of_a_frozen_network_is_frozen_too():
    """The running average of the weights is such a copy."""
    network = _network()
    freeze(network, frozen_parameters(network, default_plan("head", 100)))
    twin = copy.deepcopy(network).train()

    assert not any(m.training for m in twin.modules() if isinstance(m, nn.BatchNorm2d))
    assert not any(m is other for m in twin.modules() for other in network.modules())
