"""Recurrent networks: states, directions, lengths."""

import pytest
import torch
from torch import nn
from zoo_architectures.recurrent import GRU, LSTM

from zoo_core.errors import InputError, UsageError

both = pytest.mark.parametrize("kind", [LSTM, GRU])


def _series(count=3, bands=2, time=11):
    return torch.randn(count, bands, time, generator=torch.Generator().manual_seed(0))


@both
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (3, False), (2, True)])
def test_parameters(kind, layers, bidirectional):
    """Each g (h i + h**2 + 2 h) a layer and direction, with four or three gates."""
    network = kind(
        num_bands=5,
        num_outputs=2,
        hidden_size=7,
        num_layers=layers,
        bidirectional=bidirectional,
    )
    gates, directions = (4 if kind is LSTM else 3), 1 + bidirectional
    inputs = [5] + [7 * directions] * (layers - 1)
    expected = sum(gates * directions * (7 * i + 49 + 14) for i in inputs)

    assert sum(p.numel() for p in network.layers.parameters()) == expected
    assert network.num_features == 7 * directions


def test_the_last_state_of_an_lstm():
    """Step by step with a cell of the same weights."""
    network = LSTM(num_bands=2, num_outputs=1, hidden_size=4)
    cell = nn.LSTMCell(2, 4)
    cell.load_state_dict(
        {key.removesuffix("_l0"): value for key, value in network.layers.state_dict().items()}
    )
    x = _series()
    hidden, memory = torch.zeros(3, 4), torch.zeros(3, 4)
    for time in range(11):
        hidden, memory = cell(x[:, :, time], (hidden, memory))

    assert torch.allclose(network.forward_features(x), hidden, atol=1e-6)


@both
def test_the_backward_direction_reads_from_the_end(kind):
    """Its features are those of a forward network with its weights on the reversed series."""
    network = kind(num_bands=2, hidden_size=4, bidirectional=True)
    back = kind(num_bands=2, hidden_size=4)
    back.layers.load_state_dict(
        {
            key.removesuffix("_reverse"): value
            for key, value in network.layers.state_dict().items()
            if key.endswith("_reverse")
        }
    )
    x = _series()

    found = network.forward_features(x)[:, 4:]
    assert torch.allclose(found, back.forward_features(x.flip(-1)), atol=1e-6)


@both
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("time", [1, 5, 300])
def test_any_number_of_samples(kind, bidirectional, time):
    """One network for series of all lengths."""
    network = kind(num_bands=2, num_outputs=3, hidden_size=4, bidirectional=bidirectional)

    assert network(_series(time=time)).shape == (3, 3)


@both
@pytest.mark.parametrize("form", [(3,), (3, 1)])
def test_padding_changes_nothing(kind, form):
    """With lengths, in any order, each series answers as if it were alone and not padded."""
    network = kind(num_bands=2, hidden_size=4, num_layers=2, bidirectional=True).eval()
    x, lengths = _series(), torch.tensor([4, 11, 1])
    padded = x.clone()
    for row, length in enumerate(lengths):
        padded[row, :, length:] = 1e3
    found = network(padded, lengths.float().reshape(form))

    alone = [network(x[row : row + 1, :, :length]) for row, length in enumerate(lengths)]
    assert torch.allclose(found, torch.cat(alone), atol=1e-6)


@both
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_reach_every_sample_but_the_padding(kind, bidirectional):
    """The first sample too; nothing comes from behind the length."""
    network = kind(num_bands=2, hidden_size=4, num_layers=2, bidirectional=bidirectional)
    x = _series().requires_grad_()
    network(x, torch.tensor([11, 6, 2])).sum().backward()
    reached = (x.grad.abs().sum(dim=1) > 0).sum(dim=1)

    assert reached.tolist() == [11, 6, 2]
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())


@both
@pytest.mark.parametrize("lengths", [[0, 3, 3], [3, 12, 3]])
def test_impossible_lengths(kind, lengths):
    """An error that says which there may be."""
    with pytest.raises(InputError, match="from 1 to 11"):
        kind(num_bands=2)(_series(), torch.tensor(lengths))


@both
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"num_layers": 0}, "at least one layer"),
        ({"hidden_size": 0}, "at least one layer and one unit"),
        ({"drop_rate": 0.5}, "between layers"),
    ],
)
def test_impossible_layers(kind, arguments, told):
    """An error when it is built."""
    with pytest.raises(UsageError, match=told):
        kind(**arguments)


@both
def test_groups_of_layers(kind):
    """A layer's two directions are in one group, from the input to the head."""
    from timm.models import group_parameters

    network = kind(hidden_size=4, num_layers=3, bidirectional=True)
    groups = group_parameters(network, network.group_matcher())
    found = [sorted({key.split("_l")[-1][0] for key in groups[g]}) for g in sorted(groups)]

    assert found[:3] == [["0"], ["1"], ["2"]]
    assert set(groups[max(groups)]) == {"head.weight", "head.bias"}
