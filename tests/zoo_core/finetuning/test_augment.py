"""Augmentations change what may change, and nothing else."""

import pytest
import torch
from scipy import ndimage

from zoo_core.finetuning import AUGMENTATIONS, Augmentation


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _images(count=64, channels=2, height=12, width=12):
    return torch.rand(count, channels, height, width, generator=_generator(9))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_shape_and_reproducibility(name):
    """The same seed changes the same way; the images given stay as they are."""
    images = _images()
    before = images.clone()
    first = AUGMENTATIONS[name](images, _generator())
    again = AUGMENTATIONS[name](images, _generator())

    assert first.shape == images.shape
    assert torch.equal(first, again)
    assert torch.equal(images, before)
    assert (name == "none") == torch.equal(first, images)


def test_dihedral_moves_pixels_and_mixes_none():
    """Each result is one of the eight, all eight occur, and bands stay together."""
    images = _images(200)
    changed = Augmentation(dihedral=True)(images, _generator())
    seen = set()
    for old, new in zip(images, changed, strict=True):
        forms = [old.flip(2) if flip else old for flip in (0, 1)]
        eight = [form.rot90(turn, (1, 2)) for form in forms for turn in range(4)]
        (which,) = [i for i, form in enumerate(eight) if torch.equal(form, new)]
        seen.add(which)

    assert seen == set(range(8))


def test_images_that_are_not_square_keep_their_shape():
    """Flips and half turns only."""
    images = _images(100, height=6, width=10)
    changed = Augmentation(dihedral=True)(images, _generator())
    forms = [lambda x: x, lambda x: x.flip(1), lambda x: x.flip(2), lambda x: x.flip(1, 2)]

    assert changed.shape == images.shape
    for old, new in zip(images, changed, strict=True):
        assert any(torch.equal(form(old), new) for form in forms)


def test_shift_is_by_whole_pixels_and_repeats_the_edge():
    """As scipy shifts with the nearest edge."""
    images = _images(40)
    changed = Augmentation(shift=0.25)(images, _generator())
    steps = range(-3, 4)
    used = set()
    for old, new in zip(images.numpy(), changed.numpy(), strict=True):
        shifts = [
            (y, x)
            for y in steps
            for x in steps
            if (ndimage.shift(old, (0, y, x), order=0, mode="nearest") == new).all()
        ]
        assert shifts
        used.update(shifts)

    assert len(used) > 10


def test_blur_is_a_gaussian_of_bounded_width():
    """A point becomes a spot with the same flux and a width up to what was asked."""
    images = torch.zeros(50, 1, 31, 31)
    images[:, :, 15, 15] = 1.0
    blurred = Augmentation(blur=1.5)(images, _generator())[:, 0].double()
    y = torch.arange(31.0).double() - 15
    variance = (blurred.sum(2) * y**2).sum(1)

    torch.testing.assert_close(blurred.sum((1, 2)), torch.ones(50).double(), atol=1e-5, rtol=0)
    assert variance.max() <= 1.5**2 + 0.01
    assert variance.max() > 1.0
    assert variance.min() < 0.1


def test_noise_is_in_units_of_the_images_own():
    """White noise of known width grows by at most what was asked for."""
    images = 5.0 * torch.randn(30, 1, 64, 64, generator=_generator(3))
    added = (Augmentation(noise=0.5)(images, _generator()) - images).flatten(1).std(1)

    assert added.max() < 0.5 * 5.0 * 1.1
    assert added.max() > 0.3 * 5.0
    assert added.min() < 0.1 * 5.0


def test_zoom_changes_the_scale_of_a_known_profile():
    """The second moment of a Gaussian goes with the square of the factor."""
    y, x = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    images = torch.exp(-0.5 * (x**2 + y**2) / 3.0**2).expand(80, 1, 41, 41)
    zoomed = Augmentation(zoom=0.2)(images, _generator())[:, 0]
    width = ((zoomed * x**2).sum((1, 2)) / zoomed.sum((1, 2))).sqrt() / 3.0

    assert width.min() >= 1 / 1.2 - 0.02
    assert width.max() <= 1.2 + 0.02
    assert width.max() - width.min() > 0.25


def test_rotation_keeps_a_round_object():
    """Any angle: a round profile stays, an elongated one turns."""
    y, x = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    round_one = torch.exp(-0.5 * (x**2 + y**2) / 4.0**2).expand(20, 1, 41, 41)
    long_one = torch.exp(-0.5 * ((x / 6) ** 2 + (y / 2) ** 2)).expand(20, 1, 41, 41)
    turn = Augmentation(rotate=True)

    assert (turn(round_one, _generator()) - round_one).abs().max() < 0.02
    turned = turn(long_one, _generator())[:, 0]
    mixed = (turned * x * y).sum((1, 2)) / turned.sum((1, 2))
    assert mixed.max() > 5
    assert mixed.min() < -5


def test_missing_pixels_move_and_do_not_spread():
    """NaN stays NaN, as many as there were; such images are not interpolated."""
    images = _images(32)
    images[::2, :, 3, 4] = torch.nan
    changed = AUGMENTATIONS["strong"](images, _generator())
    dihedral = Augmentation(dihedral=True)(images, _generator())

    assert not changed[1::2].isnan().any()
    assert torch.equal(dihedral.isnan().sum((1, 2, 3)), images.isnan().sum((1, 2, 3)))


def test_series_are_left_alone():
    """They have no axes to flip."""
    series = torch.rand(4, 2, 100)

    assert AUGMENTATIONS["strong"](series, _generator()) is series
