"""The lens simulator against lenstronomy and GalSim, and against its own description."""

import numpy as np
import pytest
import torch
from scipy import stats
from zoo_strong_lensing.simulation import canvas, population, profiles, sie
from zoo_strong_lensing.simulation.grid import Grid
from zoo_strong_lensing.simulation.lsst import ELECTRONS_PER_NANOJANSKY, LsstLens

from zoo_core import UsageError

GRID = Grid()
SIZE, SCALE = GRID.size, GRID.pixel_scale_arcsec
CHUNKS, CHUNK = 10, 512

# FWHM (arcsec), beta, ellipticity, position angle (rad): the range of the priors.
PSFS = [(0.55, 2.5, 0.08, 1.1), (0.8, 3.5, 0.05, 2.0), (1.3, 4.5, 0.0, 0.0)]
# Beside each other the two angles tell x from y and +angle from -angle.
MASSES = [(q, angle) for q in (0.4, 0.7, 0.95, 0.998, 1.0) for angle in (0.0, 0.6, 2.3, 4.0)]


def _need_lenstronomy():
    return pytest.importorskip("lenstronomy", reason="lenstronomy is the reference")


def _need_galsim():
    return pytest.importorskip("galsim", reason="GalSim is the reference")


def _column(value):
    return torch.tensor([value], dtype=torch.float32)


def _columns(values):
    return {"owner": torch.tensor([0])} | {k: _column(v) for k, v in values.items()}


def _parameters(*values):
    return [_column(value)[:, None, None] for value in values]


def _canvas():
    return torch.zeros(1, GRID.subpixels, GRID.subpixels)


def _observe(image, psf):
    return GRID.observe(image, GRID.transfer(*_parameters(*psf)))[0].numpy()


def _worst(ours, reference):
    """Largest difference as a fraction of the reference's peak."""
    return np.abs(ours - reference).max() / reference.max()


# ---------------------------------------------------------------- gravitational lens


def _plane():
    """Positions that avoid the centre and the axes: flat for numpy, axes for torch."""
    offsets = (np.arange(60) - 29.5) * 0.11
    x, y = np.meshgrid(offsets, offsets)
    axis = torch.tensor(offsets, dtype=torch.float32)
    return x.ravel(), y.ravel(), axis[None, None, :], axis[None, :, None]


def _lenstronomy_mass(radius, q, angle, gamma1, gamma2, x=0.0, y=0.0):
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    e1, e2 = phi_q2_ellipticity(angle, q)
    ellipse = {"theta_E": radius, "e1": e1, "e2": e2, "center_x": x, "center_y": y}
    shear = {"gamma1": gamma1, "gamma2": gamma2, "ra_0": x, "dec_0": y}
    return LensModel(["SIE", "SHEAR"]), [ellipse, shear]


@pytest.mark.parametrize(("q", "angle"), MASSES)
def test_source_plane_positions_agree_with_lenstronomy(q, angle):
    """SIE and shear map the image plane to the source plane as lenstronomy does."""
    _need_lenstronomy()
    flat_x, flat_y, x, y = _plane()
    model, keywords = _lenstronomy_mass(1.37, q, angle, 0.07, -0.045)
    expected = model.ray_shooting(flat_x, flat_y, keywords)
    ours = sie.to_source_plane(x, y, *_parameters(1.37, q, angle, 0.07, -0.045))
    tolerance = 1e-5 if q < 0.999 else 1e-3
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine.numpy().ravel(), theirs, atol=tolerance * 1.37)


@pytest.mark.parametrize(("q", "angle"), MASSES)
def test_inverse_magnification_agrees_with_lenstronomy(q, angle):
    """The signed inverse magnification agrees with lenstronomy's."""
    _need_lenstronomy()
    flat_x, flat_y, x, y = _plane()
    model, keywords = _lenstronomy_mass(1.37, q, angle, 0.07, -0.045)
    expected = 1.0 / model.magnification(flat_x, flat_y, keywords)
    mass = _parameters(1.37, q, angle, 0.07, -0.045)
    ours = sie.inverse_magnification(x, y, *mass).numpy().ravel()
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def test_critical_curve_encloses_the_area_of_the_einstein_radius():
    """Without shear the area where 1/mu < 0 is pi theta_E^2 for every axis ratio."""
    offsets = (torch.arange(800) - 399.5) * 0.01
    for q in (0.4, 0.7, 0.98):
        inverse = sie.inverse_magnification(
            offsets[None, None, :],
            offsets[None, :, None],
            *_parameters(1.5, q, 0.7, 0.0, 0.0),
        )
        area = (inverse < 0).sum().item() * 0.01**2
        assert area == pytest.approx(np.pi * 1.5**2, rel=3e-3)


