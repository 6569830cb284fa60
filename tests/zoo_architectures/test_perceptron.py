"""The perceptron and the MLP."""

import pytest
import torch
from torch import nn
from zoo_architectures.perceptron import MLP, Perceptron

from zoo_core.errors import InputError, UsageError


def test_a_perceptron_is_a_weighted_sum():
    """Of all bands and pixels, plus a threshold."""
    network = Perceptron(num_bands=2, num_outputs=3, input_size=(4, 5))
    x = torch.randn(6, 2, 4, 5)
    expected = (
        torch.einsum("nbyx,obyx->no", x, network.head.weight.reshape(3, 2, 4, 5))
        + network.head.bias
    )

    assert torch.allclose(network(x), expected, atol=1e-6)


def test_a_perceptron_without_a_head_gets_one_again():
    """It then has no parameter that would tell a device or a type."""
    network = Perceptron(input_size=3, num_outputs=0)
    network.reset_classifier(2)

    assert network(torch.zeros(1, 1, 3)).shape == (1, 2)


def test_an_mlp_is_linear_layers_with_relu_between():
    """Of the widths that were asked for, none after the last."""
    network = MLP(num_bands=1, num_outputs=2, input_size=5, hidden_sizes=[7, 3]).eval()
    first, second = (m for m in network.hidden if isinstance(m, nn.Linear))
    x = torch.randn(4, 1, 5)
    expected = network.head(second(first(x[:, 0]).relu()).relu())

    assert torch.equal(network(x), expected)
    assert [(m.in_features, m.out_features) for m in (first, second)] == [(5, 7), (7, 3)]


@pytest.mark.parametrize("kind", [Perceptron, MLP])
def test_another_size_is_told_in_words(kind):
    """Also where the number of values happens to be the same."""
    network = kind(input_size=(4, 6))

    with pytest.raises(InputError, match=r"4 x 6, got 6 x 4\. .*input_size=\[6, 4\]"):
        network(torch.zeros(1, 1, 6, 4))


@pytest.mark.parametrize("size", [0, [], [3, 0]])
def test_sizes_must_be_positive(size):
    """An error when it is built."""
    with pytest.raises(UsageError, match="input_size"):
        Perceptron(input_size=size)


@pytest.mark.parametrize("hidden", [[], [3, 0]])
def test_hidden_layers_must_be_there(hidden):
    """An MLP without any is a perceptron."""
    with pytest.raises(UsageError, match="perceptron"):
        MLP(hidden_sizes=hidden)
