"""FITS images, good and bad."""

import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits

from zoo_core.data import open_inputs


def only(path, spec, **options):
    """The one sample of a path."""
    (sample,) = open_inputs(path, spec, **options)
    return sample


def test_a_primary_image_is_read(tmp_path, image, make_spec, write_fits):
    """Id is the stem, source the path; one channel is put in front."""
    path = write_fits(tmp_path / "obj.1.fits", (image, {}))
    sample = only(path, make_spec())

    assert (sample.id, sample.source, sample.flag) == ("obj.1", str(path), "")
    np.testing.assert_array_equal(sample.arrays["image"], image[None])


def test_the_first_image_extension_is_read(tmp_path, image, make_spec, write_fits):
    """The source tells which one; a weight map behind it is left alone."""
    path = write_fits(
        tmp_path / "a.fits",
        (None, {}),
        (image, {"EXTNAME": "SCI"}),
        (image * 0 + 1, {"EXTNAME": "WHT"}),
    )
    sample = only(path, make_spec())

    assert sample.source == f"{path}[SCI]"
    np.testing.assert_array_equal(sample.arrays["image"], image[None])


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".fits.gz", gzip.compress), (".fits.bz2", bz2.compress), (".FIT", bytes)],
)
def test_packed_files_are_read(tmp_path, image, make_spec, write_fits, suffix, pack):
    """The whole suffix is left off the id."""
    plain = write_fits(tmp_path / "plain" / "x.fits", (image, {}))
    path = tmp_path / f"obj{suffix}"
    path.write_bytes(pack(plain.read_bytes()))
    sample = only(path, make_spec())

    assert sample.id == "obj"
    np.testing.assert_array_equal(sample.arrays["image"], image[None])


def test_tile_compressed_images_are_read(tmp_path, image, make_spec):
    """The image lies, packed by fpack, in the first extension."""
    path = tmp_path / "obj.fits.fz"
    packed = fits.CompImageHDU(image.astype("i4"), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)

    np.testing.assert_array_equal(only(path, make_spec()).arrays["image"], image[None])


def test_a_cube_has_bands_first(tmp_path, image, make_spec, write_fits):
    """``(band, y, x)`` is taken as it is, whatever FILTER says of the whole."""
    cube = np.stack([image, image + 1, image + 2])
    path = write_fits(tmp_path / "cube.fits", (cube, {"FILTER": "g r i"}))

    sample = only(path, make_spec("lsst-g", "lsst-r", "lsst-i"))
    np.testing.assert_array_equal(sample.arrays["image"], cube)


def test_axes_of_length_one_in_front_are_dropped(tmp_path, image, make_spec, write_fits):
    """Radio images have Stokes and frequency axes."""
    path = write_fits(tmp_path / "radio.fits", (image[None, None], {}))
    np.testing.assert_array_equal(only(path, make_spec()).arrays["image"], image[None])


@pytest.mark.parametrize("key", ["EXTNAME", "FILTER", "BAND"])
def test_extensions_are_matched_to_bands_by_name(tmp_path, image, make_spec, write_fits, key):
    """The order is the model's, not the file's."""
    path = write_fits(
        tmp_path / "mef.fits",
        (None, {}),
        (image + 1, {key: "R"}),
        (image + 2, {key: "lsst-i"}),
        (image, {key: "g"}),
    )
    sample = only(path, make_spec("lsst-g", "lsst-r", "lsst-i"))

    np.testing.assert_array_equal(
        sample.arrays["image"], np.stack([image, image + 1, image + 2])
    )
    assert sample.source.startswith(f"{path}[")


def test_one_band_is_picked_from_several_extensions(tmp_path, image, make_spec, write_fits):
    """A model with one band takes its own of three, not the first."""
    path = write_fits(
        tmp_path / "mef.fits",
        (None, {}),
        (image + 1, {"EXTNAME": "R"}),
        (image, {"EXTNAME": "G"}),
    )
    np.testing.assert_array_equal(only(path, make_spec()).arrays["image"], image[None])


