"""From patterns to tiles with a plane for each band."""

import bz2
import os
import pickle

import numpy as np
import pytest
from astropy.io import fits
from mosaics import noise, sky, spec, tiles_of, write

from zoo_core.errors import InputError, UsageError
from zoo_core.survey import PROFILES, find_tiles, flux_notes


def test_files_that_differ_in_the_band_are_one_tile(tmp_path):
    """In natural order, planes in the order of the model's bands."""
    for tile in ("t10", "t2"):
        for band in "gri":
            write(tmp_path / f"{tile}_{band}.fits", noise())

    tiles = tiles_of(tmp_path / "t*_{band}.fits", "r", "g")

    assert [tile.name for tile in tiles] == [
        str(tmp_path / name) for name in ("t2_{band}.fits", "t10_{band}.fits")
    ]
    names = [plane.image.path.name for plane in tiles[1].planes]
    assert names == ["t10_r.fits", "t10_g.fits"]
    assert all(tile.problem is None for tile in tiles)


def test_the_band_may_stand_twice_in_large_letters(tmp_path):
    """Folders of a band with files of the same band; others are left alone."""
    for folder, band in (("HSC-G", "HSC-G"), ("HSC-R", "HSC-R"), ("HSC-R", "HSC-G")):
        (tmp_path / folder).mkdir(exist_ok=True)
        extensions = [fits.ImageHDU(noise(), sky().to_header(), name="IMAGE")]
        fits.HDUList([fits.PrimaryHDU(), *extensions]).writeto(
            tmp_path / folder / f"calexp-{band}-1.fits"
        )

    tiles = tiles_of(
        tmp_path / "{band}" / "calexp-{band}-*.fits", "g", "r", profile="lsst-calexp"
    )

    assert [tile.problem for tile in tiles] == [None]
    assert [plane.image.path.parent.name for plane in tiles[0].planes] == ["HSC-G", "HSC-R"]


@pytest.mark.parametrize("keyword", ["FILTER", "BAND"])
def test_without_a_placeholder_the_header_says_the_band(tmp_path, keyword):
    """And the names, which files belong together."""
    for band in "gr":
        write(tmp_path / f"t1_{band}.fits", noise(), **{keyword: f"{band}.MP9401"})

    (tile,) = tiles_of(tmp_path / "*.fits", "g", "r")

    assert [plane.image.path.name for plane in tile.planes] == ["t1_g.fits", "t1_r.fits"]


def test_extensions_may_be_bands(tmp_path):
    """One file, one tile."""
    hdus = [fits.ImageHDU(noise(), sky().to_header(), name=band) for band in ("r", "g")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "a.fits")

    (tile,) = tiles_of(tmp_path / "a.fits", "g", "r")

    assert [plane.image.extension for plane in tile.planes] == [2, 1]


def test_an_image_that_says_nothing_is_that_of_the_one_band(tmp_path):
    """Of a model of one band; one of another band is not."""
    write(tmp_path / "mosaic.fits", noise())
    write(tmp_path / "other.fits", noise(), FILTER="r")

    (tile,) = tiles_of(tmp_path / "*.fits", "g")

    assert tile.planes[0].image.path.name == "mosaic.fits"
    with pytest.raises(InputError, match="none of 1 files is of the band lsst-g"):
        tiles_of(tmp_path / "other.fits", "g")


def test_a_missing_band_is_a_problem_of_its_tile(tmp_path):
    """It is kept, so that its objects are rows that say so."""
    for name in ("a_g", "a_r", "b_r"):
        write(tmp_path / f"{name}.fits", noise())

    whole, broken = tiles_of(tmp_path / "*_{band}.fits", "g", "r")

    assert whole.problem is None
    assert broken.problem.flag == "missing-band"
    assert "lsst-g" in broken.problem.reason
    assert broken.planes[0] is None
    assert broken.first is broken.planes[1]


