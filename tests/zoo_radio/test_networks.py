"""Networks of radio galaxies: counts of the papers, turns, pairs."""

import pytest
import torch
from zoo_radio.networks.equivariant import Gaze, RotationEquivariant
from zoo_radio.networks.lenet import RadioLeNet
from zoo_radio.networks.toothless import Toothless, ToothlessFusion

from zoo_core import UsageError


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts_are_the_published_ones():
    """Counted by hand from the layer lists: groups halve what a kernel sees."""
    toothless = (
        96 * 121 + 96
        + 256 * 48 * 25 + 256
        + 384 * 256 * 9 + 384
        + 384 * 192 * 9 + 384
        + 256 * 192 * 9 + 256
        + 4096 * 4096 + 4096 + 4096 * 4096 + 4096 + 2 * 4096 + 2
    )  # fmt: skip
    assert count(Toothless()) == toothless == 35_881_666
    lenet = 6 * 25 + 6 + 16 * 6 * 25 + 16 + 20736 * 120 + 120 + 120 * 84 + 84 + 84 * 2 + 2
    assert count(RadioLeNet(input_size=[151, 151])) == lenet == 2_501_346


@pytest.mark.parametrize("mirrors", [False, True])
@pytest.mark.parametrize("size", [48, 75])
def test_quarter_turns_change_nothing(mirrors, size):
    """On even and odd sides, with any statistics; nor do mirrors, if they are asked for."""
    torch.manual_seed(0)
    network = RotationEquivariant(width=2, mirrors=mirrors).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0.0, 0.1)
            torch.nn.init.uniform_(module.weight)
    x = torch.randn(2, 1, size, size)

    with torch.inference_mode():
        out = network(x)
        for turns in (1, 2, 3):
            torch.testing.assert_close(network(torch.rot90(x, turns, (2, 3))), out)
        off = (network(x.flip(3)) - out).abs().max()

    assert (off < 1e-5) == mirrors


@pytest.mark.parametrize("size", [150, 151, 40])
def test_looks_are_the_middle_of_the_image_closer_and_closer(size):
    """A patch in the middle grows with the zoom and stays in the middle; beyond it is 0."""
    image = torch.zeros(1, 1, size, size)
    low, high = size // 2 - 4, size - size // 2 + 4
    image[:, :, low:high, low:high] = 1.0
    looks = Gaze(72, (0.5, 1.0, 2.0))(image)[0]

    assert looks.shape == (3, 72, 72)
    torch.testing.assert_close(looks, looks.flip(1))
    torch.testing.assert_close(looks, looks.mT)
    wide = high - low
    # The area of the patch in the pixels of the look; of an odd side it is cut a pixel wider.
    torch.testing.assert_close(
        looks.sum((1, 2)) / wide**2, torch.tensor([0.25, 1.0, 4.0]), rtol=0.06, atol=0.0
    )


def test_looks_of_several_bands_are_channels():
    """Band by band, each in all its looks."""
    image = torch.stack([torch.full((8, 8), value) for value in (1.0, 2.0)])[None]

    looks = Gaze(16, (2.0, 4.0))(image)

    torch.testing.assert_close(looks.mean((2, 3)), torch.tensor([[1.0, 1.0, 2.0, 2.0]]))


def test_a_plain_network_is_not_equivariant():
    """So the test above can fail."""
    torch.manual_seed(0)
    network = RadioLeNet(input_size=[48, 48]).eval()
    x = torch.randn(1, 1, 48, 48)

    with torch.inference_mode():
        assert (network(torch.rot90(x, 1, (2, 3))) - network(x)).abs().max() > 1e-4


def test_each_pair_has_a_network_of_its_own():
    """The logits of a pair hang on one member alone."""
    torch.manual_seed(0)
    network = ToothlessFusion(input_size=[63, 63], width=0.05).eval()
    x = torch.randn(2, 1, 63, 63)

    with torch.inference_mode():
        before = network(x)
        for parameter in network.members[1].parameters():
            parameter.zero_()
        after = network(x)

    assert before.shape == (2, 6)
    torch.testing.assert_close(after[:, [0, 1, 4, 5]], before[:, [0, 1, 4, 5]])
    assert (after[:, 2:4] - before[:, 2:4]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Toothless(input_size=[40, 150]), r"63 pixels or more a side, got \[40, 150\]"),
        (lambda: Toothless(width=0.001), "leaves no channels"),
        (lambda: RadioLeNet(input_size=[8, 8]), "12 pixels or more"),
        (lambda: RotationEquivariant(width=0), "width must be 1 or more, is 0"),
        (lambda: RotationEquivariant(side=8), "side must be 16 pixels or more, is 8"),
        (lambda: RotationEquivariant(zooms=()), r"from 0.1 to 10.0, are \[\]"),
        (lambda: RotationEquivariant(zooms=(1, -1)), r"from 0.1 to 10.0, are \[1, -1\]"),
        (lambda: ToothlessFusion(num_outputs=1), "two outputs a pair"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    """With what was given."""
    with pytest.raises(UsageError, match=message):
        make()


def test_gradient_checkpointing_is_refused():
    """There is nothing to save."""
    with pytest.raises(ValueError, match="RadioLeNet does not support"):
        RadioLeNet().set_grad_checkpointing()
