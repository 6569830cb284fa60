"""Cutouts of sky positions, against astropy's and reproject's own."""

import os
import sys
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from mosaics import noise, sky, spec, stars, tiles_of, write

from zoo_core.data._resample import resampled
from zoo_core.errors import UsageError
from zoo_core.survey import Planes, cut


def cut_from(pattern, ra, dec, wanted, **options):
    """Cut with planes of its own."""
    bands = [band.short_name for band in wanted.bands]
    (tile,) = tiles_of(pattern, *bands)
    return cut(tile, np.array(ra), np.array(dec), wanted, planes=Planes(), **options)


@pytest.mark.parametrize("size", [15, 16, (7, 12)])
@pytest.mark.parametrize("centre", [(150.0, 2.0), (0.0, 89.99)])
def test_cutouts_are_those_of_cutout2d(tmp_path, size, centre):
    """By sky position, odd and even sizes, at RA 0 and near the pole."""
    wcs, pixels = sky(centre=centre, angle=35), noise()
    path = write(tmp_path / "a_g.fits", pixels, wcs)
    x, y = np.random.default_rng(3).uniform(10, 85, (2, 50))
    ra, dec = wcs.all_pix2world(x, y, 0)
    shape = (size, size) if isinstance(size, int) else size

    found = cut_from(path, ra, dec, spec("g", size=shape))

    assert found.array.dtype == np.float32
    assert found.array.shape == (50, 1, *shape)
    assert found.is_usable.all()
    assert found.flags == found.reasons == [""] * 50
    for k in range(50):
        other = Cutout2D(pixels, (x[k], y[k]), shape).data
        np.testing.assert_array_equal(found.array[k, 0], other)


def test_a_distorted_tile_is_cut_where_the_star_is(tmp_path):
    """SIP: the brightest pixel is the middle one."""
    header = sky().to_header()
    header.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", A_ORDER=2, B_ORDER=2)
    header.update(A_2_0=1e-3, A_0_2=5e-4, B_1_1=-8e-4)
    wcs = WCS(header)
    x, y = np.array([20.0, 100.0]), np.array([80.0, 15.0])
    pixels = np.zeros((100, 120), dtype=np.float32)
    pixels[y.astype(int), x.astype(int)] = 1.0
    path = write(tmp_path / "a_g.fits", pixels, wcs)

    found = cut_from(path, *wcs.all_pix2world(x, y, 0), spec("g", size=(9, 9)))

    assert (found.array[:, 0, 4, 4] == 1.0).all()


def test_flux_is_in_the_models_unit(tmp_path):
    """Microjansky in the file, nanojansky in the card; without a unit nothing changes."""
    pixels = noise()
    path = write(tmp_path / "a_g.fits", pixels, BUNIT="uJy")
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)

    scaled = cut_from(path, ra, dec, spec("g", size=(1, 1), unit="nJy"))
    plain = cut_from(path, ra, dec, spec("g", size=(1, 1)))

    np.testing.assert_allclose(scaled.array[0, 0, 0, 0], 1000 * pixels[50, 50], rtol=1e-6)
    assert plain.array[0, 0, 0, 0] == pixels[50, 50]


def test_beyond_the_edge_is_nan_with_a_flag(tmp_path):
    """The share is told: 4 of 16 columns."""
    path = write(tmp_path / "a_g.fits", noise())
    ra, dec = sky().all_pix2world([3.5, 50.0], [50.0, 50.0], 0)

    found = cut_from(path, ra, dec, spec("g"))

    assert np.isnan(found.array[0, 0, :, :4]).all()
    assert not np.isnan(found.array[0, 0, :, 4:]).any()
    assert found.flags == ["edge", ""]
    assert found.reasons[0].startswith("25 % of the cutout lies off the tile")
    assert found.is_usable.all()


