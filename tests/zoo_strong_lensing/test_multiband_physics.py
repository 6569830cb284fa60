"""Scenes on pixels that are not oversampled, against GalSim and lenstronomy."""

import numpy as np
import pytest
import torch
from zoo_strong_lensing.simulation import canvas, profiles, surveys
from zoo_strong_lensing.simulation.grid import Grid
from zoo_strong_lensing.simulation.multiband import BolognaGround, BolognaSpace

SPACE, GROUND, CFHTLS = surveys.BOLOGNA_SPACE, surveys.BOLOGNA_GROUND, surveys.CFHTLS
ELLIPTICITY, PSF_ANGLE = 0.05, 2.0

# Survey, FWHM (arcsec), Moffat exponent; that of the space set stands for a Gaussian.
SEEN = [(GROUND, 0.7, 3.0), (GROUND, 1.0, 2.5), (CFHTLS, 0.64, 3.5), (SPACE, 0.18, 60.5)]


def column(value):
    return torch.tensor([value], dtype=torch.float32)


def columns(values):
    return {"owner": torch.tensor([0])} | {name: column(v) for name, v in values.items()}


def transfer(grid, fwhm, beta):
    rest = (column(v)[:, None, None] for v in (beta, ELLIPTICITY, PSF_ANGLE))
    return grid.transfer(torch.tensor([[fwhm]])[..., None, None], *rest)


def reference_psf(fwhm, beta):
    galsim = pytest.importorskip("galsim", reason="GalSim is the reference")
    psf = galsim.Gaussian(fwhm=fwhm) if beta > 50 else galsim.Moffat(beta=beta, fwhm=fwhm)
    return psf.shear(q=1.0 - ELLIPTICITY, beta=PSF_ANGLE * galsim.radians)


def worst(ours, reference):
    """Largest difference as a fraction of the reference's peak."""
    return np.abs(ours - reference).max() / reference.max()


@pytest.mark.parametrize(("survey", "fwhm", "beta"), SEEN)
@pytest.mark.parametrize(
    ("index", "half_light", "q", "place"),
    [(0.5, 0.08, 1.0, (0.03, 0.06)), (1.0, 0.5, 0.1, (0.13, -0.21)),
     (1.0, 0.9, 0.7, (-1.07, 1.93)), (2.5, 0.4, 0.5, (0.0, 0.0)),
     (4.0, 2.0, 0.95, (0.05, 0.02)), (6.0, 0.9, 0.7, (0.05, 0.02))],
)  # fmt: skip
def test_a_galaxy_is_that_of_galsim(survey, fwhm, beta, index, half_light, q, place):
    """Shape, place and flux; pixels count light once, so GalSim's must do so as well."""
    galsim = pytest.importorskip("galsim", reason="GalSim is the reference")
    grid, (x, y) = survey.grid(), place
    image = torch.zeros(1, 1, grid.subpixels, grid.subpixels)
    galaxy = {
        "x": x, "y": y, "half_light": half_light, "index": index, "axis_ratio": q, "angle": 0.7,
    }  # fmt: skip
    canvas.paint_sersic(image, grid, columns(galaxy) | {"flux": torch.tensor([[1000.0]])})
    ours = grid.observe(image, transfer(grid, fwhm, beta))[0, 0].numpy()

    profile = galsim.Sersic(n=index, half_light_radius=half_light, flux=1000.0)
    profile = profile.shear(q=q, beta=0.7 * galsim.radians).shift(x, y)
    accuracy = galsim.GSParams(maximum_fft_size=16384, folding_threshold=2e-3)
    blurred = galsim.Convolve(profile, reference_psf(fwhm, beta), gsparams=accuracy)
    reference = blurred.drawImage(
        nx=survey.size, ny=survey.size, scale=survey.pixel_scale_arcsec
    ).array

    # A PSF of two pixels cannot hold the cusp of n = 6 as well as one of four.
    assert worst(ours, reference) < (0.03 if index < 6 or survey is not SPACE else 0.07)
    assert ours.sum() == pytest.approx(reference.sum(), rel=0.01)


LENS = {
    "x": 0.13, "y": -0.21, "einstein_radius": 1.6, "mass_axis_ratio": 0.65,
    "mass_angle": 0.6, "gamma1": 0.05, "gamma2": -0.03, "source_axis_ratio": 0.6,
    "source_angle": 2.1, "source_smooth": 1.0,
}  # fmt: skip
SOURCES = [
    {"source_x": 0.12, "source_y": -0.07, "source_half_light": 0.3, "source_index": 1.0},
    {"source_x": -0.8, "source_y": 0.45, "source_half_light": 0.25, "source_index": 0.7},
]


