"""AlexNet in its two forms."""

import pytest
import torch
import torchvision
from torch import nn
from zoo_architectures._response_norm import ResponseNorm
from zoo_architectures.alexnet import AlexNet


def _convolutions(network):
    return [module for module in network.features if isinstance(module, nn.Conv2d)]


@pytest.fixture(scope="module")
def network():
    """The form of torchvision, built once."""
    torch.manual_seed(0)
    return AlexNet(num_outputs=4, form="torchvision").eval()


def test_torchvisions_form_is_torchvisions(network):
    """With the same weights it gives the same outputs, at a size that has to be pooled too."""
    with torch.device("meta"):
        reference = torchvision.models.alexnet(num_classes=4).eval()
    values = network.state_dict().values()
    reference.load_state_dict(
        dict(zip(reference.state_dict(), values, strict=True)), assign=True
    )
    for size in (64, 224):
        x = torch.randn(1, 3, size, size)
        with torch.inference_mode():
            assert torch.allclose(network(x), reference(x), atol=1e-5)


def test_features_are_what_the_head_takes(network):
    """``get_classifier`` of ``pre_logits`` is the output."""
    x = torch.randn(2, 3, 70, 90)
    with torch.inference_mode():
        vector = network.forward_head(network.forward_features(x), pre_logits=True)

        assert torch.equal(network.get_classifier()(vector), network(x))


@pytest.mark.parametrize("size", [224, 227])
@pytest.mark.parametrize("form", ["2012", "torchvision"])
def test_the_grid_is_that_of_the_original_size(size, form):
    """There the maps are 6 x 6, so that averaging over the grid does nothing."""
    with torch.device("meta"):
        network = AlexNet(form=form)

        assert network.forward_features(torch.zeros(1, 3, size, size)).shape == (1, 256, 6, 6)


def test_layers_of_2012():
    """Widths, kernels and groups; normalisation after the first two only."""
    with torch.device("meta"):
        network = AlexNet(form="2012")
    found = [(c.out_channels, c.kernel_size[0], c.groups) for c in _convolutions(network)]
    kinds = [type(module).__name__ for module in network.features]

    assert found == [(96, 11, 1), (256, 5, 2), (384, 3, 1), (384, 3, 2), (256, 3, 2)]
    once = ["Conv2d", "ReLU", "ResponseNorm", "MaxPool2d"]
    assert kinds == [*once, *once, *["Conv2d", "ReLU"] * 3, "MaxPool2d"]


def test_halves_meet_in_the_third_convolution_only():
    """A map of the second convolution sees the half before it, one of the third all."""
    with torch.device("meta"):
        shapes = [tuple(c.weight.shape[:2]) for c in _convolutions(AlexNet(form="2012"))]

    assert shapes == [(96, 3), (256, 48), (384, 256), (384, 192), (256, 192)]


def test_response_norm_is_the_formula():
    """Each is x / (2 + 1e-4 * sum of five squares) ** 0.75; at the edges of fewer."""
    x = 100 * torch.randn(2, 9, 3, 3)
    expected = torch.empty_like(x)
    for channel in range(9):
        near = x[:, max(0, channel - 2) : channel + 3]
        expected[:, channel] = x[:, channel] / (2 + 1e-4 * (near**2).sum(dim=1)) ** 0.75

    assert torch.allclose(ResponseNorm()(x), expected, rtol=1e-5)
    assert not torch.allclose(expected, x / 2**0.75, rtol=0.1)


@pytest.mark.parametrize("channels", [1, 3, 96])
def test_response_norm_is_torchs(channels):
    """Torch divides its factor by the number of channels; gradients agree, too."""
    x = (100 * torch.randn(2, channels, 4, 5)).requires_grad_()
    ours, torchs = ResponseNorm()(x), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0)(x)

    assert torch.allclose(ours, torchs, rtol=1e-5)
    weight = torch.randn_like(x)
    (one,), (other,) = (torch.autograd.grad((y * weight).sum(), x) for y in (ours, torchs))
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)


def test_response_norm_in_bfloat16():
    """It computes in float32 and gives what it got, so that it runs on processors, too."""
    x = (100 * torch.randn(2, 9, 3, 3)).bfloat16()

    assert torch.equal(ResponseNorm()(x), ResponseNorm()(x.float()).bfloat16())


def test_dropout_before_the_first_two_linear_layers():
    """At the rate that was asked for."""
    with torch.device("meta"):
        kinds = [type(m).__name__ for m in AlexNet(drop_rate=0.3).neck]
        rates = {m.p for m in AlexNet(drop_rate=0.3).neck if isinstance(m, nn.Dropout)}

    assert kinds[2:] == ["Dropout", "Linear", "ReLU"] * 2
    assert rates == {0.3}