def test_a_model_without_missing_values_refuses_them(tmp_path):
    """The row keeps its flag and holds nothing."""
    pixels = noise()
    pixels[50, 50] = np.nan
    path = write(tmp_path / "a_g.fits", pixels)
    ra, dec = sky().all_pix2world([50.0, 2.0, 90.0], [50.0, 50.0, 50.0], 0)

    found = cut_from(path, ra, dec, spec("g", missing="refuse"))

    assert found.flags == ["nan-filled", "edge", ""]
    assert found.is_usable.tolist() == [False, False, True]
    assert "takes no missing values" in found.reasons[0]
    assert np.isnan(found.array[:2]).all()


def test_infinities_become_nan(tmp_path):
    """And are told, with what was NaN before."""
    pixels = noise()
    pixels[50, 50:52] = np.inf, np.nan
    path = write(tmp_path / "a_g.fits", pixels)
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)

    found = cut_from(path, ra, dec, spec("g"))

    assert np.isnan(found.array).sum() == 2
    assert found.flags == ["not-finite"]
    share = "1 of 256 values (0.391 %)"
    assert found.reasons == [f"{share} are infinite, taken as missing; {share} are NaN"]


def test_blank_cutouts_are_refused_as_those_in_files_are(tmp_path):
    """In one band of two: empty, or one value."""
    for band in "gr":
        pixels = noise(seed=ord(band))
        if band == "r":
            pixels[:, :40] = np.nan
            pixels[:, 80:] = 3.0
        write(tmp_path / f"a_{band}.fits", pixels)
    ra, dec = sky().all_pix2world([20.0, 60.0, 100.0], [50.0] * 3, 0)

    found = cut_from(tmp_path / "a_{band}.fits", ra, dec, spec("g", "r"))

    assert found.flags == ["all-nan", "", "constant"]
    assert found.is_usable.tolist() == [False, True, False]
    assert found.reasons[0].startswith("no value in lsst-r is a finite number")
    assert found.reasons[2] == "every value in lsst-r is 3: the image is constant."


def test_bands_are_registered_to_half_a_pixel(tmp_path):
    """Shifted by a fraction of a pixel against each other, each on its own grid."""
    shape = (100, 120)
    ra, dec = sky().all_pix2world(*np.random.default_rng(0).uniform(20, 80, (2, 12)), 0)
    for band, shift in (("g", 0.0), ("r", 7.4), ("i", -3.6)):
        wcs = sky(shape, at=(59.5 + shift, 49.5 - shift))
        write(tmp_path / f"a_{band}.fits", stars(wcs, shape, ra, dec, fwhm=0.8), wcs)

    for k in range(len(ra)):
        found = cut_from(
            tmp_path / "a_{band}.fits", ra[k : k + 1], dec[k : k + 1],
            spec("g", "r", "i", size=(11, 11)),
        )  # fmt: skip

        places = [centroid(image, 4) for image in found.array[0]]
        assert np.abs(places[0]).max() < 0.6
        # 0.4 is what the grids are apart; each around the object, it were up to 0.6.
        assert np.abs(np.array(places[1:]) - places[0]).max() < 0.45


def centroid(image, reach):
    """(x, y) of the flux within some pixels, from the middle of the image."""
    y, x = (np.arange(length) - (length - 1) / 2 for length in image.shape)
    weight = np.where(np.hypot(y[:, None], x) <= reach, image, 0.0).astype(float)
    return (weight.sum(0) * x).sum() / weight.sum(), (weight.sum(1) * y).sum() / weight.sum()