@pytest.mark.parametrize("kind", ["cut", "text", "no-wcs", "directory-of-nothing"])
def test_an_unreadable_file_is_a_problem_of_its_tile(tmp_path, kind):
    """The other tiles go on."""
    write(tmp_path / "a_g.fits", noise())
    path = write(tmp_path / "b_g.fits", noise())
    if kind == "cut":
        os.truncate(path, path.stat().st_size // 2)
    elif kind == "text":
        path.write_text("not FITS")
    elif kind == "no-wcs":
        fits.writeto(path, noise(), overwrite=True)
    else:
        fits.HDUList([fits.PrimaryHDU()]).writeto(path, overwrite=True)

    good, bad = tiles_of(tmp_path / "*_{band}.fits", "g")

    assert good.problem is None
    assert bad.problem.flag == "tile-unreadable"
    # A header that is whole still says which objects are on it.
    assert (bad.first is not None) == (kind == "cut")


def test_two_images_of_one_band_are_an_error_that_names_both(tmp_path):
    """Neither may win by chance."""
    for name in ("a_g.fits", "a_lsst-g.fits"):
        write(tmp_path / name, noise())

    with pytest.raises(InputError, match=r"a_g\.fits and .*a_lsst-g\.fits") as caught:
        tiles_of(tmp_path / "*_{band}.fits", "g")

    assert caught.value.flag == "wrong-bands"


def test_patterns_that_match_nothing_say_what_was_looked_for(tmp_path):
    """No file, or no file of a band."""
    write(tmp_path / "a_q.fits", noise())

    with pytest.raises(InputError, match="matches no file"):
        tiles_of(tmp_path / "b_{band}.fits")
    with pytest.raises(InputError, match=r"such as a_q.fits.*Looked for lsst-g, g"):
        tiles_of(tmp_path / "a_{band}.fits")
    with pytest.raises(UsageError, match=r"\{tile\} means nothing"):
        tiles_of(tmp_path / "{tile}_{band}.fits")
    with pytest.raises(UsageError, match="no tile was given"):
        find_tiles([], ["lsst-g"], PROFILES["plain"])


def test_several_patterns_name_a_file_once(tmp_path):
    """Overlapping ones are no two images of a band."""
    write(tmp_path / "a_g.fits", noise())
    patterns = [str(tmp_path / "*_{band}.fits"), str(tmp_path / "a_{band}.fits")]

    assert len(find_tiles(patterns, ["lsst-g"], PROFILES["plain"])) == 1


def test_tiles_are_light_and_can_be_sent(tmp_path):
    """To the processes that cut; comments of the header stay behind."""
    path = write(tmp_path / "a_g.fits", noise())
    with fits.open(path, "update") as hdus:
        for _ in range(200):
            hdus[0].header["HISTORY"] = "a long story of how this image was made"

    tiles = tiles_of(path)

    assert pickle.loads(pickle.dumps(tiles)) == tiles
    assert len(pickle.dumps(tiles)) < 3000


@pytest.mark.parametrize(
    ("keywords", "profile", "expected"),
    [
        ({}, "plain", None),
        ({"BUNIT": "nJy"}, "plain", 1.0),
        ({"BUNIT": "uJy"}, "plain", 1000.0),
        ({"BUNIT": "nanomaggy"}, "plain", 3631.0),
        ({"BUNIT": "adu"}, "plain", None),
        ({"BUNIT": "nanomaggy"}, "sdss-frame", 3631.0),
        ({}, "legacy-brick", 3631.0),
        # m = -2.5 log10(f): a value of one is 3631 Jy.
        ({}, "kids", 3.631e12),
        # 27: a hundred million times fainter than 7, and 31.4 is one nanojansky.
        ({"MAGZERO": 31.4}, "euclid", 1.0),
        ({"MAGZERO": 23.9, "BUNIT": "ADU"}, "euclid", 1000.0),
        ({"FLUXMAG0": 10 ** (0.4 * 27)}, "lsst-calexp", 10 ** (0.4 * 4.4)),
        ({"FLUXMAG0": 1.0, "BUNIT": "nJy"}, "lsst-calexp", 1.0),
    ],
)
def test_nanojansky_of_a_pixel_value(tmp_path, keywords, profile, expected):
    """By unit, zero point or flux of magnitude zero."""
    path = tmp_path / "TILE1_g_sci.fits"
    hdu = fits.ImageHDU(noise(), sky().to_header(), name="IMAGE")
    hdu.header.update(FILTER="g", **keywords)
    if profile == "sdss-frame":
        fits.PrimaryHDU(noise(), hdu.header).writeto(path)
    else:
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)

    (tile,) = tiles_of(path, profile=profile)

    assert tile.problem is None
    found = tile.planes[0].nanojansky
    assert found == (expected and pytest.approx(expected, rel=3e-4))


def test_unknown_flux_units_are_told_where_they_matter(tmp_path):
    """A model whose preprocessing does not care has no unit."""
    tiles = tiles_of(write(tmp_path / "a_g.fits", noise()))

    assert flux_notes(tiles, [spec("g").bands[0].unit]) == ()
    (note,) = flux_notes(tiles, ["nJy"])
    assert "a_g.fits" in note


def test_headers_of_packed_files_are_read_without_the_rest(tmp_path):
    """A file of which only the beginning is there still has its header."""
    path = write(tmp_path / "a_g.fits", noise((900, 900)))
    packed = bz2.compress(path.read_bytes(), 1)
    other = tmp_path / "b_g.fits.bz2"
    other.write_bytes(packed[: len(packed) // 2])

    (tile,) = tiles_of(other)

    assert tile.problem is None
    assert tile.planes[0].shape == (900, 900)


def test_pixel_scale_is_the_root_of_the_area(tmp_path):
    """Of a pixel, whatever its angle."""
    path = write(tmp_path / "a_g.fits", noise(), sky(angle=30, centre=(10, 88)))

    assert tiles_of(path)[0].first.pixel_scale_arcsec == pytest.approx(0.2, rel=1e-6)


def test_masks_and_weights_are_found_beside(tmp_path):
    """As the profile says; one that is not there is done without."""
    for name in ("b1-image-g", "b1-invvar-g", "b2-image-g"):
        pixels = np.abs(noise())
        fits.CompImageHDU(pixels, sky().to_header()).writeto(tmp_path / f"{name}.fits.fz")

    one, two = tiles_of(tmp_path / "b*-image-{band}.fits.fz", profile="legacy-brick")

    assert one.planes[0].weight.path.name == "b1-invvar-g.fits.fz"
    assert two.planes[0].weight is None


def test_euclid_tiles_are_told_by_their_index(tmp_path):
    """Files of one tile were written at different times."""
    for band, time in (("VIS", "2024A"), ("NIR-H", "2024B")):
        write(tmp_path / f"EUC_MOSAIC-{band}_TILE1020-{time}_00.fits", noise(), MAGZERO=24.0)

    (tile,) = find_tiles(
        str(tmp_path / "EUC_MOSAIC-{band}_TILE*.fits"),
        ["euclid-vis", "euclid-h"],
        PROFILES["euclid"],
    )

    assert tile.name == "TILE1020"
    assert tile.problem is None