def test_a_missing_extension_is_told_with_those_found(tmp_path, image, make_spec, write_fits):
    """The flag is that of a missing band file."""
    path = write_fits(
        tmp_path / "mef.fits", (None, {}), (image, {"EXTNAME": "G"}), (image, {"EXTNAME": "Z"})
    )
    sample = only(path, make_spec("lsst-g", "lsst-r"))

    assert sample.flag == "missing-band"
    assert "lsst-r" in sample.reason
    assert "G, Z" in sample.reason


def test_bands_of_different_size_are_told(tmp_path, image, make_spec, write_fits):
    """Both sizes are named."""
    path = write_fits(
        tmp_path / "mef.fits",
        (None, {}),
        (image, {"EXTNAME": "G"}),
        (image[:4], {"EXTNAME": "R"}),
    )
    sample = only(path, make_spec("g", "r"))

    assert sample.flag == "wrong-size"
    assert "8x8" in sample.reason
    assert "4x8" in sample.reason


def test_one_image_for_a_model_with_three_bands_is_told(tmp_path, image, make_spec, write_fits):
    """There is nothing to choose from: too few bands."""
    path = write_fits(tmp_path / "one.fits", (image, {}))
    assert only(path, make_spec("g", "r", "i")).flag == "wrong-bands"


def test_a_cube_for_a_model_with_one_band_is_told(tmp_path, image, make_spec, write_fits):
    """The bands are not cut off silently."""
    path = write_fits(tmp_path / "three.fits", (np.stack([image] * 3), {}))
    sample = only(path, make_spec())

    assert sample.flag == "wrong-bands"
    assert "3 bands" in sample.reason


@pytest.mark.parametrize("header", [{"FILTER": "r.MP9601"}, {"BAND": "r"}])
def test_an_image_of_another_band_is_flagged(tmp_path, image, make_spec, write_fits, header):
    """The header wins over the hope that it fits."""
    path = write_fits(tmp_path / "obj.fits", (image, header))
    sample = only(path, make_spec())

    assert sample.flag == "wrong-band"
    assert not sample.is_usable
    assert "lsst-g" in sample.reason
    assert only(path, make_spec(), accept_bands=["r"]).flag == ""


def test_an_image_of_another_band_with_a_weight_map_is_flagged(
    tmp_path, image, make_spec, write_fits
):
    """The weight map, which names no band, does not stand in for the image."""
    path = write_fits(tmp_path / "a.fits", (image, {"FILTER": "r"}), (image + 1, {}))
    assert only(path, make_spec()).flag == "wrong-band"


def test_the_primary_header_speaks_for_its_extensions(tmp_path, image, make_spec, write_fits):
    """Space telescopes state the filter once, in front."""
    path = write_fits(tmp_path / "a.fits", (None, {"FILTER": "i"}), (image, {"EXTNAME": "SCI"}))
    assert only(path, make_spec()).flag == "wrong-band"
    assert only(path, make_spec("lsst-i")).flag == ""


@pytest.mark.parametrize("value", ["g.MP9401", "g_SDSS", "LSST_g", "N/A", ""])
def test_an_image_of_the_right_or_no_stated_band_is_fine(
    tmp_path, image, make_spec, write_fits, value
):
    """Surveys write one band in many ways."""
    path = write_fits(tmp_path / "obj.fits", (image, {"FILTER": value}))
    assert only(path, make_spec()).flag == ""


def test_one_file_a_band_makes_one_object(tmp_path, image, make_spec, write_fits):
    """Files that differ in the band alone are stacked in the model's order."""
    for add, band in enumerate("rig"):
        write_fits(tmp_path / f"obj-7_{band}_sci.fits", (image + add, {"FILTER": band}))
    inputs = open_inputs(tmp_path, make_spec("lsst-g", "lsst-r", "lsst-i"))

    assert inputs.ids == ("obj-7_sci",)
    assert inputs.notes == ()
    np.testing.assert_array_equal(
        inputs[0].arrays["image"], np.stack([image + 2, image, image + 1])
    )
    assert inputs[0].source.count("+") == 2


