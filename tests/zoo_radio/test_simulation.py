"""Radio galaxies: the beam, the noise, and what makes the classes."""

import numpy as np
import pytest
import torch
from astropy.convolution import Gaussian2DKernel, convolve_fft
from scipy import ndimage
from zoo_radio.simulation.anatomy import BLOBS, CLASSES, Blobs, draw_sources
from zoo_radio.simulation.first import (
    BEAM_ARCSEC,
    NOISE_MJY,
    PEAK_OVER_NOISE,
    PIXEL_SCALE_ARCSEC,
    SIZE,
    RadioGalaxies,
    beam_noise,
    paint,
)

from zoo_core import UsageError

BEAM_PX = BEAM_ARCSEC / 2.3548 / PIXEL_SCALE_ARCSEC


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def sources():
    """Two hundred of each class."""
    kind = torch.arange(600) % 3
    return kind, draw_sources(kind, generator())


def test_blobs_are_seen_through_the_beam():
    """As astropy convolves the same blobs, sampled; flux is conserved."""
    x, y = torch.tensor([[-20.0, 15.0]]), torch.tensor([[5.0, -30.0]])
    sigma, flux = torch.tensor([[6.0, 9.0]]), torch.tensor([[0.7, 0.3]])
    offsets = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_SCALE_ARCSEC
    plain = np.zeros((SIZE, SIZE))
    for place in range(2):
        s = float(sigma[0, place])
        r2 = (offsets - float(x[0, place])) ** 2
        r2 = r2 + (offsets[:, None] - float(y[0, place])) ** 2
        plain += float(flux[0, place]) * np.exp(-0.5 * r2 / s**2) / (2 * np.pi * s**2)
    beam_area = 2 * np.pi * (BEAM_ARCSEC / 2.3548) ** 2
    expected = convolve_fft(plain, Gaussian2DKernel(BEAM_PX, x_size=41), boundary="fill")

    found = paint(Blobs(x, y, sigma, flux))[0].numpy()

    np.testing.assert_allclose(found, expected * beam_area, atol=2e-3 * found.max())
    assert found.sum() * PIXEL_SCALE_ARCSEC**2 / beam_area == pytest.approx(1.0, rel=1e-3)


def test_noise_is_that_of_the_beam():
    """Unit variance, and correlated as white noise that a Gaussian of the beam's width saw."""
    noise = beam_noise(200, generator())
    neighbours = float((noise[:, :, 1:] * noise[:, :, :-1]).mean())
    white = np.random.default_rng(0).normal(size=(200, 64, 64))
    smooth = ndimage.gaussian_filter(
        white, (0, BEAM_PX / 2**0.5, BEAM_PX / 2**0.5), mode="wrap"
    )
    expected = (smooth[:, :, 1:] * smooth[:, :, :-1]).mean() / smooth.var()

    assert float(noise.var()) == pytest.approx(1.0, rel=0.02)
    assert neighbours == pytest.approx(expected, abs=0.02)


def test_fluxes_of_a_source_add_to_one(sources):
    """Core and both arms."""
    _, found = sources

    assert found.blobs.flux.shape == (600, BLOBS)
    np.testing.assert_allclose(found.blobs.flux.sum(1), 1.0, atol=1e-5)
    assert (found.blobs.flux >= 0).all()


def test_classes_are_bright_where_their_definition_says(sources):
    """Fanaroff & Riley (1974): brightest within half of the extent, or beyond it."""
    kind, found = sources
    blobs = found.blobs
    core_x, core_y = blobs.x[:, :1], blobs.y[:, :1]
    away = torch.hypot(blobs.x - core_x, blobs.y - core_y)[:, 1:]
    flux = blobs.flux[:, 1:] / blobs.flux[:, 1:].sum(1, keepdim=True)
    mean = (away * flux).sum(1) / away.amax(1)

    one, two = mean[kind == 0], mean[kind == 1]
    assert one.median() < 0.5 < two.median()
    assert (two[:, None] > one[None, :]).float().mean() > 0.97


def test_bent_sources_are_bent(sources):
    """The angle between the ends of the arms, seen from the core."""
    kind, found = sources
    blobs = found.blobs
    along = (BLOBS - 1) // 2
    ends = []
    for place in (along, 2 * along):
        dx, dy = (axis[:, place] - axis[:, 0] for axis in (blobs.x, blobs.y))
        ends.append(torch.atan2(dy, dx))
    between = torch.rad2deg(torch.remainder(ends[0] - ends[1], 2 * np.pi))
    between = torch.minimum(between, 360 - between)

    assert between[kind == 2].median() < 130
    assert between[kind == 1].median() > 165


def test_images_are_what_the_simulator_says():
    """Peaks over noise, units, classes as often as each other."""
    drawn = RadioGalaxies().draw(300, generator(1))
    image = drawn.arrays["image"][:, 0].numpy()
    ratio = drawn.truth["peak_over_noise"]
    names, counts = np.unique(drawn.truth["morphology"], return_counts=True)

    assert image.shape == (300, SIZE, SIZE)
    assert sorted(names) == sorted(CLASSES)
    assert counts.min() > 75
    assert PEAK_OVER_NOISE[0] <= ratio.min()
    assert ratio.max() <= PEAK_OVER_NOISE[1]
    peak = image.max(axis=(1, 2)) / NOISE_MJY
    assert np.median(peak / ratio) == pytest.approx(1.05, abs=0.1)
    corner = image[:, :20, :20]
    assert np.median(corner.std(axis=(1, 2))) == pytest.approx(NOISE_MJY, rel=0.05)


def test_two_classes_and_no_noise_can_be_asked_for():
    """For MiraBest's classes, and for a look at the sources themselves."""
    drawn = RadioGalaxies(2, noise=0.0).draw(40, generator(2))

    assert set(drawn.truth["morphology"]) == {"FRI", "FRII"}
    assert drawn.arrays["image"].min() >= 0


def test_where_bent_is_no_class_some_fri_are_bent():
    """As in MiraBest, whose bent sources are FRI; FRII are as straight as ever."""
    drawn = RadioGalaxies(2).draw(2000, generator(3))
    is_one = drawn.truth["morphology"] == "FRI"
    is_bent = drawn.truth["bend"] > 0.7

    assert is_bent[is_one].mean() == pytest.approx(0.15, abs=0.04)
    assert not is_bent[~is_one].any()


def test_neighbours_can_outshine_the_source():
    """The brightest pixel is then far from the middle."""
    image = RadioGalaxies(noise=0.0).draw(300, generator(4)).arrays["image"][:, 0]
    peaks = image.flatten(1).argmax(1)
    away = torch.hypot(peaks % SIZE - 74.5, peaks // SIZE - 74.5) * PIXEL_SCALE_ARCSEC

    assert 0.01 < float((away > 130).float().mean()) < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 4}, "classes must be 2 or 3, is 4"),
        ({"noise": -1.0}, "noise must be a number from 0 to 20, is -1.0"),
    ],
)
def test_impossible_options_are_refused(arguments, message):
    """With what was given."""
    with pytest.raises(UsageError, match=message):
        RadioGalaxies(**arguments)
