"""Which layers take the inputs is read from the network."""

import pytest
import torch
from torch import nn

from zoo_core.devices import InferenceEngine
from zoo_core.devices._successions import first_layers


class Two(nn.Module):
    """Two inputs, each with a layer of its own."""

    def __init__(self):
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
        self.numbers = nn.Linear(3, 2)

    def forward(self, image, numbers):
        return self.image(image).mean((2, 3)) + self.numbers(numbers)


class Shortcut(nn.Module):
    """The input also goes around the layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return x + self.conv(x)


class Untraceable(nn.Module):
    """What it does depends on the data."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else x


class Weightless(nn.Module):
    """The input goes through a layer without weights first."""

    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.conv(self.pool(x))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 1, 3)), ["0"]),
        (Two(), ["image.0", "numbers"]),
        (Shortcut(), []),
        (Untraceable(), []),
        (Weightless(), []),
    ],
    ids=["sequence", "two inputs", "shortcut", "untraceable", "weightless"],
)
def test_first_layers(network, expected):
    """Those with weights that alone take the inputs."""
    assert first_layers(network) == expected


@pytest.mark.parametrize("network", [Shortcut(), Untraceable(), Weightless()])
def test_inputs_are_converted_where_the_first_layer_is_not_known(network):
    """Such a network runs in the reduced precision all the same."""
    torch.manual_seed(1)
    engine = InferenceEngine(network.eval(), device="cpu", precision="bfloat16")
    engine([torch.rand(4, 1, 8, 8)])

    assert engine.method == "bfloat16, folded"