# A source inside the caustic, one outside it, a compact and off-centre one.
LENSED = [
    {"source_x": 0.12, "source_y": -0.07, "source_half_light": 0.3, "source_index": 1.0},
    {"source_x": -0.8, "source_y": 0.45, "source_half_light": 0.25, "source_index": 0.7},
    {"source_x": 0.3, "source_y": 0.4, "source_half_light": 0.14, "source_index": 0.8},
]
LENS = {
    "x": 0.13, "y": -0.21, "einstein_radius": 1.6, "mass_axis_ratio": 0.65,
    "mass_angle": 0.6, "gamma1": 0.05, "gamma2": -0.03, "source_axis_ratio": 0.6,
    "source_angle": 2.1,
}  # fmt: skip
CLUMP = {"clump_x0": 0.15, "clump_y0": 0.08, "clump_sigma0": 0.09}


def _lenstronomy_image(lens, psf, smooth):
    """Draw the lensed source of unit flux with lenstronomy on 55 x 55 pixels; crop."""
    from lenstronomy.Data.imaging_data import ImageData
    from lenstronomy.Data.psf import PSF
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LightModel.light_model import LightModel
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    galsim = _need_galsim()
    side, fine = SIZE + 10, 5
    corner = -(side - 1) / 2 * SCALE
    data = ImageData(
        image_data=np.zeros((side, side)),
        ra_at_xy_0=corner,
        dec_at_xy_0=corner,
        transform_pix2angle=np.eye(2) * SCALE,
    )
    fwhm, beta, ellipticity, angle = psf
    moffat = galsim.Moffat(beta=beta, fwhm=fwhm)
    moffat = moffat.shear(q=1.0 - ellipticity, beta=angle * galsim.radians)
    pixels = side * fine
    kernel = moffat.drawImage(nx=pixels, ny=pixels, scale=SCALE / fine, method="no_pixel").array
    point = PSF(
        psf_type="PIXEL",
        kernel_point_source=kernel,
        point_source_supersampling_factor=fine,
        kernel_point_source_normalisation=False,
    )
    mass = [lens[k] for k in ("einstein_radius", "mass_axis_ratio", "mass_angle")]
    mass += [lens[k] for k in ("gamma1", "gamma2", "x", "y")]
    model, mass_keywords = _lenstronomy_mass(*mass)
    e1, e2 = phi_q2_ellipticity(lens["source_angle"], lens["source_axis_ratio"])
    # The canvas counts source positions from the lens.
    x, y = lens["x"] + lens["source_x"], lens["y"] + lens["source_y"]
    body = {
        "amp": 1.0, "R_sersic": lens["source_half_light"],
        "n_sersic": lens["source_index"], "e1": e1, "e2": e2,
        "center_x": x, "center_y": y,
    }  # fmt: skip
    total = LightModel(["SERSIC_ELLIPSE"]).total_flux([body])[0]
    spot = {
        "amp": 1.0 - smooth, "sigma": CLUMP["clump_sigma0"],
        "center_x": x + CLUMP["clump_x0"], "center_y": y + CLUMP["clump_y0"],
    }  # fmt: skip
    image = ImageModel(
        data,
        point,
        lens_model_class=model,
        source_model_class=LightModel(["SERSIC_ELLIPSE", "GAUSSIAN"]),
        kwargs_numerics={
            "supersampling_factor": fine,
            "supersampling_convolution": True,
        },
    )
    drawn = image.image(mass_keywords, [body | {"amp": smooth / total}, spot])
    return drawn[5:-5, 5:-5]


@pytest.mark.filterwarnings("ignore:`axes` should not be:DeprecationWarning")
@pytest.mark.parametrize("psf", PSFS)
@pytest.mark.parametrize("source", LENSED)
@pytest.mark.parametrize("smooth", [1.0, 0.6])
def test_lensed_image_agrees_with_lenstronomy(source, psf, smooth):
    """A lensed source, with and without a clump, looks as lenstronomy draws it."""
    _need_lenstronomy()
    lens = LENS | source
    reference = _lenstronomy_image(lens, psf, smooth)
    light = {"source_smooth": smooth, "clump_flux0": 1.0 - smooth}
    image = _canvas()
    canvas.paint_lensed(image, GRID, _columns(lens | CLUMP | light), clumps=1)
    ours = _observe(image, psf)
    assert _worst(ours, reference) < 0.03
    assert ours.sum() == pytest.approx(reference.sum(), rel=0.02)


