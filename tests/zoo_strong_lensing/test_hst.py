"""The HST-like simulator against lenstronomy, scipy, and its own description."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from zoo_strong_lensing.simulation import canvas, hst, hst_noise, hst_priors, population, sie
from zoo_strong_lensing.simulation.draw import Draw
from zoo_strong_lensing.simulation.hst import PIXEL_SCALE_ARCSEC, SIZE, HstLens
from zoo_strong_lensing.simulation.hst_blend import HstBlend

from zoo_core import UsageError
from zoo_core.preprocessing import Preprocessing

FRAME = SIZE * PIXEL_SCALE_ARCSEC


def a_draw(seed=0):
    return Draw(torch.Generator().manual_seed(seed))


def spots(count, side=64):
    """Round spots with a peak of one in the middle."""
    offsets = torch.arange(side) - side // 2
    spot = torch.exp(-0.5 * (offsets[None, :] ** 2 + offsets[:, None] ** 2) / 9.0)
    return spot.expand(count, side, side).clone()


@pytest.fixture(scope="module")
def systems():
    """Lenses and sources, enough for their statistics."""
    return hst_priors.systems(a_draw(), 600, frame_arcsec=FRAME)


@pytest.fixture(scope="module")
def chunk():
    """One chunk of the simulator."""
    return HstLens().chunk(0, seed=1)


# ---------------------------------------------------------------- lenses and sources


def test_arcs_agree_with_lenstronomy():
    """The noiseless arcs of strongly elliptical lenses, pixel by pixel."""
    lens_model = pytest.importorskip("lenstronomy.LensModel.lens_model")
    light_model = pytest.importorskip("lenstronomy.LightModel.light_model")
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    lens = population.select(
        hst_priors.systems(a_draw(3), 12, frame_arcsec=FRAME), torch.arange(12)
    )
    grid = HstLens().grid
    images = torch.zeros(12, grid.subpixels, grid.subpixels)
    canvas.paint_lensed(images, grid, lens, population.CLUMPS)
    offsets = (np.arange(grid.subpixels) - (grid.subpixels - 1) / 2) * PIXEL_SCALE_ARCSEC
    x, y = (a.ravel() for a in np.meshgrid(offsets, offsets))

    for row in range(12):
        one = {name: float(values[row]) for name, values in lens.items()}
        e1, e2 = phi_q2_ellipticity(one["mass_angle"], one["mass_axis_ratio"])
        mass = {
            "theta_E": one["einstein_radius"], "e1": e1, "e2": e2,
            "center_x": one["x"], "center_y": one["y"],
        }  # fmt: skip
        beta_x, beta_y = lens_model.LensModel(["SIE"]).ray_shooting(x, y, [mass])
        place = {
            "center_x": one["x"] + one["source_x"], "center_y": one["y"] + one["source_y"],
        }  # fmt: skip
        e1, e2 = phi_q2_ellipticity(one["source_angle"], one["source_axis_ratio"])
        body = place | {
            "amp": 1.0, "R_sersic": one["source_half_light"],
            "n_sersic": one["source_index"], "e1": e1, "e2": e2,
        }  # fmt: skip
        model = light_model.LightModel(["SERSIC_ELLIPSE"])
        body["amp"] = one["source_smooth"] / model.total_flux([body])[0]
        expected = model.surface_brightness(beta_x, beta_y, [body])
        for k in range(population.CLUMPS):
            clump = {
                "amp": one[f"clump_flux{k}"], "sigma": one[f"clump_sigma{k}"],
                "center_x": place["center_x"] + one[f"clump_x{k}"],
                "center_y": place["center_y"] + one[f"clump_y{k}"],
            }  # fmt: skip
            expected += light_model.LightModel(["GAUSSIAN"]).surface_brightness(
                beta_x, beta_y, [clump]
            )
        # Where a Sersic cusp is finer than a pixel ours is the average over the pixel.
        ours = images[row].numpy().ravel()
        off = np.abs(ours - expected) / np.percentile(expected, 99.9)
        assert np.percentile(off, 99.5) < 0.01


def test_priors_are_flat_before_the_choice_and_in_range_after(systems):
    """Ranges of radius, ellipticity and offsets, and what a system must have to be kept."""
    radius, ratio = systems["einstein_radius"], systems["mass_axis_ratio"]
    proposed = hst_priors._propose(a_draw(1), 4000)

    for name, low, high in (
        ("einstein_radius", 0.1, 3.0),
        ("mass_axis_ratio", 0.1, 1.0),
        ("mass_angle", 0.0, math.pi),
    ):  # fmt: skip
        assert stats.kstest(proposed[name], stats.uniform(low, high - low).cdf).pvalue > 1e-3
    assert 0.1 <= radius.min()
    assert radius.max() <= 3.0
    assert 0.1 <= ratio.min()
    assert systems["x"].abs().max() <= 0.3
    assert float(systems["x"].std()) == pytest.approx(
        np.hypot(0.05, 0.25) / np.sqrt(3), rel=0.1
    )
    assert systems["magnification"].min() >= hst_priors.LEAST_MAGNIFICATION


def test_kept_systems_lie_in_the_frame(systems):
    """On a grid far wider and finer than the one they were chosen on."""
    lens = population.select(systems, torch.arange(24))
    wide = hst.Grid(size=600, pixel_scale_arcsec=PIXEL_SCALE_ARCSEC, oversampling=1, margin=0)
    images = torch.zeros(24, 600, 600)
    canvas.paint_lensed(images, wide, lens, population.CLUMPS)
    inner = images[:, 204:396, 204:396].sum(dim=(-2, -1))
    total = images.sum(dim=(-2, -1))

    assert (inner / total).min() > hst_priors.LEAST_IN_FRAME - 0.02
    magnification = total * PIXEL_SCALE_ARCSEC**2
    assert torch.allclose(magnification, lens["magnification"], rtol=0.1)


def test_half_of_the_sources_lie_around_the_caustic():
    """Within 0.15 arcsec of the ellipse through its cusps; the others within the cut.

    The cusps belong to the places on the axes of the lens where magnification is infinite.
    """
    count = 4000
    lens = {
        "owner": torch.arange(count),
        "einstein_radius": torch.full((count,), 1.3),
        "mass_axis_ratio": torch.full((count,), 0.6),
        "mass_angle": torch.full((count,), 0.9),
    }
    root = math.sqrt(0.6)
    numbers = [torch.tensor(v)[None, None, None] for v in (1.3, 0.6, 0.0, 0.0, 0.0)]
    zero = torch.zeros(1, 1, 1)
    ends = []
    for axis, place in enumerate((1.3 / root, 1.3 * root)):
        point = [zero, zero]
        point[axis] = torch.full((1, 1, 1), place)
        assert abs(sie.inverse_magnification(*point, *numbers).item()) < 1e-5
        ends.append(abs(sie.to_source_plane(*point, *numbers)[axis].item()))
    cuts = [hst_priors._OF_CUT * abs(float(cut[0])) for cut in hst_priors._bends(
        lens, torch.full((count,), 1e-6), torch.full((count,), 1e-6)
    )]  # fmt: skip

    x, y = hst_priors._source_position(a_draw(), lens)

    along = (x * math.cos(0.9) + y * math.sin(0.9)).numpy()
    across = (y * math.cos(0.9) - x * math.sin(0.9)).numpy()
    is_near = np.hypot(along / (ends[0] + 0.15), across / (ends[1] + 0.15)) <= 1
    is_in_cut = (np.abs(along) <= cuts[0] + 1e-5) & (np.abs(across) <= cuts[1] + 1e-5)
    assert (is_near | is_in_cut).all()
    assert 0.5 < is_near.mean() < 0.95
    assert is_in_cut[~is_near].all()
    assert np.abs(across[is_near]).max() > ends[1]


# ---------------------------------------------------------------- the chain of observation


@pytest.mark.parametrize("sigma", [0.0, 0.7, 2.0])
def test_smoothing_is_a_gaussian_filter(sigma):
    """As scipy does it, round the edges too."""
    image = torch.rand(1, 48, 48, generator=torch.Generator().manual_seed(0))
    image = hst_noise.smooth(image, torch.tensor([1.5]))  # no structure finer than a pixel
    expected = ndimage.gaussian_filter(
        image[0].double().numpy(), sigma, mode="wrap", truncate=9
    )

    ours = hst_noise.smooth(image, torch.tensor([sigma]))[0].numpy()

    assert np.abs(ours - expected).max() < 2e-3


def test_photon_noise_is_poisson():
    """Variance is the light over the number of electrons at the peak; some are left alone."""
    images = torch.ones(400, 32, 32)
    counted = hst_noise.count_photons(a_draw(), images)
    rms = counted.std(dim=(-2, -1))

    is_touched = rms > 0
    assert is_touched.float().mean().item() == pytest.approx(hst_noise.TOUCHED, abs=0.07)
    electrons = rms[is_touched] ** -2
    assert electrons.min() > 0.85 * hst_noise.PEAK_COUNTS[0]
    assert electrons.max() < 1.15 * hst_noise.PEAK_COUNTS[1]
    assert counted.mean().item() == pytest.approx(1.0, abs=2e-3)


def test_noise_has_the_rms_that_it_tells_and_is_mostly_correlated():
    """Whatever the correlation; between a quarter and none of the images it is white."""
    noisy, rms = hst_noise.noise(a_draw(2), torch.zeros(300, 65, 65))
    measured = noisy.std(dim=(-2, -1))
    neighbours = (noisy[:, :, 1:] * noisy[:, :, :-1]).mean(dim=(-2, -1)) / measured**2

    assert torch.allclose(measured, rms, rtol=0.2)
    assert float((measured / rms).mean()) == pytest.approx(1.0, abs=0.01)
    assert stats.kstest(rms.numpy(), stats.uniform(0.01, 0.09).cdf).pvalue > 1e-3
    is_white = neighbours.abs() < 0.06
    assert is_white.float().mean().item() == pytest.approx(hst_noise.WHITE, abs=0.1)
    assert neighbours[~is_white].median() > 0.2


def test_cosmic_rays_only_add_and_stay_sharp():
    """Tracks are one pixel wide and below half of the peak."""
    hits = hst_noise.hit(a_draw(4), torch.zeros(200, 64, 64))
    brightest = hits.amax(dim=(-2, -1))
    row = int((hits > 0).sum(dim=(-2, -1)).argmax())
    labels, _ = ndimage.label(hits[row].numpy() > 0, structure=np.ones((3, 3)))

    assert hits.min() == 0
    assert brightest.max() <= hst_noise.HIT_STRENGTH[1]
    assert 0.6 < (brightest > 0).float().mean() < 0.85
    assert labels.max() >= 2
    assert np.bincount(labels.ravel())[1:].max() < 3 * hst_noise._STEPS


def test_masks_are_round_patches_of_nan():
    """Of 0.2 arcsec, in the asked share of images, and nowhere else."""
    masked = hst_noise.mask(a_draw(5), spots(400), 0.25, 0.04)
    missing = masked.isnan()
    has = missing.flatten(1).any(1)
    single = missing.sum(dim=(-2, -1))[has].float()

    assert has.float().mean().item() == pytest.approx(0.25, abs=0.06)
    assert single.min() <= 1.1 * math.pi * 25
    assert single.max() <= 1.1 * hst_noise.MOST_MASKS * math.pi * 25
    assert torch.equal(masked[~missing], spots(400)[~missing])
    assert not hst_noise.mask(a_draw(5), spots(9), 0.0, 0.04).isnan().any()


# ---------------------------------------------------------------- the simulator


def test_images_are_what_the_simulator_says(chunk):
    """Shape, a peak of about one, and masks in some."""
    images = chunk.arrays["image"]

    assert images.shape == (HstLens.chunk_size, 1, SIZE, SIZE)
    assert set(chunk.truth) == {column.name for column in HstLens.truth}
    peak = torch.nan_to_num(images).amax(dim=(1, 2, 3))
    assert 0.85 < float(peak.median()) < 1.3
    share = images.flatten(1).isnan().any(1).float().mean()
    assert 0.1 < float(share) < 0.4
    assert not HstLens(masked=0.0).chunk(0, seed=1).arrays["image"].isnan().any()


def test_the_truth_is_where_the_arcs_are(chunk):
    """The mean distance of the light from the told centre is about an Einstein radius."""
    images = torch.nan_to_num(chunk.arrays["image"][:, 0])
    offsets = (torch.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_SCALE_ARCSEC
    x0, y0 = (torch.from_numpy(chunk.truth[f"center_{axis}"])[:, None, None] for axis in "xy")
    distance = torch.hypot(offsets[None, None, :] - x0, offsets[None, :, None] - y0)
    light = torch.where(images > 0.4, images, 0.0)
    mean = (light * distance).sum(dim=(-2, -1)) / light.sum(dim=(-2, -1))
    radius = chunk.truth["einstein_radius"]

    assert stats.pearsonr(mean.numpy(), radius).statistic > 0.9
    assert np.median(mean.numpy() / radius) == pytest.approx(1.0, abs=0.15)


def test_ellipticity_is_told_with_spin_two(chunk):
    """Turning the ellipse by half a turn changes nothing; size and angle come back."""
    e1, e2 = chunk.truth["ellipticity1"], chunk.truth["ellipticity2"]
    angle = np.mod(0.5 * np.arctan2(e2, e1), np.pi)

    np.testing.assert_allclose(np.hypot(e1, e2), 1 - chunk.truth["axis_ratio"], atol=1e-5)
    difference = np.mod(angle - chunk.truth["position_angle"] + np.pi / 2, np.pi) - np.pi / 2
    np.testing.assert_allclose(difference * np.hypot(e1, e2), 0, atol=1e-4)


def test_a_seed_gives_the_same_images():
    """And another seed others."""
    one, same, other = (HstLens().draw(3, torch.Generator().manual_seed(s)) for s in (1, 1, 2))

    assert torch.equal(one.arrays["image"].nan_to_num(), same.arrays["image"].nan_to_num())
    assert not torch.equal(one.arrays["image"].nan_to_num(), other.arrays["image"].nan_to_num())


@pytest.mark.parametrize("masked", [-0.1, 1.5, "all"])
def test_an_impossible_share_is_refused(masked):
    """With the range and what was given."""
    with pytest.raises(UsageError, match="masked must be a number from 0 to 1, is"):
        HstLens(masked)


# ---------------------------------------------------------------- with the light of the lens


def test_a_blend_is_arcs_and_lens_and_noise():
    """In the bluest band: what is left after both is white noise of the told deviation."""
    drawn = HstBlend().draw(12, torch.Generator().manual_seed(2))
    image, maps = drawn.arrays["image"], drawn.maps
    left = image[:, 0] - maps["lens_light"] - maps["arcs"]

    assert image.shape == (12, 3, SIZE, SIZE)
    np.testing.assert_allclose(left.std(dim=(1, 2)), drawn.truth["noise"], rtol=0.03)
    assert maps["arcs"].flatten(1).amax(1).numpy() == pytest.approx(1.0, rel=1e-4)
    assert set(drawn.truth) == {column.name for column in HstBlend.truth}


def test_lenses_are_red_and_as_bright_as_they_are_told_to_be():
    """The peak of the reddest band is the lens's, and it is fainter in the bluest."""
    drawn = HstBlend().draw(24, torch.Generator().manual_seed(3))
    peak = drawn.arrays["image"].amax(dim=(2, 3)).numpy()
    brightness = drawn.truth["brightness"]
    lens = drawn.maps["lens_light"].flatten(1).amax(1).numpy()

    clear = brightness > 5
    np.testing.assert_allclose(peak[clear, 2], brightness[clear], rtol=0.2)
    assert (lens / brightness).max() < 0.4
    assert (lens / brightness).min() > 0.06


@pytest.mark.parametrize("step", ["separate_center", "subtract_sersic"])
def test_lens_light_can_be_taken_away(step):
    """What is left of a bright lens is more like the arcs than the image was, in most cases."""
    drawn = HstBlend().draw(24, torch.Generator().manual_seed(4))
    bright = (drawn.truth["brightness"] > 4) & (drawn.truth["einstein_radius"] > 0.5)
    arcs = drawn.maps["arcs"].flatten(1).numpy()[bright]
    image = drawn.arrays["image"][torch.from_numpy(bright)]
    given = image if step == "separate_center" else image[:, 1:2]
    steps = Preprocessing.parse([{"op": step}], channels=given.shape[1])

    def likeness(images):
        pairs = zip(images.flatten(1).numpy(), arcs, strict=True)
        return np.array([np.corrcoef(one, two)[0, 1] for one, two in pairs])

    before, after = likeness(image[:, 1]), likeness(steps(given)[:, 0])

    assert bright.sum() > 8
    assert np.mean(after > before) >= 0.8
    assert np.median(after - before) > 0.05
