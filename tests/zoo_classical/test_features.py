"""Features of images and series, on cases whose answer is known."""

import numpy as np
import pytest
import scipy.stats
import skimage.feature
import torch
from zoo_classical import _extra
from zoo_classical._features import FEATURES, Measured, measured
from zoo_classical._gradients import gabor, hog, hog_values
from zoo_classical._morphology import MORPHOLOGY, gini, m20, morphology
from zoo_classical._series import STATISTICS, statistics

from zoo_core.errors import InputError, UnknownName, UsageError

SIZE = 65


def disc(index, radius=6.0, dy=0.0, dx=0.0, size=SIZE, sub=5):
    """A Sersic profile (in radii that enclose half of the light), averaged over pixels."""
    b = 2.0 * index - 1.0 / 3.0
    fine = (torch.arange(size * sub) + 0.5) / sub - 0.5 - (size - 1) / 2
    r = torch.hypot(fine[:, None] - dy, fine[None] - dx)
    image = 100.0 * torch.exp(-b * (r / radius) ** (1.0 / index))
    return image.reshape(size, sub, size, sub).mean(dim=(1, 3))


def shapes(*images):
    """Columns of ``morphology`` by name."""
    found = morphology(torch.stack(images).float())
    return dict(zip(MORPHOLOGY, found.T, strict=True))


def one_series(values):
    """Statistics of one series by name."""
    found = statistics(torch.as_tensor(values, dtype=torch.float32)[None])[0]
    return dict(zip(STATISTICS, found.tolist(), strict=True))


def test_a_symmetric_profile_has_no_asymmetry():
    """Wherever its centre lies between pixels."""
    found = shapes(disc(1), disc(1, dy=0.3, dx=-0.2), disc(4, dy=0.5), disc(2, dx=-0.7))

    assert found["asymmetry"].abs().max() < 0.03


def test_a_clump_on_one_side_is_asymmetric():
    """By twice its share of the light: it is missing on the other side."""
    plain, clump = disc(1, radius=9.0), torch.zeros(SIZE, SIZE)
    clump[40:42, 39:41] = 0.02 * plain.sum()
    both = plain + clump
    found = shapes(both)["asymmetry"].item()

    assert found == pytest.approx(float(2 * clump.sum() / both.sum()), rel=0.1)


def test_asymmetry_of_noise_is_taken_off():
    """A noisy disc is nearly as symmetric as one without noise."""
    generator = torch.Generator().manual_seed(0)
    noise = 2.0 * torch.randn(20, SIZE, SIZE, generator=generator)
    found = shapes(*(disc(1, radius=8.0) + noise))["asymmetry"]

    assert found.mean().abs() < 0.05


def test_a_de_vaucouleurs_profile_is_more_concentrated():
    """Than an exponential one, whose concentration is 2.7 without limits of the aperture."""
    found = shapes(disc(1), disc(4))["concentration"]

    assert found[0] == pytest.approx(2.7, abs=0.15)
    assert found[1] > found[0] + 0.6


def test_concentration_does_not_depend_on_size_and_brightness():
    """Nor on the level of the sky."""
    found = shapes(disc(1, radius=5.0), 7 * disc(1, radius=7.0), disc(1, radius=6.0) + 50)

    assert np.ptp(found["concentration"].numpy()) < 0.1


def test_gini_of_equal_values_and_of_a_point():
    """0 and 1; what is outside does not count."""
    values = torch.tensor([[3.0, 3, 3, 3], [0, 0, 8, 0], [3, 3, 99, 3], [1, 2, 3, 4]])
    inside = torch.ones(4, 4, dtype=torch.bool)
    inside[2, 2] = False
    # (-3 - 2 + 3 + 12) / (10 * 3) by the formula
    np.testing.assert_allclose(gini(values, inside), [0, 1, 0, 10 / 30], atol=1e-6)


def test_m20_by_hand():
    """Two pixels of 4 at -3 and 3, and eight of 1 at 0."""
    x = torch.tensor([-3.0, 3.0, *[0.0] * 8])
    flux = torch.tensor([[4.0, 4.0, *[1.0] * 8]])
    found = m20(flux, torch.ones_like(flux, dtype=torch.bool), torch.zeros(10), x)
    own = 1 / 6  # of the light within a pixel
    # The first of the two holds a quarter of the light: the brightest fifth.
    wanted = np.log10(4 * (9 + own) / (8 * (9 + own) + 8 * own))

    assert found.item() == pytest.approx(wanted, abs=1e-5)


