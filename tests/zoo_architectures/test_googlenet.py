"""GoogLeNet: against torchvision's, as in 2014, and with side heads."""

import pytest
import torch
import torchvision
from torch import nn
from zoo_architectures._response_norm import ResponseNorm
from zoo_architectures.auxiliary import WithAuxiliary, auxiliary_loss
from zoo_architectures.googlenet import MODULES, GoogLeNet, Inception


@pytest.fixture
def network():
    """With side heads, three outputs and without dropout."""
    torch.manual_seed(0)
    made = GoogLeNet(num_outputs=3, auxiliary=True)
    return _without_dropout(made)


def _without_dropout(network):
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def test_torchvisions_form_is_torchvisions(network):
    """With the same weights: the same in eval mode, and from all heads in training mode."""
    with torch.device("meta"):
        reference = torchvision.models.googlenet(
            num_classes=3, aux_logits=True, init_weights=False
        )
    values = [value.clone() for value in network.state_dict().values()]
    reference.load_state_dict(
        dict(zip(reference.state_dict(), values, strict=True)), assign=True
    )
    _without_dropout(reference)
    x = torch.randn(4, 3, 75, 90)
    with torch.no_grad():
        found, expected = network.train()(x), reference.train()(x)
        assert torch.allclose(found.logits, expected.logits, atol=1e-4)
        assert torch.allclose(found.auxiliary[0], expected.aux_logits1, atol=1e-4)
        assert torch.allclose(found.auxiliary[1], expected.aux_logits2, atol=1e-4)
        assert torch.allclose(network.eval()(x), reference.eval()(x), atol=1e-4)


def test_what_forward_returns(network):
    """A tensor, but in training mode with side heads the outputs of all heads."""
    x = torch.randn(2, 3, 33, 33)
    plain = GoogLeNet(num_outputs=3)

    assert isinstance(plain.train()(x), torch.Tensor)
    assert isinstance(network.eval()(x), torch.Tensor)
    found = network.train()(x)
    assert isinstance(found, WithAuxiliary)
    assert [y.shape for y in (found.logits, *found.auxiliary)] == [(2, 3)] * 3


def test_side_heads_change_nothing_in_eval_mode(network):
    """Without them the same weights give the same."""
    plain = GoogLeNet(num_outputs=3).eval()
    own = {k: v for k, v in network.state_dict().items() if not k.startswith("sides.")}
    plain.load_state_dict(own)
    x = torch.randn(2, 3, 33, 33)

    assert torch.equal(plain(x), network.eval()(x))


def test_a_side_head_teaches_what_lies_before_it(network):
    """The loss of the first has no gradient after it."""
    outputs = network.train()(torch.randn(2, 3, 33, 33))
    outputs.auxiliary[0].sum().backward()

    assert network.stem[0].conv.weight.grad.abs().sum() > 0
    assert network.parts[0][0].one.conv.weight.grad.abs().sum() > 0
    assert network.parts[1][0].one.conv.weight.grad is None
    assert network.head.weight.grad is None


def test_side_heads_follow_the_head(network):
    """Other outputs for all; without a head the features alone, in training mode too."""
    x = torch.randn(2, 3, 33, 33)
    network.reset_classifier(5)
    assert {y.shape for y in (network(x).logits, *network(x).auxiliary)} == {(2, 5)}

    network.reset_classifier(0)
    assert network.train()(x).shape == (2, 1024)


def test_the_loss_with_side_heads():
    """The head's and 0.3 of each side head's; the head's alone where there are no others."""

    def square(outputs, target):
        return (outputs - target).square().mean()

    head, first, second = torch.tensor([2.0]), torch.tensor([3.0]), torch.tensor([4.0])
    told = WithAuxiliary(head, (first, second))

    assert auxiliary_loss(square, told, 1.0).item() == pytest.approx(1 + 0.3 * (4 + 9))
    assert auxiliary_loss(square, told, 1.0, weight=0.0).item() == 1.0
    assert auxiliary_loss(square, head, 1.0).item() == 1.0


def test_parameters_of_2014():
    """As with 5 x 5 kernels and batch norms (7,005,832), less a scale for each convolution.

    A batch norm has a scale and an offset for each map, a convolution without one a bias.
    """
    maps = 64 + 64 + 192 + sum(sum(w) for part in MODULES for w in part if w is not None)
    with torch.device("meta"):
        network = GoogLeNet(form="2014")
    count = sum(parameter.numel() for parameter in network.parameters())

    assert count == 7_005_832 - maps
    assert not [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(isinstance(m, ResponseNorm) for m in network.modules()) == 2


def test_signals_do_not_fade_in_2014s_form():
    """Without normalisation the features of unit noise stay of the order of one."""
    torch.manual_seed(0)
    network = GoogLeNet(form="2014", num_outputs=0).eval()
    with torch.inference_mode():
        features = network(torch.randn(4, 3, 64, 64))

    assert 0.03 < features.std() < 30


def test_the_four_branches():
    """Maps lie in the order 1x1, 3x3, 5x5, pooled, and reach as far as their kernels."""
    block = Inception(2, (1, 2, 3, 2, 4, 5), size=5, normalise=False)
    for convolution in (m for m in block.modules() if isinstance(m, nn.Conv2d)):
        nn.init.ones_(convolution.weight)
        nn.init.zeros_(convolution.bias)
    x = torch.zeros(1, 2, 9, 9)
    x[:, :, 4, 4] = 1.0
    reach = (block(x)[0] > 0).sum(dim=(1, 2))

    assert reach.tolist() == [1] * 1 + [9] * 3 + [25] * 4 + [9] * 5


@pytest.mark.parametrize("form", ["torchvision", "2014"])
def test_maps_at_224_pixels(form):
    """28 pixels before the first module, 14, 14 and 7 after the parts; widths as stacked."""
    with torch.device("meta"):
        network = GoogLeNet(form=form)
        x = network.stem(torch.zeros(1, 3, 224, 224))
        assert x.shape == (1, 192, 28, 28)
        shapes = []
        for part in network.parts:
            x = part(x)
            shapes.append(tuple(x.shape[1:]))

    assert shapes == [(512, 14, 14), (528, 14, 14), (1024, 7, 7)]
