"""Recognising bands in headers and file names."""

import pytest

from zoo_core.cards import Band
from zoo_core.data._bands import is_name_of, names_band, split_stem, stated_band


@pytest.mark.parametrize(
    "text",
    ["g", "G", "g.MP9401", "g_SDSS", "lsst-g", "LSST_g", "g DECam SDSS c0001 4720.0", "g'"],
)
def test_a_survey_may_write_a_band_in_its_own_way(text):
    """The band is found whatever the survey's manner."""
    assert names_band(text, Band(name="lsst-g"))


@pytest.mark.parametrize("text", ["r.MP9601", "gri", "F475W", "imaging", "LSST"])
def test_another_band_is_not_taken_for_ours(text):
    """A letter inside a word is no band."""
    assert not names_band(text, Band(name="lsst-g"))


def test_a_band_without_survey_is_compared_as_a_whole():
    """HST filters have no dash and match in any case."""
    assert names_band("f814w", "F814W")
    assert not names_band("F606W", "F814W")


@pytest.mark.parametrize("value", ["", "  ", "N/A", "none", "Unknown", None, 3, True])
def test_a_header_can_say_nothing(value):
    """Empty and placeholder values state no band."""
    assert stated_band(value) == ""


def test_an_extension_is_named_by_the_whole_name_alone():
    """``PSF_g`` holds no image of g."""
    assert is_name_of("G", "lsst-g")
    assert is_name_of("LSST_G", "lsst-g")
    assert not is_name_of("PSF_G", "lsst-g")


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("KiDS-test_g", ("KiDS-test", "g")),
        ("obj.55328.34_g_sci", ("obj.55328.34_sci", "g")),
        ("g_obj7", ("obj7", "g")),
        ("obj-LSST-G", ("obj", "LSST-G")),
        ("g", ("", "g")),
        ("obj_z", ("obj", "z")),  # another band than ours, by its letter
        ("g_field_z", ("field_z", "g")),  # ours comes before any other letter
        ("cutout-00012", None),
        ("gri_mosaic", None),
    ],
)
def test_the_band_is_split_off_a_file_name(stem, expected):
    """One part of the stem, between separators, is the band; the rest is the id."""
    assert split_stem(stem, [Band(name="lsst-g")]) == expected


def test_a_number_in_a_file_name_is_a_counter():
    """Bands that are called by numbers do not swallow numbered files."""
    assert split_stem("image_1", ["channel-1", "channel-2"]) is None
    assert split_stem("image_channel-1", ["channel-1", "channel-2"]) == ("image", "channel-1")
