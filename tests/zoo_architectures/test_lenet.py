"""LeNet-5, today's and that of 1998."""

import math

import pytest
import torch
from torch import nn
from zoo_architectures.lenet import (
    C3_INPUTS,
    CodeDistance,
    LeNet5,
    PartialConvolution,
    ScaledTanh,
    Subsampling,
)

from zoo_core.errors import InputError, UsageError


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_layers_of_1998():
    """Parameters layer by layer: C1, S2, C3, S4, C5, F6; the head has none."""
    network = LeNet5(form="1998")
    layers = [m for m in (*network.features, *network.neck) if _count(m)]

    assert [_count(m) for m in layers] == [156, 12, 1516, 32, 48_120, 10_164]
    assert _count(network.get_classifier()) == 0


def test_maps_at_32_pixels():
    """28, 14, 10 and 5 pixels in both forms."""
    for form in ("modern", "1998"):
        x, sides = torch.zeros(1, 1, 32, 32), []
        for layer in LeNet5(form=form).features:
            x = layer(x)
            sides.append(x.shape[-1])
        assert list(dict.fromkeys(sides)) == [28, 14, 10, 5]
        assert x.shape == (1, 16, 5, 5)


def test_c3_sees_triples_quadruples_and_all():
    """Six runs of three, six of four, three of two pairs, one of six; each input as often."""

    def is_run(maps):
        return any(
            set(maps) == {(first + k) % 6 for k in range(len(maps))} for first in range(6)
        )

    assert [len(maps) for maps in C3_INPUTS] == [3] * 6 + [4] * 9 + [6]
    assert [is_run(maps) for maps in C3_INPUTS] == [True] * 12 + [False] * 3 + [True]
    assert len(set(C3_INPUTS)) == 16
    assert [sum(one in maps for maps in C3_INPUTS) for one in range(6)] == [10] * 6
    assert C3_INPUTS[4] == (0, 4, 5)
    assert C3_INPUTS[9] == (0, 3, 4, 5)
    assert C3_INPUTS[12:15] == ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5))


def test_a_map_of_c3_depends_on_its_inputs_only():
    """A change of one input changes the maps that see it and no others."""
    layer = PartialConvolution()
    x = torch.randn(1, 6, 14, 14)
    before = layer(x)
    for one in range(6):
        changed = x.clone()
        changed[:, one] += 1.0
        moved = (layer(changed) - before).abs().amax(dim=(0, 2, 3)) > 1e-6
        assert moved.tolist() == [one in maps for maps in C3_INPUTS]


def test_c3_is_a_sum_of_small_convolutions():
    """Map 7, of inputs 1 to 4, computed by itself."""
    layer, x = PartialConvolution(), torch.randn(2, 6, 9, 9)
    start = sum(map(len, C3_INPUTS[:7]))
    kernel = layer.weight[start : start + 4][None]
    expected = nn.functional.conv2d(x[:, 1:5], kernel, layer.bias[7:8])

    assert torch.allclose(layer(x)[:, 7:8], expected, atol=1e-6)


def test_subsampling_by_hand():
    """Sums of four pixels, times the factor, plus the offset, map by map."""
    layer = Subsampling(2)
    with torch.no_grad():
        layer.factor.copy_(torch.tensor([0.5, -1.0]))
        layer.offset.copy_(torch.tensor([0.0, 3.0]))
    image = torch.arange(8.0).reshape(1, 1, 2, 4)

    found = layer(image.repeat(1, 2, 1, 1))
    assert found.tolist() == [[[[5.0, 9.0]], [[-7.0, -15.0]]]]


def test_the_squashing_keeps_one():
    """One and minus one stay, and 1.7159 is never passed."""
    found = ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0, 100.0]))

    assert torch.allclose(found, torch.tensor([-1.0, 0.0, 1.0, 1.7159]), atol=1e-4)


def test_the_nearest_code_wins():
    """Logits are minus squared distances, zero for the code itself."""
    head = CodeDistance(84, 10)
    logits = head(head.codes)
    codes = head.codes.tolist()
    by_hand = [
        [-sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) for other in codes]
        for one in codes
    ]

    assert set(head.codes.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(logits.argmax(dim=1), torch.arange(10))
    assert logits.tolist() == by_hand


def test_one_output_is_the_logit_of_two_classes():
    """The difference of the two distances: the sigmoid is the softmax."""
    one, two = CodeDistance(84, 1), CodeDistance(84, 2)
    two.load_state_dict(one.state_dict())
    x = 0.1 * torch.randn(5, 84)

    assert one(one.codes)[1] > 0 > one(one.codes)[0]
    assert torch.allclose(one(x)[:, 0].sigmoid(), two(x).softmax(dim=1)[:, 1], atol=1e-5)


def test_a_fresh_network_of_1998_prefers_no_class():
    """With its small weights all distances start about equal: the loss is near ln 10."""
    torch.manual_seed(0)
    logits = LeNet5(form="1998")(torch.randn(200, 1, 32, 32))
    loss = nn.functional.cross_entropy(logits, torch.arange(200) % 10)

    assert loss.item() == pytest.approx(math.log(10), rel=0.2)


def test_codes_belong_to_the_weights():
    """A saved network answers the same in another one."""
    one, other = LeNet5(form="1998"), LeNet5(form="1998")
    x = torch.randn(3, 1, 32, 32)
    assert not torch.equal(one(x), other(x))
    other.load_state_dict(one.state_dict())

    assert torch.equal(one(x), other(x))
    assert "head.codes" in one.state_dict()


@pytest.mark.parametrize("form", ["modern", "1998"])
def test_sizes_are_arguments(form):
    """Any from 16 on, and only the one that was asked for."""
    network = LeNet5(num_bands=2, num_outputs=3, form=form, input_size=(16, 41))

    assert network(torch.zeros(4, 2, 16, 41)).shape == (4, 3)
    with pytest.raises(InputError, match="built for inputs of 16 x 41, got 41 x 16"):
        network(torch.zeros(4, 2, 41, 16))
    with pytest.raises(UsageError, match="at least 16"):
        LeNet5(form=form, input_size=15)


@pytest.mark.parametrize("size", [[1, 2, 3], 0, []])
def test_sizes_are_two_positive_lengths(size):
    """An error when it is built."""
    with pytest.raises(UsageError, match="input_size"):
        LeNet5(input_size=size)
