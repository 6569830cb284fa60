"""DeepLens against the published description of the network."""

import pytest
import torch
from torch import nn
from zoo_strong_lensing.architectures import DeepLens


def _count(network):
    return sum(parameter.numel() for parameter in network.parameters())


# Counted by hand from the published layer list, where a convolution that batch
# normalisation follows has no bias and the others have one.
@pytest.mark.parametrize(("bands", "expected"), [(1, 3_508_545), (4, 3_513_249)])
def test_parameter_count(bands, expected):
    """The published network has this many parameters for one and for four bands."""
    assert _count(DeepLens(num_bands=bands)) == expected


def test_depth():
    """46 convolutions on the main path: the stem and three in each of 15 units."""
    network = DeepLens()
    on_path = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and "shortcut" not in name
    ]

    assert len(on_path) == 46


@pytest.mark.parametrize(("size", "last"), [(45, 3), (101, 7)])
def test_size_of_the_last_feature_map(size, last):
    """Four of the five stages halve the image: 45 pixels end as 3, 101 as 7."""
    network = DeepLens().eval()
    with torch.inference_mode():
        features = network.forward_features(torch.zeros(1, 1, size, size))

    assert features.shape == (1, 512, last, last)


def test_first_unit_has_no_activation_of_its_own_and_keeps_its_input():
    """Its input is activated already and has the right width: the shortcut is the identity."""
    first, second, fourth = (DeepLens().units[i] for i in (0, 1, 3))

    assert isinstance(first.preactivate, nn.Identity)
    assert first.shortcut is None
    assert isinstance(second.preactivate, nn.Sequential)
    assert second.shortcut is None
    assert fourth.shortcut.stride == (2, 2)


def test_head_follows_features():
    """Forward is forward_features and forward_head; pre_logits stops before the head."""
    network = DeepLens(num_outputs=3).eval()
    x = torch.randn(2, 1, 45, 45, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = network.forward_features(x)
        pooled = network.forward_head(features, pre_logits=True)

        assert torch.equal(network(x), network.forward_head(features))
        assert torch.equal(network(x), network.get_classifier()(pooled))
    assert pooled.shape == (2, network.num_features)


def test_any_number_of_bands_and_outputs():
    """The stem and the head follow the arguments."""
    with torch.inference_mode():
        assert DeepLens(num_bands=5, num_outputs=7).eval()(torch.zeros(2, 5, 33, 33)).shape == (
            2,
            7,
        )


def test_a_new_head_is_like_the_rest_of_the_network():
    """Any number of outputs, none for zero as in timm, on the device and in the type of all."""
    network = DeepLens().to("meta", torch.float16)
    network.reset_classifier(3)
    head = network.get_classifier()
    assert (head.in_features, head.out_features) == (512, 3)
    assert (head.weight.device.type, head.weight.dtype) == ("meta", torch.float16)

    network.reset_classifier(0)
    assert isinstance(network.get_classifier(), nn.Identity)
    assert network(torch.zeros(2, 1, 45, 45, device="meta").half()).shape == (2, 512)
    network.reset_classifier(2)
    assert network.get_classifier().weight.device.type == "meta"