def test_files_of_other_bands_are_noted(tmp_path, image, make_spec, write_fits):
    """A model with one band leaves the others and says so."""
    for band in "ugriz":
        write_fits(tmp_path / f"obj_{band}.fits", (image + ord(band), {}))
    inputs = open_inputs(tmp_path, make_spec())

    assert inputs.ids == ("obj",)
    assert inputs.notes == ("4 files of other bands than lsst-g not used",)
    assert inputs[0].arrays["image"][0, 0, 0] == ord("g")


def test_a_folder_an_object_is_named_by_the_folder(tmp_path, image, make_spec, write_fits):
    """Where the file's name is the band, the id is the folder's."""
    write_fits(tmp_path / "obj-a" / "g.fits", (image, {}))
    write_fits(tmp_path / "obj-b" / "g.fits", (image, {}))
    assert open_inputs(tmp_path, make_spec()).ids == ("obj-a", "obj-b")


def test_a_missing_band_file_is_a_flagged_row_that_names_what_was_found(
    tmp_path, image, make_spec, write_fits
):
    """The other objects are read."""
    for name in ("a_g", "a_r", "b_g", "b_z"):
        write_fits(tmp_path / f"{name}.fits", (image, {}))
    good, bad = open_inputs(tmp_path, make_spec("lsst-g", "lsst-r"))

    assert (good.id, good.flag, good.is_usable) == ("a", "", True)
    assert (bad.id, bad.flag, bad.is_usable) == ("b", "missing-band", False)
    assert "lsst-r" in bad.reason
    assert "b_g.fits" in bad.reason
    assert "b_z.fits" in bad.reason


def test_another_band_stands_in_only_where_ours_is_missing(
    tmp_path, image, make_spec, write_fits
):
    """Own band first; the note counts the others."""
    write_fits(tmp_path / "a_g.fits", (image, {"FILTER": "g"}))
    write_fits(tmp_path / "a_r.fits", (image + 1, {"FILTER": "r"}))
    write_fits(tmp_path / "b_r.fits", (image + 2, {"FILTER": "r"}))
    inputs = open_inputs(tmp_path, make_spec(), accept_bands=("r",))

    assert [sample.flag for sample in inputs] == ["", ""]
    assert [sample.arrays["image"][0, 0, 0] for sample in inputs] == [0, 2]
    assert "1 row of the band r in place of lsst-g" in inputs.notes


def test_a_file_name_that_contradicts_its_header_is_flagged(
    tmp_path, image, make_spec, write_fits
):
    """A renamed file is not believed."""
    write_fits(tmp_path / "a_g.fits", (image, {"FILTER": "z"}))
    assert open_inputs(tmp_path, make_spec())[0].flag == "wrong-band"


def test_two_files_of_one_band_are_two_rows(tmp_path, image, make_spec, write_fits):
    """Nothing disappears; the second tells of the first."""
    write_fits(tmp_path / "a-g.fits", (image, {}))
    write_fits(tmp_path / "a_g.fits", (image, {}))
    first, second = open_inputs(tmp_path, make_spec())

    assert first.flag == ""
    assert second.flag == "duplicate-id"
    assert second.is_usable