def test_two_nuclei_have_a_higher_m20():
    """Than one."""
    double = torch.roll(disc(1, 4.0), 8, 0) + torch.roll(disc(1, 4.0), -8, 0)
    found = shapes(disc(1, 8.0), double)["m20"]

    assert found[0] < -1.5
    assert found[1] > -1.1


@pytest.mark.filterwarnings("ignore")
def test_morphology_agrees_with_statmorph():
    """An independent measurement with its own segmentation and centres, through a PSF."""
    import statmorph
    from scipy.ndimage import gaussian_filter

    generator = torch.Generator().manual_seed(1)
    images = [
        disc(1, 6.0, 0.3, -0.2),
        disc(2.5, 5.0),
        disc(1, 7.0) + torch.roll(0.5 * disc(1, 3.0), (7, -5), (0, 1)),
    ]
    blurred = [torch.from_numpy(gaussian_filter(image.numpy(), 1.2)) for image in images]
    images = [im + 0.2 * torch.randn(im.shape, generator=generator) for im in blurred]
    found = morphology(torch.stack(images).float())
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    segment = (np.hypot(y, x) < 22).astype(int)
    for image, ours in zip(images, found, strict=True):
        (told,) = statmorph.source_morphology(image.double().numpy(), segment, gain=1e3)
        theirs = [told.concentration, told.asymmetry, told.gini, told.m20]

        np.testing.assert_array_less(np.abs(ours.numpy() - theirs), [0.12, 0.04, 0.03, 0.12])


def test_an_empty_image_has_no_shape():
    """NaN, which the layer replaces."""
    assert morphology(torch.zeros(1, 20, 20)).isnan().all()
    assert morphology(torch.full((1, 20, 20), 7.3)).isnan().all()


def test_hog_tells_directions():
    """Stripes put all weight into one direction, and turned ones into another."""
    stripes = torch.sin(torch.arange(64.0) / 2).expand(64, 64)
    found = hog(torch.stack([stripes, stripes.T])).reshape(2, -1, 9).sum(dim=1)

    assert found.shape == (2, 9)
    # The gradients of scikit-image point along the columns and along the rows.
    assert (found.max(dim=1).values > 0.95 * found.sum(dim=1)).all()
    assert found[0].argmax() != found[1].argmax()


@pytest.mark.parametrize("size", [(64, 64), (33, 40), (101, 70), (9, 4)])
def test_length_of_hog_is_known_beforehand(size):
    """And the numbers are scikit-image's, with eight cells along the shorter side."""
    image = torch.randn(size, generator=torch.Generator().manual_seed(0))
    found = hog(image[None])

    assert found.shape == (1, hog_values(size))
    if size == (64, 64):
        np.testing.assert_allclose(
            found[0], skimage.feature.hog(image.numpy(), cells_per_block=(2, 2)), atol=1e-6
        )


def test_gabor_responds_to_its_frequency_and_direction():
    """A wave along x of 0.2 cycles a pixel; a constant gives nothing."""
    wave = torch.sin(2 * np.pi * 0.2 * torch.arange(64.0)).expand(64, 64)
    found = gabor(torch.stack([wave, wave.T, torch.full((64, 64), 5.0)]))
    mean = found.reshape(3, 3, 4, 2)[..., 0]  # frequency, direction

    assert divmod(int(mean[0].argmax()), 4) == (1, 0)
    assert divmod(int(mean[1].argmax()), 4) == (1, 2)
    assert mean[2].abs().max() < 1e-5


def test_gabor_is_a_convolution():
    """The same numbers as a direct one, in images smaller than the kernels too."""
    from scipy.ndimage import convolve
    from skimage.filters import gabor_kernel

    image = torch.randn(20, 24, generator=torch.Generator().manual_seed(0))
    level = (image - image.mean()).double().numpy()
    found = gabor(image[None])[0].reshape(3, 4, 2)
    for i, frequency in enumerate((0.1, 0.4)):
        response = np.abs(
            convolve(level, gabor_kernel(frequency, theta=np.pi / 4), mode="constant")
        )

        np.testing.assert_allclose(
            found[2 * i, 1], [response.mean(), response.std()], rtol=1e-4
        )