def test_a_rotated_band_is_resampled_onto_the_first(tmp_path):
    """A star beside the object is at the same place in both bands."""
    shape = (160, 160)
    first = sky(shape)
    ra, dec = first.all_pix2world([80.0, 92.0], [80.0, 85.0], 0)
    for band, angle, pixel in (("g", 0.0, 0.2), ("r", 130.0, 0.15)):
        wcs = sky(shape, angle=angle, pixel=pixel / 3600)
        write(tmp_path / f"a_{band}.fits", stars(wcs, shape, ra, dec), wcs)

    found = cut_from(tmp_path / "a_{band}.fits", ra[:1], dec[:1], spec("g", "r", size=(41, 41)))

    assert found.flags == [""]
    g, r = found.array[0]
    assert g.sum() == pytest.approx(2.0, rel=1e-3)
    assert r.sum() == pytest.approx(2.0, rel=1e-2)
    np.testing.assert_allclose(
        centroid(g[16:35, 23:42], 8), centroid(r[16:35, 23:42], 8), atol=0.2
    )
    raw = cut_from(
        tmp_path / "a_{band}.fits", ra[:1], dec[:1], spec("g", "r", size=(41, 41)),
        resample=False,
    )  # fmt: skip
    assert raw.flags == ["band-geometry"]
    assert raw.is_usable.all()


@pytest.mark.parametrize(("own", "wanted"), [(0.396, 0.2), (0.1, 0.2), (0.2, 0.168)])
def test_resampling_conserves_flux_and_position(tmp_path, own, wanted):
    """Of stars at any fraction of a pixel, at sizes odd and even."""
    shape = (240, 240)
    wcs = sky(shape, pixel=own / 3600, angle=10)
    x, y = np.random.default_rng(2).uniform(100, 140, (2, 6))
    for size in (31, 32):
        for k in range(6):
            ra, dec = wcs.all_pix2world(x[k : k + 1], y[k : k + 1], 0)
            pixels = stars(wcs, shape, ra, dec, fwhm=1.2) + noise(shape) * 1e-9
            path = write(tmp_path / "a_g.fits", pixels, wcs)

            found = cut_from(path, ra, dec, spec("g", size=(size, size), scale=wanted))

            assert found.flags == ["pixel-scale"]
            assert f"resampled to the model's {wanted} arcsec" in found.reasons[0]
            assert found.array.sum() == pytest.approx(1.0, rel=1e-2)
            # A quarter of a source pixel, in pixels of the cutout.
            off = np.abs(centroid(found.array[0, 0], 11))
            assert off.max() < 0.26 * own / wanted + 0.02
            path.unlink()


def test_larger_pixels_hold_the_sum_of_smaller_ones(tmp_path):
    """Noise of four pixels adds up to twice that of one, as in any sum; a model knows it."""
    wcs = sky((300, 300), pixel=0.1 / 3600)
    path = write(tmp_path / "a_g.fits", noise((300, 300)), wcs)
    ra, dec = wcs.all_pix2world([150.0], [150.0], 0)

    found = cut_from(path, ra, dec, spec("g", size=(100, 100), scale=0.2)).array

    assert found.mean() == pytest.approx(40.0, rel=1e-2)
    assert 1.3 < found.std() < 2.3  # interpolated instead of summed: 3 to 4


def test_each_object_has_its_own_geometry():
    """Those that differ are not taken together."""
    pixels = noise((80, 80))

    def values(x, y, shape):
        return np.array(
            [pixels[j : j + shape[0], i : i + shape[1]] for i, j in zip(x, y, strict=True)]
        )

    matrices = np.array([[[0.5, 0.0], [0.0, 0.5]], [[0.0, -0.5], [0.5, 0.0]]])
    x = y = np.array([40.0, 40.0])

    both = resampled(values, x, y, matrices=matrices, shape=(11, 11))

    # A step along x of the second one is a step along y of the first.
    np.testing.assert_allclose(both[1, 5:, 5:], 0.25 * turned(values, x, y), rtol=1e-3)


def turned(values, x, y):
    """The first quarter of the second geometry, by a spline at the same places."""
    from scipy.ndimage import map_coordinates

    window = values(x[:1].astype(int) - 20, y[:1].astype(int) - 20, (41, 41))[0]
    # Ours lies at the middle of the half of the pixel that the position begins.
    row, column = np.mgrid[:6, :6] * 1.0
    return map_coordinates(window, [20.25 + 0.5 * column, 20.25 - 0.5 * row], order=3)