# ------------------------------------------------------------------ light and the PSF


@pytest.mark.parametrize("index", [0.6, 1.0, 2.5, 4.0, 6.0])
def test_sersic_values_agree_with_galsim(index):
    """A sheared GalSim Sersic has the same surface brightness, orientation included."""
    galsim = _need_galsim()
    reference = galsim.Sersic(n=index, half_light_radius=0.7, flux=1.0)
    reference = reference.shear(q=0.6, beta=0.9 * galsim.radians)
    positions = [(0.3, 0.1), (-0.2, 0.8), (1.1, -1.4), (0.05, 0.04), (2.0, 2.0)]
    x, y = (torch.tensor(axis)[:, None, None] for axis in zip(*positions, strict=True))
    squared = profiles.elliptical_radius_squared(x, y, *_parameters(0.6, 0.9))
    ours = profiles.sersic(squared, *_parameters(0.7, index)).ravel()
    expected = [reference.xValue(*position) for position in positions]
    # The series for b_n is less exact below n = 1.
    tolerance = 1e-3 if index >= 1 else 5e-3
    np.testing.assert_allclose(ours.numpy(), expected, rtol=tolerance)


@pytest.mark.parametrize("psf", PSFS)
@pytest.mark.parametrize("centre", [(0.0, 0.0), (0.13, -0.21), (-1.07, 1.93)])
@pytest.mark.parametrize(
    ("index", "half_light", "q"),
    [(0.5, 0.08, 1.0), (1.0, 0.5, 0.1), (1.0, 0.9, 0.7), (2.5, 0.4, 0.5),
     (4.0, 0.4, 0.5), (4.0, 2.0, 0.95), (6.0, 0.9, 0.7)],
)  # fmt: skip
def test_galaxy_behind_the_psf_agrees_with_galsim(index, half_light, q, centre, psf):
    """Shape, place and flux of a painted galaxy are GalSim's, to 1.5 % of the peak."""
    galsim = _need_galsim()
    x, y = centre
    accuracy = galsim.GSParams(maximum_fft_size=16384, folding_threshold=2e-3)
    galaxy = galsim.Sersic(n=index, half_light_radius=half_light, flux=1000.0)
    galaxy = galaxy.shear(q=q, beta=0.7 * galsim.radians).shift(x, y)
    fwhm, beta, ellipticity, angle = psf
    moffat = galsim.Moffat(beta=beta, fwhm=fwhm)
    moffat = moffat.shear(q=1.0 - ellipticity, beta=angle * galsim.radians)
    blurred = galsim.Convolve(galaxy, moffat, gsparams=accuracy)
    reference = blurred.drawImage(nx=SIZE, ny=SIZE, scale=SCALE).array
    image = _canvas()
    component = {
        "flux": 1000.0, "x": x, "y": y, "half_light": half_light, "index": index,
        "axis_ratio": q, "angle": 0.7,
    }  # fmt: skip
    canvas.paint_sersic(image, GRID, _columns(component))
    ours = _observe(image, psf)
    # The cusp of n = 6 is finer than the finest samples: looser by a little.
    assert _worst(ours, reference) < (0.015 if index < 6 else 0.02)
    assert ours.sum() == pytest.approx(reference.sum(), rel=0.01)


def test_observation_is_convolution_then_pixel_average():
    """The matrix products give what the inverse FFT, pooling and cropping give."""
    for grid in (GRID, Grid(size=9, oversampling=3, margin=5), Grid(size=7, margin=4)):
        generator = torch.Generator().manual_seed(2)
        shape = (3, grid.subpixels, grid.subpixels)
        image = torch.rand(shape, generator=generator)
        parameters = [p.expand(3, 1, 1) for p in _parameters(0.8, 3.0, 0.08, 0.4)]
        kernel = torch.fft.ifftshift(grid.psf_image(*parameters), dim=(-2, -1))
        product = torch.fft.rfft2(image) * torch.fft.rfft2(kernel)
        expected = grid.to_detector(torch.fft.irfft2(product, s=shape[1:]))
        ours = grid.observe(image, grid.transfer(*parameters))
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------- the simulator


class _Witness(LsstLens):
    """The simulator, keeping the noiseless scenes before and after the lensed light."""

    def __init__(self):
        super().__init__()
        self.before, self.after = [], []

    def _add_lensed(self, draw, light, psf, sky, scene, truth):
        self.before.append(scene.clone())
        lensed = super()._add_lensed(draw, light, psf, sky, scene, truth)
        self.after.append(scene)
        return lensed