def test_statistics_of_a_series():
    """Against scipy and by hand."""
    values = np.random.default_rng(0).gamma(2.0, size=300)
    found = one_series(values)

    assert found["mean"] == pytest.approx(values.mean(), rel=1e-5)
    assert found["std"] == pytest.approx(values.std(), rel=1e-5)
    assert found["skewness"] == pytest.approx(scipy.stats.skew(values), rel=1e-4)
    assert found["kurtosis"] == pytest.approx(scipy.stats.kurtosis(values), rel=1e-4)
    assert found["amplitude"] == pytest.approx(np.ptp(values) / 2, rel=1e-5)
    mad = scipy.stats.median_abs_deviation(values)
    assert found["median_absolute_deviation"] == pytest.approx(mad, rel=0.02)
    ratio = np.mean(np.diff(values) ** 2) / values.var()
    assert found["von_neumann_ratio"] == pytest.approx(ratio, rel=1e-4)
    beyond = np.mean(np.abs(values - values.mean()) > values.std())
    assert found["beyond_one_sigma"] == pytest.approx(beyond)


def test_statistics_of_a_line_and_of_a_dip():
    """A line has its slope and is like itself one step later; a dip is deep, not high."""
    line = one_series(np.linspace(1.0, 4.0, 200))
    series = np.where(np.arange(200) % 2, 1.0, -1.0)
    series[100] = -9.0
    dip = one_series(series)

    assert line["slope"] == pytest.approx(3.0, rel=1e-4)
    assert line["autocorrelation"] > 0.95
    assert line["von_neumann_ratio"] < 0.01
    assert dip["autocorrelation"] < -0.5
    assert dip["deepest"] < -3 * dip["highest"]


def test_gaps_do_not_count():
    """Values that are not finite are as if they were not there."""
    values = np.random.default_rng(1).normal(size=100)
    gappy = np.concatenate([[np.nan, np.inf], values, [np.nan]])
    same = {"mean", "std", "skewness", "kurtosis", "amplitude", "von_neumann_ratio"}
    plain, other = one_series(values), one_series(gappy)

    assert {k: plain[k] for k in same} == pytest.approx({k: other[k] for k in same}, rel=1e-5)


@pytest.mark.parametrize("name", FEATURES)
def test_nothing_but_numbers_comes_out(name):
    """Of empty, constant, huge and NaN inputs; failures are the mean of the fit, 0."""
    size = (40,) if name == "statistics" else (16, 16)
    x = torch.zeros(6, 2, *size)
    x[1], x[2], x[3], x[4] = 5.0, torch.nan, 1e30, torch.randn(2, *size)
    x[4, 0, 3], x[5] = torch.nan, -torch.inf
    body = Measured(name, 2, size)
    found = body(x)

    assert found.shape == (6, body.count)
    assert found.isfinite().all()
    assert (found[2] == found[5]).all()


@pytest.mark.parametrize("name", FEATURES)
def test_bands_and_objects_are_measured_by_themselves(name):
    """Each band gives what it gives alone, whatever is beside it."""
    size = (50,) if name == "statistics" else (20, 24)
    x = torch.randn(3, 2, *size, generator=torch.Generator().manual_seed(0))
    whole = measured(x, [name]).reshape(3, 2, -1)

    for band in range(2):
        alone = measured(x[1:2, band : band + 1], [name])
        torch.testing.assert_close(
            whole[1:2, band], alone, rtol=1e-4, atol=1e-4, equal_nan=True
        )


def test_unknown_and_unfitting_features_are_refused():
    """In words."""
    with pytest.raises(UnknownName, match="'hog'"):
        Measured("hogg", 1, (16, 16))
    with pytest.raises(UsageError, match="one of images"):
        Measured("hog", 1, 180)
    with pytest.raises(UsageError, match="one of series"):
        Measured("statistics", 1, (16, 16))
    with pytest.raises(UsageError, match="too small"):
        Measured("hog", 1, (3, 3))
    with pytest.raises(UsageError, match="a band and a feature"):
        Measured([], 1, (16, 16))
    with pytest.raises(UsageError, match="input_size"):
        Measured("pixels", 1, (2, 3, 4))
    with pytest.raises(InputError, match=r"\(1, 16, 16\), got \(1, 16, 17\)"):
        Measured("hog", 1, (16, 16))(torch.zeros(1, 1, 16, 17))


def test_a_missing_library_names_its_extra():
    """What to install, rather than a traceback."""
    with pytest.raises(UsageError, match=r"pip install 'astrozoo\[classical\]'"):
        _extra.from_extra("skimage_that_is_not_there", feature="hog")
