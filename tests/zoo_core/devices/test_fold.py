"""Folding batch normalisations changes nothing but the speed."""

import copy

import pytest
import torch
from torch import nn

from zoo_core.devices._fold import fold_batch_norms
from zoo_core.devices._successions import successions


def randomise(network):
    """Random batch-norm statistics and affine parameters, eval mode."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            if module.track_running_stats:
                module.running_mean.normal_()
                module.running_var.uniform_(0.2, 3.0)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 2.0)
                nn.init.normal_(module.bias)
    return network.eval()


class Block(nn.Module):
    """Convolutions and norms as attributes, a shortcut, and one that must not be folded."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(4)
        self.conv3 = nn.Conv2d(4, 4, 1)
        self.bn3 = nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        x = x + self.bn2(self.conv2(x))
        raw = self.conv3(x)
        return raw + self.bn3(raw)


class Branching(Block):
    """Cannot be traced: what is done depends on the numbers."""

    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


class UsedTwice(nn.Module):
    """One norm for two convolutions."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.second(self.norm(self.first(x))))


def sequence(dimensions):
    convolution = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dimensions - 1]
    norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dimensions - 1]
    return nn.Sequential(
        convolution(3, 5, 3, bias=False),
        norm(5),
        nn.ELU(),
        norm(5),
        convolution(5, 2, 1),
        norm(2),
    )


def pair(norm):
    """A convolution with 4 channels and what follows it."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), norm)


@pytest.mark.parametrize(
    ("make", "folded", "shape"),
    [
        (lambda: sequence(1), 2, (2, 3, 9)),
        (lambda: sequence(2), 2, (2, 3, 9, 7)),
        (lambda: sequence(3), 2, (2, 3, 5, 6, 7)),
        (lambda: pair(nn.BatchNorm2d(4, affine=False)), 1, (2, 3, 9, 7)),
        (lambda: pair(nn.BatchNorm2d(4, track_running_stats=False)), 0, (2, 3, 9, 7)),
        (lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), 0, (2, 3)),
        (Block, 2, (2, 3, 9, 7)),
        (Branching, 0, (2, 3, 9, 7)),
        (UsedTwice, 0, (2, 3, 9, 7)),
    ],
)
def test_outputs_stay_the_same(make, folded, shape):
    """As many are folded as can be, and the outputs agree to rounding."""
    torch.manual_seed(1)
    network = randomise(make())
    x = torch.randn(shape)
    with torch.inference_mode():
        expected = network(x)

    count = fold_batch_norms(network, successions(network))

    assert count == folded
    with torch.inference_mode():
        torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5)


def test_untraceable_network_is_folded_in_its_sequences():
    """Where the code cannot be read, the order in `nn.Sequential` is known all the same."""

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = sequence(2)

        def forward(self, x):
            return self.body(x if x.sum() > 0 else -x)

    torch.manual_seed(1)
    network = randomise(Wrapped())
    x = torch.randn(2, 3, 9, 7)
    with torch.inference_mode():
        expected = network(x)

    assert fold_batch_norms(network, successions(network)) == 2
    with torch.inference_mode():
        torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5)


def test_module_with_a_hook_is_left_alone():
    """Somebody wants to see this output."""
    network = randomise(sequence(2))
    network[0].register_forward_hook(lambda module, inputs, output: None)

    assert fold_batch_norms(network, successions(network)) == 1


def test_subclass_is_left_alone():
    """It may do more than its parent."""

    class Scaled(nn.BatchNorm2d):
        def forward(self, x):
            return 2 * super().forward(x)

    network = randomise(nn.Sequential(nn.Conv2d(3, 4, 1), Scaled(4)))

    assert fold_batch_norms(network, successions(network)) == 0


def test_copy_is_folded_not_the_original():
    """Folding a deep copy leaves the original's tensors as they are."""
    network = randomise(sequence(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made = copy.deepcopy(network)

    fold_batch_norms(made, successions(made))

    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