def lenstronomy_image(lens, survey, fwhm, beta):
    """A lensed source of unit flux on five sub-pixels a pixel."""
    pytest.importorskip("lenstronomy", reason="lenstronomy is the reference")
    from lenstronomy.Data.imaging_data import ImageData
    from lenstronomy.Data.psf import PSF
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    side, fine, scale = survey.size, 5, survey.pixel_scale_arcsec
    corner = -(side - 1) / 2 * scale
    data = ImageData(
        image_data=np.zeros((side, side)),
        ra_at_xy_0=corner,
        dec_at_xy_0=corner,
        transform_pix2angle=np.eye(2) * scale,
    )
    pixels = 2 * round(4.0 * fwhm / (scale / fine)) + 1
    kernel = reference_psf(fwhm, beta).drawImage(
        nx=pixels, ny=pixels, scale=scale / fine, method="no_pixel"
    )
    point = PSF(
        psf_type="PIXEL",
        kernel_point_source=kernel.array / kernel.array.sum(),
        point_source_supersampling_factor=fine,
        kernel_point_source_normalisation=False,
    )
    e1, e2 = phi_q2_ellipticity(lens["mass_angle"], lens["mass_axis_ratio"])
    x, y = lens["x"], lens["y"]
    mass = [
        {"theta_E": lens["einstein_radius"], "e1": e1, "e2": e2, "center_x": x, "center_y": y},
        {"gamma1": lens["gamma1"], "gamma2": lens["gamma2"], "ra_0": x, "dec_0": y},
    ]
    e1, e2 = phi_q2_ellipticity(lens["source_angle"], lens["source_axis_ratio"])
    body = {
        "amp": 1.0, "R_sersic": lens["source_half_light"], "n_sersic": lens["source_index"],
        "e1": e1, "e2": e2, "center_x": x + lens["source_x"], "center_y": y + lens["source_y"],
    }  # fmt: skip
    body["amp"] /= LightModel(["SERSIC_ELLIPSE"]).total_flux([body])[0]
    model = ImageModel(
        data,
        point,
        lens_model_class=LensModel(["SIE", "SHEAR"]),
        source_model_class=LightModel(["SERSIC_ELLIPSE"]),
        kwargs_numerics={"supersampling_factor": fine, "supersampling_convolution": True},
    )
    return model.image(mass, [body])


@pytest.mark.filterwarnings("ignore:`axes` should not be:DeprecationWarning")
@pytest.mark.parametrize(("survey", "fwhm", "beta"), [SEEN[0], SEEN[2], SEEN[3]])
@pytest.mark.parametrize("source", SOURCES)
def test_a_lensed_image_is_that_of_lenstronomy(survey, fwhm, beta, source):
    """In a band, on the survey's own pixels."""
    lens = LENS | source
    reference = lenstronomy_image(lens, survey, fwhm, beta)
    grid = survey.grid()
    arcs = torch.zeros(1, grid.subpixels, grid.subpixels)
    canvas.paint_lensed(arcs, grid, columns(lens), clumps=0)
    ours = grid.observe(arcs[:, None], transfer(grid, fwhm, beta))[0, 0].numpy()

    assert worst(ours, reference) < 0.05
    assert ours.sum() == pytest.approx(reference.sum(), rel=0.02)


def test_bands_are_seen_through_their_own_psf():
    """Several widths at once are what each is alone; one image serves all of them."""
    grid = GROUND.grid()
    image = torch.rand(2, 1, grid.subpixels, grid.subpixels)
    rest = [torch.tensor([a, b])[:, None, None] for a, b in ((2.5, 4.0), (0.0, 0.08), (0, 1.0))]
    widths = torch.tensor([[0.7, 1.0, 1.3], [0.6, 0.8, 1.1]])
    together = grid.observe(image, grid.transfer(widths[..., None, None], *rest))
    for band in range(3):
        width = widths[:, band, None, None]
        alone = grid.observe(image[:, 0], grid.transfer(width, *rest))
        torch.testing.assert_close(together[:, band], alone)


def test_odd_margins_change_nothing():
    """A grid with a row more, for the sake of the transform, sees the same."""
    plain = Grid(size=21, oversampling=1, margin=14)
    uneven = Grid(size=21, oversampling=1, margin=13, extra=1)
    seen = []
    for grid in (plain, uneven):
        image = torch.zeros(1, grid.subpixels, grid.subpixels)
        galaxy = {"flux": 100.0, "x": 0.31, "y": -0.47, "half_light": 0.4, "index": 1.0,
                  "axis_ratio": 0.6, "angle": 0.4}  # fmt: skip
        canvas.paint_sersic(image, grid, columns(galaxy))
        psf = [column(v)[:, None, None] for v in (0.7, 4.5, 0.05, 1.0)]
        seen.append(grid.observe(image, grid.transfer(*psf)))

    assert uneven.subpixels == 48
    # The PSF ends a little later or earlier.
    torch.testing.assert_close(*seen, rtol=2e-3, atol=1e-4)


