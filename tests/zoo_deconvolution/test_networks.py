"""Networks that give images, and the one that judges them."""

from itertools import pairwise

import pytest
import torch
from zoo_deconvolution.networks.pix2pix import PatchDiscriminator, Pix2PixUNet
from zoo_deconvolution.networks.restorer import ResidualRestorer

from zoo_core import UsageError


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_unet_has_the_published_layers():
    """Widths 64 to 512, eight halvings, dropout in three, counted by hand.

    A convolution of four by four has 16 in out weights; those without batch normalisation
    have a bias; batch normalisation has two numbers a channel.
    """
    widths = [64, 128, 256, 512, 512, 512, 512, 512]
    down = 16 * 3 * 64 + 64
    for into, out in pairwise(widths[:7]):
        down += 16 * into * out + 2 * out
    down += 16 * 512 * 512 + 512
    up = 16 * 512 * 512 + 2 * 512
    for level in range(6, 0, -1):
        up += 16 * 2 * widths[level] * widths[level - 1] + 2 * widths[level - 1]
    up += 16 * 2 * 64 * 64 + 2 * 64
    network = Pix2PixUNet()

    assert count(network) == down + up + 64 * 3 + 3 == 54_539_779
    assert sum(isinstance(m, torch.nn.Dropout) for m in network.modules()) == 3


def test_the_discriminator_sees_70_pixels():
    """A pixel of its output changes with a patch of 70 x 70 of the input, and no further."""
    assert count(PatchDiscriminator()) == 2_768_705
    network = PatchDiscriminator(num_bands=1, width=4).eval()
    x = torch.randn(1, 1, 128, 128, requires_grad=True)

    out = network(x)
    out[0, 0, 7, 7].backward()
    rows = torch.nonzero(x.grad[0, 0].abs().sum(1))[:, 0]

    assert out.shape == (1, 1, 14, 14)
    assert int(rows.max() - rows.min()) + 1 == 70


@pytest.mark.parametrize(
    ("network", "step"),
    [(Pix2PixUNet(width=4, depth=4), 16), (ResidualRestorer(width=4), 4)],
)
def test_an_image_of_the_same_size_comes_out(network, step):
    """Of any multiple of the step; another size is an error that says which."""
    network.eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 2 * step, 3 * step)).shape == (
            2,
            3,
            2 * step,
            3 * step,
        )
        features = network.forward_features(torch.zeros(1, 3, 2 * step, 2 * step))
        assert features.shape == (1, network.num_features, 2 * step, 2 * step)
    with pytest.raises(UsageError, match=f"multiples of {step}, got"):
        network(torch.zeros(1, 3, 2 * step + 1, 2 * step))


@pytest.mark.parametrize("bands", [1, 3])
def test_the_restorer_begins_as_the_identity(bands):
    """Untrained it gives the image back, whatever the bands."""
    network = ResidualRestorer(bands, bands, width=4).eval()
    x = torch.rand(2, bands, 24, 16)

    with torch.inference_mode():
        torch.testing.assert_close(network(x), x)


def test_heads_can_be_replaced():
    """Other outputs, or features alone."""
    for network in (
        Pix2PixUNet(width=4, depth=3),
        ResidualRestorer(width=4),
        PatchDiscriminator(3, width=4),
    ):
        x = torch.zeros(1, 3, 32, 32)
        network.eval()
        network.reset_classifier(5)
        assert network(x).shape[1] == 5
        network.reset_classifier(0)
        assert network(x).shape[1] == network.num_features
        with pytest.raises(ValueError, match="does not support gradient checkpointing"):
            network.set_grad_checkpointing()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pix2PixUNet(depth=1), "depth 2 or more; got 64 and 1"),
        (lambda: ResidualRestorer(blocks=[1, 1]), "three numbers from 1 up"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    """With what was given."""
    with pytest.raises(UsageError, match=message):
        make()
