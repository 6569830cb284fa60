"""VGG, Inception v3 and v4, and residual networks, which are timm's."""

import pytest
import timm
import torch
from zoo_architectures.vgg import vgg11

from zoo_core import Zoo

ZOO = Zoo.discover()


@pytest.mark.parametrize(
    ("name", "arguments", "timms"),
    [
        ("vgg11", {}, "vgg11"),
        ("vgg13", {"batch_norm": True}, "vgg13_bn"),
        ("vgg16", {}, "vgg16"),
        ("vgg19", {"batch_norm": True}, "vgg19_bn"),
        ("inception_v3", {}, "inception_v3"),
        ("inception_v4", {}, "inception_v4"),
        ("resnet18", {}, "resnet18"),
        ("resnet34", {}, "resnet34"),
        ("resnet50", {}, "resnet50"),
    ],
)
def test_tensors_are_named_as_timms(name, arguments, timms):
    """So that weights in timm's format fit."""
    with torch.device("meta"):
        ours = ZOO.build(f"architectures/{name}", num_outputs=7, **arguments)
        reference = timm.create_model(timms, num_classes=7)

    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in reference.state_dict().items()
    }


@pytest.fixture(scope="module")
def network():
    """The smallest VGG, built once."""
    torch.manual_seed(0)
    return vgg11(num_bands=1, num_outputs=3).eval()


def test_vgg_says_how_long_its_features_are(network):
    """What comes before the head, not the number of maps that timm says."""
    x = torch.randn(2, 1, 40, 50)
    with torch.inference_mode():
        vector = network.forward_head(network.forward_features(x), pre_logits=True)

        assert vector.shape == (2, network.num_features)
        assert torch.equal(network.get_classifier()(vector), network(x))


def test_vgg_slides_over_larger_images(network):
    """Of an image that repeats itself each position gives the same."""
    tile = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        maps = network.forward_features(tile).repeat(1, 1, 9, 9)
        one, more = network.forward_head(maps[..., :7, :7]), network.forward_head(maps)

    assert torch.allclose(one, more, atol=1e-5)