def test_windows_of_small_components_are_not_seen():
    """Of the brightest companion that gets one: far below the noise of the deepest band."""
    grid, survey = GROUND.grid(), GROUND
    flux = 3631e9 * 10 ** (-0.4 * 21.0)
    base = {"x": 3.0, "y": -6.0, "index": 3.0, "axis_ratio": 0.8, "angle": 0.3}
    sizes = torch.linspace(0.12, 1.0, 60)
    all_sizes = {name: torch.full((60,), value) for name, value in base.items()}
    several = {"owner": torch.zeros(60, dtype=torch.int64), "half_light": sizes, **all_sizes}
    small = canvas._fits_window(grid, several)
    assert 0 < small.sum() < 60
    galaxy = columns(base | {"half_light": float(sizes[small].max())})
    image = torch.zeros(1, 1, grid.subpixels, grid.subpixels)
    canvas.paint_sersic(image, grid, galaxy | {"flux": torch.tensor([[flux]])})
    assert (image == 0).any()

    x, y = grid.coordinates()
    r2 = profiles.elliptical_radius_squared(
        x - base["x"], y - base["y"], *(column(base[k]) for k in ("axis_ratio", "angle"))
    )
    whole = flux * profiles.sersic(r2, galaxy["half_light"], column(3.0))
    lost = whole[image[:, 0] == 0].max() * survey.pixel_scale_arcsec**2
    depth = 3631e9 * 10 ** (-0.4 * max(survey.depth_mag))
    pixels = 2.266 * (min(survey.fwhm_arcsec) / survey.pixel_scale_arcsec) ** 2
    assert lost < 0.01 * depth / 5.0 / np.sqrt(pixels)


@pytest.mark.parametrize("make", [BolognaGround, BolognaSpace])
def test_signal_to_noise_is_summed_over_bands(make):
    """As the truth column says, from the scene before and after the source is added."""
    seen = {}

    class Witness(make):
        def _add_lensed(self, draw, light, transfer, sky, scene, truth):
            seen["before"] = scene.clone()
            super()._add_lensed(draw, light, transfer, sky, scene, truth)
            seen["after"], seen["sky"] = scene.clone(), sky

    drawn = Witness(1.0).draw(24, torch.Generator().manual_seed(5))
    source = seen["after"] - seen["before"]
    noise = seen["before"].clamp_min(0) / make.survey.electrons_per_njy + seen["sky"] ** 2
    expected = (source.double() ** 2 / noise).sum(dim=(1, 2, 3)).sqrt()

    assert drawn.truth["signal_to_noise"] == pytest.approx(expected.numpy(), rel=5e-3)
    photons = seen["after"].clamp_min(0) / make.survey.electrons_per_njy + seen["sky"] ** 2
    residual = (drawn.arrays["image"] - seen["after"]) / photons.sqrt()
    known = residual[residual.isfinite()]
    assert float(known.std()) == pytest.approx(1.0, abs=0.01)
    assert float(known.mean()) == pytest.approx(0.0, abs=0.03)


def test_nothing_but_the_arcs_tells_a_lens():
    """Before the source is added a lens is as bright and as sharp as a plain elliptical."""
    from scipy import stats

    class Witness(BolognaGround):
        weights = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

        def _add_lensed(self, draw, light, transfer, sky, scene, truth):
            self.before = scene[:, :, 40:61, 40:61].clone()
            super()._add_lensed(draw, light, transfer, sky, scene, truth)

    simulator = Witness(0.5)
    generator = torch.Generator().manual_seed(6)
    parts = []
    for _ in range(4):
        drawn = simulator.draw(128, generator)
        flux = simulator.before.sum(dim=(-2, -1)).log()
        middle = simulator.before[:, :, 10, 10].log() - flux
        both = torch.cat([flux, flux[:, :1] - flux[:, -1:], middle], dim=1)
        parts.append((drawn.truth["lens"] == 1, both.numpy()))
    lens = np.concatenate([part[0] for part in parts])
    numbers = np.concatenate([part[1] for part in parts])
    assert set(drawn.truth["kind"]) == {"lens", "elliptical"}
    for values in numbers.T:
        assert stats.ks_2samp(values[lens], values[~lens]).pvalue > 1e-3