@pytest.fixture(scope="module")
def sample():
    """About 5,000 cutouts, their truth, and the noiseless scenes."""
    simulator, generator = _Witness(), torch.Generator().manual_seed(11)
    parts = [simulator.draw(CHUNK, generator) for _ in range(CHUNKS)]
    columns = {k: np.concatenate([p.truth[k] for p in parts]) for k in parts[0].truth}
    return columns | {
        "image": torch.cat([p.arrays["image"] for p in parts])[:, 0].numpy(),
        "before": torch.cat(simulator.before).numpy(),
        "after": torch.cat(simulator.after).numpy(),
        "lensed_light": torch.cat([p.maps["lensed_light"] for p in parts]).numpy(),
    }


def _sigma(sample, scene):
    sky = sample["sky_sigma"][:, None, None]
    return np.sqrt(sky**2 + sample[scene].clip(0) / ELECTRONS_PER_NANOJANSKY)


_ENDS = (slice(None, 6), slice(-6, None))


def _corners(sample):
    """Pixels of the four corners in units of the sky noise, ``(n, 144)``."""
    image = sample["image"] / sample["sky_sigma"][:, None, None]
    patches = [image[:, y, x] for y in _ENDS for x in _ENDS]
    return np.concatenate([patch.reshape(len(image), -1) for patch in patches], axis=1)


def test_signal_to_noise_follows_its_definition(sample):
    """The truth column is sqrt(sum s^2 / sigma^2) with the lens light in sigma."""
    ratio = (sample["after"] - sample["before"]) / _sigma(sample, "before")
    expected = np.sqrt((ratio.astype(float) ** 2).sum(axis=(1, 2)))
    lens = sample["lens"] == 1
    np.testing.assert_allclose(sample["signal_to_noise"][lens], expected[lens], rtol=2e-3)
    assert (expected[~lens] == 0).all()
    assert np.isnan(sample["signal_to_noise"][~lens]).all()
    assert sample["signal_to_noise"][lens].min() >= 5.0
    assert sample["signal_to_noise"][lens].max() <= 100.0


def test_map_of_the_lensed_light_is_its_signal_to_noise(sample):
    """Pixel by pixel, and nothing where there is no lens."""
    ratio = (sample["after"] - sample["before"]) / _sigma(sample, "before")
    np.testing.assert_allclose(sample["lensed_light"], ratio, atol=2e-3 * ratio.max())
    assert (sample["lensed_light"][sample["lens"] == 0] == 0).all()


def test_lensed_magnitude_is_that_of_the_light_added(sample):
    """The lensed source's magnitude is its flux's, but for light outside the frame."""
    lens = sample["lens"] == 1
    added = (sample["after"] - sample["before"])[lens].sum(axis=(1, 2))
    lost = 31.4 - 2.5 * np.log10(added) - sample["lensed_source_magnitude"][lens]
    assert lost.min() > -0.02
    assert np.median(lost) < 0.02


def test_noise_has_the_stated_variance(sample):
    """Sky and photon noise together have the variance of the description."""
    residual = (sample["image"] - sample["after"]) / _sigma(sample, "after")
    spread = (residual - np.median(residual, axis=(1, 2), keepdims=True)).std()
    assert spread == pytest.approx(1.0, abs=0.005)
    bright = sample["after"] > 10 * sample["sky_sigma"][:, None, None]
    assert residual[bright].std() == pytest.approx(1.0, abs=0.02)


def test_sky_noise_in_blank_corners_is_sky_sigma(sample):
    """Where the scene is empty the pixels scatter by the truth's ``sky_sigma``."""
    corners = _corners(sample)
    middle = np.median(corners, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(corners - middle), axis=1)
    blank = np.isin(sample["kind"], ["field", "star"])
    assert np.median(spread[blank]) == pytest.approx(1.0, abs=0.02)


def test_sky_level_gives_the_stated_depth(sample):
    """A point source of the median depth 24.8 mag has S/N 5 in the seeing disc."""
    pixels = 2.266 * (sample["psf_fwhm"] / SCALE) ** 2
    depth = 31.4 - 2.5 * np.log10(5.0 * sample["sky_sigma"] * np.sqrt(pixels))
    assert np.median(depth) == pytest.approx(24.8, abs=0.02)
    assert depth.std() == pytest.approx(0.2, abs=0.02)


def test_all_numbers_are_finite(sample):
    """No NaN or infinity in images; in the truth only where a column has no meaning."""
    assert np.isfinite(sample["image"]).all()
    lens = sample["lens"] == 1
    for name, values in sample.items():
        if values.dtype.kind == "f":
            assert np.isfinite(values[lens]).all(), name
    for name in ("magnitude", "psf_fwhm", "sky_sigma"):
        assert np.isfinite(sample[name]).all(), name