def test_resampled_blocks_agree_with_reproject_of_the_whole_mosaic(tmp_path):
    """Object by object through the full WCS, where ours takes all of them together."""
    reproject = pytest.importorskip("reproject")
    shape, size = (200, 220), 24
    rng = np.random.default_rng(5)
    wcs = sky(shape, pixel=0.4 / 3600, angle=20, centre=(33.0, -50.0))
    smooth = noise(shape)
    for _ in range(3):
        smooth = (smooth + np.roll(smooth, 1, 0) + np.roll(smooth, 1, 1)) / 3
    path = write(tmp_path / "a_g.fits", smooth, wcs)
    # At the middle of a quarter of a pixel, where ours puts all of that quarter.
    x = rng.integers(40, 170, 8) + rng.choice([-0.25, 0.25], 8)
    y = rng.integers(40, 150, 8) + rng.choice([-0.25, 0.25], 8)
    ra, dec = wcs.all_pix2world(x, y, 0)

    found = cut_from(path, ra, dec, spec("g", size=(size, size), scale=0.25))

    for k in range(8):
        target = sky((size, size), pixel=0.25 / 3600, angle=20, centre=(ra[k], dec[k]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole, _ = reproject.reproject_interp(
                (smooth, wcs), target, (size, size), order="bicubic"
            )
        # The target's north is that of its own middle, not of the tile's.
        np.testing.assert_allclose(found.array[k, 0], whole * (0.25 / 0.4) ** 2, rtol=2e-3)


@pytest.mark.parametrize(("own", "wanted"), [(0.4, 0.2), (0.1, 0.2)])
def test_resampling_keeps_holes_where_they_are(tmp_path, own, wanted):
    """A hole makes NaN around it and leaves the rest as it is without."""
    shape = (200, 200)
    wcs = sky(shape, pixel=own / 3600)
    ra, dec = wcs.all_pix2world([100.0], [100.0], 0)
    pixels = noise(shape)
    whole = cut_from(
        write(tmp_path / "b_g.fits", pixels, wcs), ra, dec,
        spec("g", size=(30, 30), scale=wanted),
    )  # fmt: skip
    pixels[100:103, 100:103] = np.nan
    holed = cut_from(
        write(tmp_path / "a_g.fits", pixels, wcs), ra, dec,
        spec("g", size=(30, 30), scale=wanted),
    )  # fmt: skip

    is_hole = np.isnan(holed.array[0, 0])
    assert holed.flags == ["nan-filled"]
    assert is_hole[15, 15]
    assert is_hole.sum() < 150
    far = ~is_hole
    far[5:28, 5:28] = False
    np.testing.assert_allclose(holed.array[0, 0][far], whole.array[0, 0][far], rtol=2e-3)


def test_the_scale_is_told_where_it_is_not_resampled(tmp_path):
    """Pixels as they are; up to five per cent are the same scale."""
    path = write(tmp_path / "a_g.fits", noise(), sky(pixel=0.2 / 3600))
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)

    other = cut_from(path, ra, dec, spec("g", scale=0.4), resample=False)
    near = cut_from(path, ra, dec, spec("g", scale=0.209))

    assert other.flags == ["pixel-scale"]
    assert other.reasons == ["pixels of 0.2 arcsec, the model was trained on 0.4 arcsec"]
    np.testing.assert_array_equal(other.array, near.array)
    assert near.flags == [""]


def test_resampled_cutouts_over_the_edge_have_its_flag(tmp_path):
    """Half of the cutout: the object lies on the edge."""
    wcs = sky(pixel=0.4 / 3600)
    path = write(tmp_path / "a_g.fits", noise(), wcs)
    ra, dec = wcs.all_pix2world([-0.5, 60.0], [50.0, 50.0], 0)

    found = cut_from(path, ra, dec, spec("g", size=(20, 20), scale=0.2))

    assert found.flags == ["edge", "pixel-scale"]
    assert found.reasons[0].startswith("50 % of the cutout")
    assert np.isnan(found.array[0, 0, :, :10]).all()
    assert not np.isnan(found.array[1]).any()


def test_without_reproject_the_error_says_what_to_install(tmp_path, monkeypatch):
    """It is an extra; where nothing is to be resampled, it is not needed."""
    monkeypatch.setitem(sys.modules, "reproject", None)
    path = write(tmp_path / "a_g.fits", noise())
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)

    assert cut_from(path, ra, dec, spec("g", scale=0.2)).is_usable.all()
    with pytest.raises(UsageError, match=r"astrozoo\[survey\]"):
        cut_from(path, ra, dec, spec("g", scale=0.1))


