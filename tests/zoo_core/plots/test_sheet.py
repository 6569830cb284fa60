"""Contact sheets: the pixels that were given are those that are drawn, where they belong."""

import numpy as np
import pytest
from PIL import Image

from zoo_core.errors import OutputError, UsageError
from zoo_core.plots import (
    MOST_PICTURES,
    NO_DATA,
    Cell,
    check_sheet,
    make_pictures,
    save_figure,
    sheet_figure,
)


def drawn(figure, path):
    with Image.open(save_figure(figure, path)) as image:
        return np.asarray(image.convert("RGB"))


def flat(colour, shape=(8, 8)):
    return np.broadcast_to(np.array(colour, np.uint8), (*shape, 3)).copy()


def places_of(picture, colour):
    """Bounding box (y, x, height, width) of the pixels of one colour."""
    y, x = np.nonzero((picture == colour).all(-1))
    return y.min(), x.min(), np.ptp(y) + 1, np.ptp(x) + 1


def test_pictures_stand_in_their_order(tmp_path):
    """From left to right, then down; a group begins a new row; enlarged by a whole number."""
    colours = [(10 * n + 5, 50, 200 - 10 * n) for n in range(7)]
    cells = [Cell(flat(colour), (f"object {n}",)) for n, colour in enumerate(colours)]
    picture = drawn(sheet_figure([cells[:5], cells[5:]], columns=3), tmp_path / "a.png")
    boxes = [places_of(picture, colour) for colour in colours]

    assert all(box[2:] == (144, 144) for box in boxes)
    rows = sorted({int(box[0]) for box in boxes})
    columns = sorted({int(box[1]) for box in boxes})
    assert len(rows) == len(columns) == 3
    placed = [(rows.index(box[0]), columns.index(box[1])) for box in boxes]
    assert placed == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_pixels_are_drawn_as_they_are(tmp_path):
    """No smoothing, no shift: every pixel is a square of its colour, the first row below."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 200, (9, 9, 3)).astype(np.uint8)
    for upright in (False, True):
        figure = sheet_figure([[Cell(pixels, is_upright=upright)]])
        picture = drawn(figure, tmp_path / "a.png")
        expected = (pixels if upright else pixels[::-1]).repeat(16, 0).repeat(16, 1)
        np.testing.assert_array_equal(picture[12 : 12 + 144, 12 : 12 + 144], expected)


def test_sizes_that_differ_share_a_sheet(tmp_path):
    """Large ones are reduced, each in its own place."""
    large, small = flat((1, 2, 3), (700, 500)), flat((4, 5, 6), (3, 5))
    picture = drawn(sheet_figure([[Cell(large), Cell(small)]]), tmp_path / "a.png")

    assert places_of(picture, (1, 2, 3))[2:] == (233, 166)
    assert places_of(picture, (4, 5, 6))[2:] == (87, 145)


def test_frames_and_empty_places(tmp_path):
    """A frame is around a marked picture and no other; no picture is a pale place."""
    cells = [Cell(flat((9, 9, 9)), is_marked=True), Cell(flat((7, 7, 7))), Cell(None)]
    picture = drawn(sheet_figure([cells]), tmp_path / "a.png")
    y, x, height, width = places_of(picture, (0xD5, 0x5E, 0x00))
    inner = places_of(picture, (9, 9, 9))

    assert (y, x, height, width) == (inner[0] - 4, inner[1] - 4, inner[2] + 8, inner[3] + 8)
    assert places_of(picture, (232, 232, 232))[2:] == (144, 144)


def test_words_are_words(tmp_path):
    """No formula of a dollar; too long ones are shortened in the middle."""
    lines = ("$x_1$ \\frac", "a" * 40 + "b" * 40)
    figure = sheet_figure([[Cell(flat((9, 9, 9)), lines)]], title="about $5")
    texts = [text.get_text() for text in figure.texts]

    assert texts[0] == lines[0]
    assert texts[2] == "about $5"
    assert len(texts[1]) < 30
    assert texts[1][0] == "a"
    assert "…" in texts[1]
    assert texts[1][-1] == "b"
    drawn(figure, tmp_path / "a.png")


def test_what_cannot_be_written_is_told_first(tmp_path):
    """Suffix, number, folder."""
    check_sheet(tmp_path / "new" / "a.png", 1)
    with pytest.raises(OutputError, match=r"\.png"):
        check_sheet(tmp_path / "a.pdf", 1)
    for count in (0, MOST_PICTURES + 1):
        with pytest.raises(UsageError, match=f"1 to {MOST_PICTURES} pictures, not {count}"):
            check_sheet(tmp_path / "a.png", count)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        check_sheet(tmp_path / "file" / "a.png", 1)


# From pixels to pictures


def noise(bands=1, size=40, seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, (bands, size, size)).astype("f4")


def with_source(pixels, flux, width=3):
    half = pixels.shape[-1] // 2
    made = pixels.copy()
    made[:, half - width : half + width, half - width : half + width] += np.reshape(
        flux, (-1, 1, 1)
    )
    return made


def test_one_band_is_grey_and_brighter_is_lighter():
    """From black to white, monotonous in the flux."""
    ramp = np.linspace(-5, 40, 1600).reshape(1, 40, 40)
    (picture,) = make_pictures([ramp])

    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 0] == picture[..., 2]).all()
    values = picture[..., 0].ravel().astype(int)
    assert (np.diff(values) >= 0).all()
    assert values[0] == 0
    assert values[-1] > 240


@pytest.mark.parametrize("unit", [1e-9, 1.0, 3e7])
def test_the_unit_does_not_matter(unit):
    """Nor a sky level: what is seen is the contrast to the noise."""
    pixels = with_source(noise(), 30.0)
    first, second = make_pictures([pixels]), make_pictures([unit * (pixels + 5)])

    assert np.abs(first[0].astype(int) - second[0]).max() <= 1


def test_a_faint_object_is_seen_beside_a_bright_one():
    """Each picture has its own limits."""
    faint, bright = (with_source(noise(seed=s), f) for s, f in ((1, 12.0), (2, 1e5)))
    pictures = make_pictures([faint, bright])

    for picture in pictures:
        assert picture[20, 20, 0] > 150
        assert picture[:5].mean() < 60


@pytest.mark.parametrize(
    ("names", "flux", "channel"),
    [
        (("g", "r", "i"), (50, 0, 0), 2),
        (("g", "r", "i"), (0, 0, 50), 0),
        (("lsst-i", "lsst-r", "lsst-g"), (50, 0, 0), 0),
        (("u", "g", "r", "i", "z"), (0, 50, 0, 0, 0), 2),
        (("u", "g", "r", "i", "z"), (0, 0, 50, 0, 0), 1),
        (("one", "two", "three"), (50, 0, 0), 2),
        (("red", "green", "blue"), (50, 0, 0), 0),
        (("g", "z"), (0, 50), 0),
        (("lsst-y", "lsst-g", "lsst-i"), (50, 0, 0), 0),
    ],
)
def test_the_reddest_band_is_red(names, flux, channel):
    """By the letters of the bands, or in their order."""
    (picture,) = make_pictures([with_source(noise(len(names)), flux)], names)

    assert picture[20, 20].argmax() == channel
    assert picture[20, 20, channel] > 150


def test_noise_is_grey_whatever_its_unit_in_each_band():
    """A band with more noise than another tints no sky."""
    pixels = noise(3) * np.reshape([1.0, 30.0, 900.0], (3, 1, 1))
    (picture,) = make_pictures([with_source(pixels, [40, 1200, 36000])], ("g", "r", "i"))

    means = picture.reshape(-1, 3).mean(axis=0)
    assert np.ptp(means) < 0.15 * means.mean()
    assert np.ptp(picture[20, 20].astype(int)) < 25


def test_missing_pixels_are_pink():
    """NaN and infinity, in any of the channels that are seen, and nothing else."""
    pixels = with_source(noise(3), [50, 50, 50])
    pixels[1, 3, 4] = np.nan
    pixels[2, 0, 0] = np.inf
    (picture,) = make_pictures([pixels], ("g", "r", "i"))

    pink = (picture == NO_DATA).all(-1)
    assert np.argwhere(pink).tolist() == [[0, 0], [3, 4]]
    (empty,) = make_pictures([np.full((1, 4, 4), np.nan)])
    assert (empty == NO_DATA).all()


def test_pictures_stay_pictures():
    """0 to 255 under the names of colours is shown as it is; fluxes under them are not."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 5)).astype("f4")
    (picture,) = make_pictures([pixels], ("blue", "red", "green"))
    np.testing.assert_array_equal(picture, np.moveaxis(pixels[[1, 2, 0]], 0, -1))
    (grey,) = make_pictures([pixels[:1]], ("grey",))
    np.testing.assert_array_equal(grey[..., 1], pixels[0])
    (other,) = make_pictures([pixels - 50], ("red", "green", "blue"))
    assert (other != np.moveaxis(pixels, 0, -1)).any()


@pytest.mark.parametrize("value", [0.0, 7.5])
def test_nothing_but_one_value_is_a_picture(value):
    """And no warning, no division by zero."""
    for bands in (1, 3):
        (picture,) = make_pictures([np.full((bands, 5, 5), value)])
        assert (picture == picture[0, 0]).all()
    assert make_pictures([None, None]) == [None, None]
    assert make_pictures([]) == []