def test_a_truncated_file_is_told_with_its_lengths(tmp_path, image, make_spec, write_fits):
    """Bytes there and bytes wanted."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    path.write_bytes(path.read_bytes()[:2980])
    sample = only(path, make_spec())

    assert (sample.flag, sample.is_usable) == ("unreadable", False)
    assert "cut off: 2980 bytes of 5760" in sample.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty (0 bytes)"),
        (b"id,ra,dec\n1,2,3\n" * 20, "not a FITS file"),
        (b"SIMPLE  =                    T" + b" " * 500, "cut off inside its header"),
    ],
    ids=["empty", "text", "half-a-header"],
)
def test_what_is_no_fits_file_is_told(tmp_path, make_spec, content, reason):
    """Each cause has its own words."""
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    sample = only(path, make_spec())

    assert sample.flag == "unreadable"
    assert reason in sample.reason


def test_a_truncated_packed_file_is_told(tmp_path, image, make_spec, write_fits):
    """The unpacker's complaint becomes a row."""
    plain = write_fits(tmp_path / "plain" / "x.fits", (image, {}))
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(plain.read_bytes())[:-60])
    assert only(path, make_spec()).flag == "unreadable"


def test_a_table_is_no_image(tmp_path, make_spec):
    """A FITS file may hold no image at all."""
    path = tmp_path / "cat.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.ones(3))])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    assert only(path, make_spec()).flag == "no-image"


def test_an_unreadable_file_is_a_row(
    open_folder, image, make_spec, write_fits, as_ordinary_user
):
    """Permission denied costs one row, not the run."""
    write_fits(open_folder / "a.fits", (image, {}))
    closed = write_fits(open_folder / "b.fits", (image, {}))
    closed.chmod(0o000)
    with as_ordinary_user():
        good, bad = open_inputs(open_folder, make_spec())

    assert good.flag == ""
    assert bad.flag == "unreadable"
    assert "Permission denied" in bad.reason


def test_a_link_to_nowhere_is_a_row(tmp_path, make_spec):
    """A file that has gone is told as such."""
    (tmp_path / "a.fits").symlink_to(tmp_path / "gone.fits")
    sample = only(tmp_path / "a.fits", make_spec())

    assert sample.flag == "unreadable"
    assert "No such file" in sample.reason


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">f8", "u1", "u2", "u4"])
def test_number_types_of_fits_are_read(tmp_path, image, make_spec, write_fits, dtype):
    """Unsigned integers are stored with BZERO and come back as they were."""
    path = write_fits(tmp_path / "a.fits", (image.astype(dtype), {}))
    array = only(path, make_spec()).arrays["image"]

    assert array.dtype == np.dtype("=f4")
    np.testing.assert_array_equal(array, image[None])


def test_bscale_and_bzero_are_applied(tmp_path, image, make_spec):
    """Physical value = BZERO + BSCALE * stored value."""
    hdu = fits.PrimaryHDU(image.astype("i2"))
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 10.0
    hdu.writeto(tmp_path / "a.fits")

    array = only(tmp_path / "a.fits", make_spec()).arrays["image"]
    np.testing.assert_array_equal(array, 10 + 0.5 * image[None])


@pytest.mark.parametrize("bzero", [None, 32768])
def test_blank_means_nan(tmp_path, image, make_spec, bzero):
    """Also for unsigned integers, where BZERO hides the stored value."""
    stored = image.astype("i2")
    stored[2, 3] = -32768
    hdu = fits.PrimaryHDU(stored)
    hdu.header["BLANK"] = -32768
    if bzero:
        hdu.header["BZERO"] = bzero
    hdu.writeto(tmp_path / "a.fits")
    sample = only(tmp_path / "a.fits", make_spec())

    assert sample.flag == "nan-filled"
    assert np.argwhere(np.isnan(sample.arrays["image"][0])).tolist() == [[2, 3]]
    assert sample.arrays["image"][0, 7, 7] == 63 + (bzero or 0)


def test_a_warning_of_astropy_neither_spills_nor_stops(
    tmp_path, image, make_spec, write_fits, recwarn
):
    """BLANK with floats is against the standard and harmless."""
    path = write_fits(tmp_path / "a.fits", (image, {"BLANK": -1}))
    recwarn.clear()  # writing such a file warns as well

    assert only(path, make_spec()).flag == ""
    assert not recwarn.list