def test_kinds_come_with_their_weights(sample):
    """Half are lenses, and the kinds of non-lenses follow the declared weights."""
    counts = [np.sum(sample["kind"] == kind) for kind in population.KINDS]
    weights = np.array([1.0, *population.NEGATIVE_WEIGHTS]) * 0.5
    assert sum(counts) == len(sample["kind"])
    np.testing.assert_array_equal(sample["kind"] == "lens", sample["lens"] == 1)
    assert stats.chisquare(counts, weights * sum(counts)).pvalue > 1e-3


@pytest.mark.parametrize("fraction", [0, 1.0])
def test_a_fraction_of_lenses_may_be_none_or_all(fraction):
    """The ends of the range are fractions too."""
    drawn = LsstLens(fraction).draw(8, torch.Generator().manual_seed(1))

    assert set(drawn.truth["lens"]) == {int(fraction)}
    assert torch.isfinite(drawn.arrays["image"]).all()


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half", None])
def test_a_fraction_is_a_number_from_zero_to_one(fraction):
    """Anything else is refused before the first draw."""
    with pytest.raises(UsageError, match="lens_fraction must be a number from 0 to 1, is "):
        LsstLens(fraction)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"seeing_arcsec": 0.3}, "seeing_arcsec must be a number from 0.4 to 2, is 0.3"),
        ({"depth": "deep"}, "depth must be a number from 20 to 28, is 'deep'"),
    ],
)
def test_observing_conditions_are_held_to_their_range(options, told):
    """Seeing and depth beyond any survey are refused before the first draw."""
    with pytest.raises(UsageError, match=told):
        LsstLens(**options)


def test_seeing_and_depth_of_another_survey():
    """A wider PSF by its factor; a magnitude less of depth is 2.512 times the noise."""

    def truth(**options):
        return LsstLens(**options).draw(64, torch.Generator().manual_seed(3)).truth

    ours, wide, shallow = truth(), truth(seeing_arcsec=1.2), truth(depth=23.8)
    np.testing.assert_allclose(wide["psf_fwhm"], 1.5 * ours["psf_fwhm"], rtol=1e-5)
    np.testing.assert_array_equal(shallow["psf_fwhm"], ours["psf_fwhm"])
    np.testing.assert_allclose(shallow["sky_sigma"], 10**0.4 * ours["sky_sigma"], rtol=1e-4)


def test_same_seed_gives_the_same_cutouts():
    """A seed fixes images and truth; another seed gives others."""

    def cutouts(seed):
        return LsstLens().draw(32, torch.Generator().manual_seed(seed))

    first, again, other = cutouts(3), cutouts(3), cutouts(4)
    assert torch.equal(first.arrays["image"], again.arrays["image"])
    assert not torch.equal(first.arrays["image"], other.arrays["image"])
    for name, values in first.truth.items():
        np.testing.assert_array_equal(values, again.truth[name])


def test_lens_galaxies_and_ellipticals_are_equally_bright(sample):
    """Without the arcs, lenses have the magnitudes of the plain ellipticals."""
    flux = sample["before"].sum(axis=(1, 2))
    lens, plain = sample["lens"] == 1, sample["kind"] == "elliptical"
    assert stats.ks_2samp(flux[lens], flux[plain]).pvalue > 1e-3


def test_observing_conditions_do_not_tell_lenses(sample):
    """Seeing, noise level and sky offset have one distribution for both classes."""
    residual = (sample["image"] - sample["after"]).mean(axis=(1, 2))
    conditions = {
        "psf_fwhm": sample["psf_fwhm"],
        "sky_sigma": sample["sky_sigma"],
        "offset": residual / sample["sky_sigma"],
    }
    lens = sample["lens"] == 1
    for name, values in conditions.items():
        assert stats.ks_2samp(values[lens], values[~lens]).pvalue > 1e-3, name


def test_background_does_not_tell_lenses(sample):
    """Corner pixels of lenses look like those of non-lenses.

    The level is compared with the ellipticals, which have the same wings; the scatter
    with all non-lenses.
    """
    corners = _corners(sample)
    level = np.median(corners, axis=1)
    spread = np.median(np.abs(corners - level[:, None]), axis=1)
    darkest = corners.min(axis=1)
    lens, plain = sample["lens"] == 1, sample["kind"] == "elliptical"
    assert stats.ks_2samp(level[lens], level[plain]).pvalue > 1e-3
    for values in (spread, darkest):
        assert stats.ks_2samp(values[lens], values[~lens]).pvalue > 1e-3
