"""The zoo's own profiles, and those of plugins."""

import numpy as np
import pytest
from astropy.io import fits
from mosaics import noise, sky, spec, tiles_of

from zoo_core import Zoo
from zoo_core.errors import PluginError, UnknownName, UsageError
from zoo_core.survey import PROFILES, Planes, SurveyProfile, cut, find_profile
from zoo_core.testing import plugin_checks

MANIFEST = """
api = 1
name = "{name}"
summary = "A survey"

[[survey_profiles]]
name = "tiny-sky"
target = "{package}:tiny_sky"
summary = "Tiles of a tiny survey"
"""

CODE = """
def tiny_sky():
    from zoo_core.survey import SurveyProfile

    return SurveyProfile(name="tiny-sky", summary="Tiny", bands=(("g", ("blue",)),), image=(0,))
"""


def test_each_is_found_by_its_name():
    """And has a line for people."""
    for name, profile in PROFILES.items():
        assert find_profile(name) is profile
        assert profile.name == name
        assert profile.summary
    assert len(PROFILES) >= 6


def test_an_unknown_one_names_the_nearest(site):
    """Those of plugins among them."""
    site.install("tiny", manifest=MANIFEST, code=CODE)
    plugins = Zoo.discover().plugins

    with pytest.raises(UnknownName, match="Did you mean 'sdss-frame'"):
        find_profile("sdss-frames")
    with pytest.raises(UnknownName, match="Did you mean 'tiny-sky'"):
        find_profile("tiny-skies", plugins)


def test_a_plugin_offers_one(site):
    """Named in its manifest, made when it is asked for; the kit finds no fault with it."""
    site.install("tiny", manifest=MANIFEST, code=CODE)
    zoo = Zoo.discover()

    for name in ("tiny-sky", "tiny/tiny-sky"):
        assert find_profile(name, zoo.plugins).spellings("lsst-g") == ("lsst-g", "blue", "g")
    checks = [c for c in plugin_checks("tiny", zoo=zoo) if "survey_profiles" in c.subject]
    assert len(checks) == 2
    for check in checks:
        check()


def test_what_is_no_profile_is_refused_by_the_plugins_name(site):
    """Not somewhere inside the run."""
    site.install("tiny", manifest=MANIFEST, code="def tiny_sky():\n    return {}\n")

    with pytest.raises(PluginError, match=r"'tiny'.*a dict, not a SurveyProfile"):
        find_profile("tiny-sky", Zoo.discover().plugins)


def test_a_tile_name_must_be_an_expression():
    """Found when the profile is made."""
    with pytest.raises(UsageError, match="no regular expression"):
        SurveyProfile(name="x", summary="", tile_name="(")


def test_calexp_takes_image_mask_and_variance(tmp_path):
    """Bits by the names in the mask's header; a variance that is not above zero is none."""
    image, mask, variance = noise(), np.zeros((100, 120), dtype=np.int32), np.ones((100, 120))
    mask[40, 50] = 1 << 8  # NO_DATA, by MP_NO_DATA below
    mask[41, 50] = 1 << 3  # interpolated: a value to be used
    mask[42, 50] = (1 << 3) | (1 << 8)
    variance[43, 50], variance[44, 50] = 0.0, np.nan
    hdus = [
        fits.ImageHDU(plane, sky().to_header(), name=name)
        for name, plane in (("IMAGE", image), ("MASK", mask), ("VARIANCE", variance))
    ]
    hdus[1].header.update({"HIERARCH MP_NO_DATA": 8, "HIERARCH MP_INTRP": 3})
    primary = fits.PrimaryHDU()
    primary.header.update(FILTER="HSC-G", FLUXMAG0=10 ** (0.4 * 31.4) / 2)
    fits.HDUList([primary, *hdus]).writeto(tmp_path / "calexp-1.fits")
    (tile,) = tiles_of(tmp_path / "calexp-*.fits", profile="lsst-calexp")
    ra, dec = sky().all_pix2world([50.0], [42.0], 0)

    found = cut(tile, ra, dec, spec("g", size=(15, 15), unit="nJy"), planes=Planes())

    expected = 2 * image[35:50, 43:58]
    expected[[5, 7, 8, 9], 7] = np.nan
    np.testing.assert_allclose(found.array[0, 0], expected, rtol=1e-6)
    assert found.flags == ["nan-filled"]


def test_weights_beside_and_no_data(tmp_path):
    """A pixel of weight zero holds nothing."""
    image, weight = noise(), np.ones((100, 120), dtype=np.float32)
    weight[42, 50] = 0.0
    for kind, pixels in (("image", image), ("invvar", weight)):
        hdu = fits.CompImageHDU(
            pixels, sky().to_header(), quantize_level=0, compression_type="GZIP_1"
        )
        hdu.writeto(tmp_path / f"b-{kind}-g.fits.fz")
    (tile,) = tiles_of(tmp_path / "b-image-{band}.fits.fz", profile="legacy-brick")
    ra, dec = sky().all_pix2world([50.0], [42.0], 0)

    found = cut(tile, ra, dec, spec("g", size=(3, 3), unit="uJy"), planes=Planes())

    expected = image[41:44, 49:52] * 3.631
    expected[1, 1] = np.nan
    np.testing.assert_allclose(found.array[0, 0], expected, rtol=1e-5)