@pytest.mark.parametrize("kind", ["gone", "cut", "text"])
def test_a_tile_that_breaks_after_it_was_found_gives_flagged_rows(tmp_path, kind):
    """Never an exception: the run goes on with the next tile."""
    path = write(tmp_path / "a_g.fits", noise())
    (tile,) = tiles_of(path)
    ra, dec = sky().all_pix2world([50.0, 60.0], [50.0, 50.0], 0)
    if kind == "gone":
        path.unlink()
    elif kind == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        path.write_text("something else" * 1000)

    found = cut(tile, ra, dec, spec("g"), planes=Planes())

    assert found.flags == ["tile-unreadable"] * 2
    assert "a_g.fits" in found.reasons[0]
    assert not found.is_usable.any()
    assert np.isnan(found.array).all()


def test_a_tile_that_is_cut_off_between_blocks_gives_flagged_rows(tmp_path):
    """The first block was good."""
    path = write(tmp_path / "a_g.fits", noise())
    (tile,) = tiles_of(path)
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)
    planes = Planes()
    assert cut(tile, ra, dec, spec("g"), planes=planes).is_usable.all()

    os.truncate(path, 4000)

    assert cut(tile, ra, dec, spec("g"), planes=planes).flags == ["tile-unreadable"]


def test_broken_compressed_data_give_flagged_rows(tmp_path):
    """Found when a stripe is unpacked."""
    path = tmp_path / "a_g.fits.fz"
    fits.CompImageHDU(noise(), sky().to_header(), compression_type="GZIP_1").writeto(path)
    content = bytearray(path.read_bytes())
    start = len(content) // 2
    content[start : start + 8000] = b"\xff" * 8000
    path.write_bytes(content)
    (tile,) = tiles_of(path)
    ra, dec = sky().all_pix2world([50.0], [50.0], 0)

    assert cut(tile, ra, dec, spec("g"), planes=Planes(), size=90).flags == ["tile-unreadable"]


def test_a_missing_band_gives_flagged_rows(tmp_path):
    """Nothing is cut."""
    write(tmp_path / "a_r.fits", noise())

    found = cut_from(tmp_path / "a_{band}.fits", [150.0], [2.0], spec("g", "r"))

    assert found.flags == ["missing-band"]
    assert found.array.shape == (1, 2, 16, 16)


def test_a_model_of_any_size_needs_one(tmp_path):
    """``size`` says it."""
    path = write(tmp_path / "a_g.fits", noise())
    wanted = spec("g", size=(None, None))

    with pytest.raises(UsageError, match="--size"):
        cut_from(path, [150.0], [2.0], wanted)
    assert cut_from(path, [150.0], [2.0], wanted, size=12).array.shape == (1, 1, 12, 12)


@pytest.mark.parametrize("scale", [None, 0.3])
def test_an_empty_block_is_empty(tmp_path, scale):
    """No rows, no flags."""
    path = write(tmp_path / "a_g.fits", noise())

    found = cut_from(path, [], [], spec("g", scale=scale))

    assert found.array.shape == (0, 1, 16, 16)
    assert found.flags == []
