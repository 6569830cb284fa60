"""Pixel scales of headers: read from what is stated, and compared with the model's."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area

from zoo_core.data import open_inputs
from zoo_core.data._pixel_scale import stated_pixel_scale
from zoo_core.errors import UsageError


def _wcs(scale, rotation=0.0):
    """A header's WCS with square pixels of ``scale`` arcsec."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    step = scale / 3600
    cos, sin = np.cos(rotation), np.sin(rotation)
    wcs.wcs.cd = step * np.array([[-cos, sin], [sin, cos]])
    return wcs


@pytest.mark.parametrize("rotation", [0.0, 0.3, np.pi / 2])
def test_scale_is_that_of_astropy(rotation):
    """With CD or with PC and CDELT, however the image is turned."""
    wcs = _wcs(0.263, rotation)
    header = wcs.to_header()
    cd = {f"CD{i}_{j}": wcs.wcs.cd[i - 1, j - 1] for i in (1, 2) for j in (1, 2)}
    expected = 3600 * np.sqrt(proj_plane_pixel_area(wcs))

    assert stated_pixel_scale(header) == pytest.approx(expected)
    assert stated_pixel_scale({"CTYPE1": "RA---TAN", **cd}) == pytest.approx(0.263)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"CDELT1": 1.0, "CDELT2": 1.0},
        {"CTYPE1": "LINEAR", "CDELT1": 1.0, "CDELT2": 1.0},
        {"CTYPE1": "RA---TAN"},
        {"CTYPE1": "RA---TAN", "CDELT1": "broken", "CDELT2": 1.0},
        {"CTYPE1": "RA---TAN", "CDELT1": 1.0, "CDELT2": 1.0, "CUNIT1": "m", "CUNIT2": "m"},
        {"CTYPE1": "RA---TAN", "CDELT1": 1.0, "CDELT2": 1.0, "CUNIT1": "furlong"},
        {"CTYPE1": "RA---TAN", "CD1_1": "broken", "CD2_2": 1.0, "CD1_2": 1.0, "CD2_1": 1.0},
        {"PIXSCALE": -1.0},
    ],
)
def test_nothing_stated_is_no_scale(header):
    """A header without a celestial WCS says nothing about arcseconds."""
    assert stated_pixel_scale(header) is None


@pytest.mark.parametrize(
    ("unit", "step"),
    [("deg", 0.2 / 3600), ("arcsec", 0.2), ("ARCMIN", 0.2 / 60), ("rad", 0.2 / 206264.806247)],
)
@pytest.mark.parametrize("name", ["CDELT1 CDELT2", "CD1_1 CD2_2"])
def test_steps_are_in_the_unit_that_is_stated(name, unit, step):
    """CUNIT says what CDELT and CD count; each axis has its own."""
    first, second = name.split()
    header = {"CTYPE1": "RA---TAN", first: -step, second: step}
    both = {"CUNIT1": unit, "CUNIT2": f" {unit} "}

    assert stated_pixel_scale({**header, **both}) == pytest.approx(0.2)
    mixed = {**header, second: 0.2 / 3600, "CUNIT1": unit, "CUNIT2": ""}
    assert stated_pixel_scale(mixed) == pytest.approx(0.2)


@pytest.mark.parametrize("key", ["PIXSCALE", "CTYPE1", "CDELT1", "CUNIT1", "FILTER", "EXTNAME"])
def test_a_card_that_cannot_be_read_states_nothing(tmp_path, make_spec, write_fits, image, key):
    """The image is none the worse for it."""
    header = dict(_wcs(0.2).to_header()) | {
        "PIXSCALE": 0.2,
        "CUNIT1": "deg",
        key: "to be broken",
    }
    path = write_fits(tmp_path / "a.fits", (image, header))
    content = path.read_bytes()
    start = content.index(f"{key:8}= ".encode())
    broken = f"{key:8}= 0.2 'arcsec".ljust(80).encode()
    path.write_bytes(content[:start] + broken + content[start + 80 :])
    sample = open_inputs(path, make_spec(scale=0.2))[0]

    with pytest.raises(fits.VerifyError):
        fits.getheader(path)[key]
    np.testing.assert_array_equal(sample.arrays["image"], image[None])
    assert (sample.flag, sample.reason) == ("", "")


