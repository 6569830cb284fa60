"""What may be odd about a radio image: unit, depth, orientation, what is not there."""

from pathlib import Path

import numpy as np
import pytest
import torch
import zoo_radio
from zoo_radio.networks.equivariant import RotationEquivariant
from zoo_radio.simulation.first import RadioGalaxies

from zoo_core.training import read_recipe

RECIPES = sorted((Path(zoo_radio.__file__).parent / "recipes").glob("*.toml"))


@pytest.fixture(scope="module")
def answer():
    """Outputs of an untrained network behind the preprocessing that all recipes share."""
    steps = read_recipe(RECIPES[0]).preprocessing["image"]
    torch.manual_seed(0)
    network = RotationEquivariant().eval()

    def answer(images):
        with torch.inference_mode():
            return network(steps(torch.as_tensor(np.asarray(images), dtype=torch.float32)))

    return answer


@pytest.fixture(scope="module")
def images():
    return RadioGalaxies().draw(4, torch.Generator().manual_seed(0)).arrays["image"].numpy()


def test_all_recipes_prepare_images_alike():
    """So that a network can be had for another one."""
    first, *others = map(read_recipe, RECIPES)

    assert len(others) == 2
    for other in others:
        assert other.inputs == first.inputs
        assert other.preprocessing["image"].to_json() == first.preprocessing["image"].to_json()


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_does_not_matter(answer, images, factor):
    """Jy or mJy a beam."""
    torch.testing.assert_close(answer(images * factor), answer(images), rtol=1e-4, atol=1e-5)


def test_upside_down_is_the_same_sky(answer, images):
    """FITS from below, pictures from above, and axes the other way round."""
    told = answer(images)

    for other in (images[:, :, ::-1], images[..., ::-1], images.swapaxes(2, 3)):
        torch.testing.assert_close(answer(other.copy()), told, rtol=1e-4, atol=1e-5)


def test_a_background_is_no_source(answer, images):
    """What lies below three times the noise is not looked at, be it there or not."""
    floored = np.where(images < 3 * 0.15, 0.0, images)

    assert (answer(floored) - answer(images)).abs().max() < 0.01


def test_eight_bits_are_nearly_as_good(answer, images):
    """Cut at the noise and scaled to the peak, as published sets are stored."""
    floored = np.where(images < 3 * 0.15, 0.0, images)
    stored = (255 * floored / floored.max((1, 2, 3), keepdims=True)).astype(np.uint8)
    told = answer(images)

    assert (answer(stored) - told).abs().max() < 0.02
    assert told.std(0).min() > 0.05


def test_missing_pixels_are_dark(answer, images):
    """A corner that is not there changes nothing; nothing at all gives finite numbers."""
    corner = images.copy()
    corner[:, :, :20, :20] = np.nan
    empty = np.full_like(images, np.nan)

    assert (answer(corner) - answer(images)).abs().max() < 0.01
    for odd in (empty, np.zeros_like(images), np.full_like(images, 7.0), -images):
        assert bool(answer(odd).isfinite().all())
