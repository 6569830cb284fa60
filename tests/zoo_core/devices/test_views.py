"""Averages over views of an object."""

import pytest
import torch

from zoo_core import UsageError
from zoo_core.devices import InferenceEngine


class Corner(torch.nn.Module):
    """The pixel at the upper left: what a turn of the image changes most."""

    def forward(self, image, other=None):
        """Value of that pixel, plus the mean of another input."""
        corner = image[:, :, 0, 0]
        return corner if other is None else corner + other.mean(1, keepdim=True)


def engine(network=None, views="dihedral"):
    return InferenceEngine(network or Corner(), device="cpu", precision="float32", views=views)


def test_square_images_are_averaged_over_eight_views():
    """Each corner is the upper left one twice."""
    image = torch.rand(3, 1, 6, 6)
    corners = image[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].mean(2)
    torch.testing.assert_close(engine()([image]), corners)


def test_other_shapes_are_not_turned_by_quarters():
    """Four views keep the shape of the image; its corners still count alike."""
    seen = []

    class Watched(Corner):
        def forward(self, image):
            seen.append(tuple(image.shape[2:]))
            return super().forward(image)

    image = torch.rand(3, 1, 4, 6)
    corners = image[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].mean(2)
    torch.testing.assert_close(engine(Watched())([image]), corners)
    assert set(seen) == {(4, 6)}


def test_a_turned_image_gives_the_same():
    """The outputs do not change under the group that they are averaged over."""
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.ReLU())
    network.append(torch.nn.Linear(64, 2))
    image = torch.rand(2, 1, 6, 6)
    averaged = engine(network)
    torch.testing.assert_close(averaged([image]), averaged([image.rot90(1, (2, 3)).flip(3)]))
    single = engine(network, views="one")
    assert not torch.allclose(single([image]), single([image.rot90(1, (2, 3)).flip(3)]))


def test_inputs_that_are_no_images_stay_as_they_are():
    """A vector beside the image is the same in each view."""
    image, vector = torch.rand(3, 1, 6, 6), torch.rand(3, 5)
    both = engine()([image, vector])
    torch.testing.assert_close(both, engine()([image]) + vector.mean(1, keepdim=True))


def test_images_as_outputs_are_refused():
    """They would turn with the view."""
    with pytest.raises(UsageError, match="cannot be averaged over views"):
        engine(torch.nn.Identity())([torch.rand(2, 1, 6, 6)])


def test_views_have_names():
    """A name that does not exist is refused when the engine is made."""
    with pytest.raises(UsageError, match="one of one, dihedral, angles, not 'all'"):
        engine(views="all")


def _round_blob(size=21, off=6.0):
    """A Gaussian beside the middle."""
    offset = torch.arange(size) - (size - 1) / 2
    return torch.exp(-((offset[:, None]) ** 2 + (offset - off) ** 2) / 4.0)[None, None]


def test_angles_are_four_turns():
    """A blob at the right is seen there and on the way to the top or the bottom."""
    seen = []

    class Watched(Corner):
        def forward(self, image):
            offset = torch.arange(21) - 10.0
            mass = image[0, 0] / image[0, 0].sum()
            x, y = float((mass.sum(0) * offset).sum()), float((mass.sum(1) * offset).sum())
            seen.append(
                (x**2 + y**2) ** 0.5 * torch.exp(1j * torch.tensor(y).atan2(torch.tensor(x)))
            )
            return super().forward(image)

    engine(Watched(), views="angles")([_round_blob()])
    places = torch.stack(seen[-4:])

    assert places.abs().tolist() == pytest.approx([6.0] * 4, abs=0.15)
    degrees = places.angle().rad2deg().abs().tolist()
    assert degrees == pytest.approx([0.0, 22.5, 45.0, 67.5], abs=0.5)


def test_angles_keep_the_scale_of_images_that_are_not_square():
    """A blob stays as far from the middle, whatever the sides."""
    image = torch.nn.functional.pad(_round_blob(), (0, 0, 10, 10))
    whole = engine(torch.nn.Flatten(), views="angles")([image]).reshape(41, 21)
    rows = torch.arange(41) - 20.0
    distance = (rows[:, None] ** 2 + (torch.arange(21) - 10.0) ** 2).sqrt()

    assert float((whole * distance).sum() / whole.sum()) == pytest.approx(6.3, abs=0.2)