@pytest.mark.parametrize(
    ("header", "flag"),
    [
        ({"PIXSCALE": 0.2}, ""),
        ({"PIXSCALE": 0.205}, ""),
        ({"PIXSCALE": 0.396}, "pixel-scale"),
        (dict(_wcs(0.396).to_header()), "pixel-scale"),
        ({}, ""),
    ],
)
def test_another_scale_is_a_warning(tmp_path, make_spec, write_fits, image, header, flag):
    """The row is predicted all the same, and says both scales."""
    path = write_fits(tmp_path / "a.fits", (image, header))
    sample = open_inputs(path, make_spec(scale=0.2))[0]

    assert sample.is_usable
    assert sample.flag == flag
    assert ("0.396" in sample.reason and "0.2 arcsec" in sample.reason) == bool(flag)


def test_a_model_without_a_scale_takes_any(tmp_path, make_spec, write_fits, image):
    """Nothing to compare with."""
    path = write_fits(tmp_path / "a.fits", (image, {"PIXSCALE": 7.0}))

    assert open_inputs(path, make_spec())[0].flag == ""


def test_one_warning_for_all_files_of_an_object(tmp_path, make_spec, write_fits, image):
    """Bands of the same scale do not repeat it."""
    for band in "gr":
        write_fits(tmp_path / f"x_{band}.fits", (image, {"PIXSCALE": 0.4}))
    (sample,) = open_inputs(tmp_path, make_spec("lsst-g", "lsst-r", scale=0.2))

    assert sample.reason.count("arcsec, the model") == 1


def _blob(scale, size, fwhm_arcsec=2.0, flux=100.0):
    """A round source in the middle of an image, as a flux in each pixel."""
    offset = (np.arange(size) - (size - 1) / 2) * scale
    sigma = fwhm_arcsec / 2.3548
    profile = np.exp(-0.5 * (offset / sigma) ** 2) * scale / (sigma * np.sqrt(2 * np.pi))
    return (flux * profile[:, None] * profile).astype(np.float32)


def _write(path, scale, size, **header):
    hdu = fits.ImageHDU(_blob(scale, size))
    hdu.header.update(PIXSCALE=scale, **header)
    return path, hdu


@pytest.mark.parametrize(("scale", "size"), [(0.263, 40), (0.12, 81), (0.4, 31)])
def test_images_are_brought_to_the_models_scale_when_asked(tmp_path, make_spec, scale, size):
    """Same source, same flux, same middle, on the model's pixels."""
    path, hdu = _write(tmp_path / "a.fits", scale, size)
    fits.HDUList([fits.PrimaryHDU(hdu.data, hdu.header)]).writeto(path)
    specs = make_spec(size=(33, 33), scale=0.2)
    (sample,) = open_inputs(path, specs, fit="resample")

    assert (sample.flag, sample.reason) == ("", "")
    expected = _blob(0.2, 33)
    found = sample.arrays[specs[0].name][0]
    assert found.sum() == pytest.approx(expected.sum(), rel=0.01)
    # Averaging over larger pixels blurs a little.
    assert np.abs(found - expected).max() < 0.05 * expected.max()


def test_each_band_is_resampled_by_its_own_header(tmp_path, make_spec):
    """And lies on the others afterwards."""
    hdus = [
        _write(None, scale, size, EXTNAME=band)[1]
        for band, scale, size in (("g", 0.2, 45), ("r", 0.12, 75))
    ]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "a.fits")
    specs = make_spec("kids-g", "kids-r", size=(33, 33), scale=0.2)
    (whole,) = open_inputs(tmp_path / "a.fits", specs, fit="crop")
    (sample,) = open_inputs(tmp_path / "a.fits", specs, fit="resample")

    # Planes of 45 and 75 pixels cannot be stacked as they are.
    assert whole.flag == "wrong-size"
    assert sample.flag == ""
    g, r = sample.arrays[specs[0].name]
    np.testing.assert_allclose(g, r, atol=0.05 * g.max())


def test_the_scale_of_every_band_is_compared(tmp_path, make_spec):
    """Not that of the first alone."""
    hdus = [
        _write(None, scale, 33, EXTNAME=band)[1] for band, scale in (("g", 0.2), ("r", 0.3))
    ]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "a.fits")
    specs = make_spec("kids-g", "kids-r", size=(33, 33), scale=0.2)
    (sample,) = open_inputs(tmp_path / "a.fits", specs)

    assert sample.flag == "pixel-scale"
    assert "0.3 arcsec" in sample.reason


def test_an_image_of_too_little_sky_is_not_enlarged(tmp_path, make_spec):
    """Told in arcsec, for pixels do not compare."""
    _, hdu = _write(None, 0.1, 50)
    fits.HDUList([fits.PrimaryHDU(hdu.data, hdu.header)]).writeto(tmp_path / "a.fits")
    specs = make_spec(size=(33, 33), scale=0.2)
    (sample,) = open_inputs(tmp_path / "a.fits", specs, fit="resample")

    assert sample.flag == "wrong-size"
    assert "5x5 arcsec, the model takes 6.6x6.6 arcsec" in sample.reason


@pytest.mark.parametrize(("scale", "size"), [(0.1, 66), (0.4, 17)])
def test_an_image_of_just_the_models_sky_keeps_its_edges(tmp_path, make_spec, scale, size):
    """No frame of missing pixels: of a level sky every pixel is that sky."""
    sky = np.full((size, size), 8.0 * scale**2, np.float32)
    sky[size // 2, size // 2] *= 2.0
    fits.PrimaryHDU(sky, fits.Header({"PIXSCALE": scale})).writeto(tmp_path / "a.fits")
    specs = make_spec(size=(33, 33), scale=0.2)
    (sample,) = open_inputs(tmp_path / "a.fits", specs, fit="resample")

    assert sample.flag == ""
    image = sample.arrays[specs[0].name][0]
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
        np.testing.assert_allclose(edge, 8.0 * 0.2**2, rtol=0.01)


def test_an_infinity_does_not_spread_when_resampled(tmp_path, make_spec):
    """Only what is near it is missing."""
    _, hdu = _write(None, 0.4, 31)
    hdu.data[3, 3] = np.inf
    fits.HDUList([fits.PrimaryHDU(hdu.data, hdu.header)]).writeto(tmp_path / "a.fits")
    specs = make_spec(size=(60, 60), scale=0.2)
    (sample,) = open_inputs(tmp_path / "a.fits", specs, fit="resample")

    assert sample.is_usable
    assert 0 < np.isnan(sample.arrays[specs[0].name]).sum() <= 16


def test_pixels_that_are_far_too_coarse_are_refused(tmp_path, make_spec):
    """A scale in another unit than arcsec would fill the memory."""
    _, hdu = _write(None, 0.2, 40)
    fits.PrimaryHDU(hdu.data, fits.Header({"PIXSCALE": 720.0})).writeto(tmp_path / "a.fits")
    (sample,) = open_inputs(
        tmp_path / "a.fits", make_spec(size=(None, None), scale=0.2), fit="resample"
    )

    assert sample.flag == "wrong-size"
    assert "720 arcsec are too coarse" in sample.reason


def test_resampling_what_states_no_scale_is_told(tmp_path, make_spec, image, write_fits):
    """The user asked for it; the file cannot say from what."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    np.savez(tmp_path / "b.npz", image=image[None])
    specs = make_spec(scale=0.2)
    (sample,) = open_inputs(path, specs, fit="resample")

    assert sample.flag == "pixel-scale"
    assert "states no pixel scale" in sample.reason
    np.testing.assert_array_equal(sample.arrays["image"], image[None])
    (note,) = open_inputs(tmp_path / "b.npz", specs, fit="resample").notes
    assert "1 file of a format without a pixel scale" in note


def test_a_model_without_a_scale_has_nothing_to_resample_to(tmp_path, make_spec):
    """Said before anything is read."""
    with pytest.raises(UsageError, match="states no pixel scale"):
        open_inputs(tmp_path, make_spec(), fit="resample")
