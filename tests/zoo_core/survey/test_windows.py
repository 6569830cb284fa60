"""Windows without a catalogue: all of the sky that the tiles show, once, and no gap."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table
from mosaics import noise, sky, spec, tiles_of, write
from survey_runs import go, load, make_survey

from zoo_core import UsageError
from zoo_core.survey import SurveyOptions, Windows, open_parts, run_survey


def middles(windows, rows=1000, start=0):
    """All positions and ids, by pieces of ``rows``."""
    pieces = list(windows.pieces(rows, start))
    return tuple(
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("ra", "dec", "ids")
    )


def pixels(wcs, ra, dec):
    return wcs.all_world2pix(ra, dec, 0)


@pytest.fixture
def tile(tmp_path):
    write(tmp_path / "one.fits", noise((100, 130)), sky((100, 130)))
    return tiles_of(tmp_path / "one.fits")


@pytest.mark.parametrize("stride", [16, 7.5, 1])
def test_every_pixel_is_near_the_middle_of_a_window(tile, stride):
    """At most half a stride away along each axis, and the windows are no more than needed."""
    windows = Windows(tile, spec(), stride=stride)
    ra, dec, ids = middles(windows)
    x, y = pixels(sky((100, 130)), ra, dec)

    for length, middle in ((130, x), (100, y)):
        distance = np.abs(np.arange(length)[:, None] - np.unique(middle.round(4))).min(1)
        assert distance.max() <= stride / 2
    assert windows.count == len(ids) == np.ceil(100 / stride) * np.ceil(130 / stride)
    np.testing.assert_array_equal(ids, np.arange(len(ids)))


@pytest.mark.parametrize("rows", [1, 10, 63, 64])
def test_pieces_begin_anywhere(tile, rows):
    """The pieces of another length, or from another start, are the same windows."""
    windows = Windows(tile, spec(), stride=16)
    whole = middles(windows)

    assert windows.count == 63
    for start in (0, 1, 62, 63):
        pieces = list(windows.pieces(rows, start))
        assert [piece.first for piece in pieces] == list(range(start, 63, rows))
        assert all(len(piece) == rows for piece in pieces[:-1])
        if pieces:
            for found, expected in zip(middles(windows, rows, start), whole, strict=True):
                np.testing.assert_array_equal(found, expected[start:])


def test_where_tiles_overlap_the_sky_is_searched_once(tmp_path):
    """Two tiles that share half of their pixels: no two windows are near, no gap is left."""
    shape = (100, 100)
    for name, first in (("a", 0), ("b", -50)):
        write(tmp_path / f"{name}.fits", noise(shape), sky(shape, at=(49.5 + first, 49.5)))
    ra, dec, _ = middles(Windows(tiles_of(tmp_path / "*.fits"), spec(), stride=10))
    x, y = pixels(sky(shape), ra, dec)

    distance = np.hypot(x[:, None] - x, y[:, None] - y) + 1e9 * np.eye(len(x))
    assert distance.min() > 9.9
    gx, gy = np.meshgrid(np.arange(0.0, 150.0), np.arange(0.0, 100.0))
    nearest = np.maximum(np.abs(gx.ravel()[:, None] - x), np.abs(gy.ravel()[:, None] - y)).min(
        1
    )
    assert nearest.max() <= 5.01
    assert len(x) == 150


def test_the_stride_is_in_pixels_of_the_model(tmp_path):
    """Pixels of the tile are half as large: twice as many from window to window."""
    shape = (100, 100)
    write(tmp_path / "fine.fits", noise(shape), sky(shape, pixel=0.1 / 3600))
    tiles = tiles_of(tmp_path / "fine.fits")

    assert Windows(tiles, spec(scale=0.2), stride=10).count == 25
    assert Windows(tiles, spec(scale=0.2), stride=10, resample=False).count == 100


def test_the_card_gives_the_stride(tile):
    """Twice of what it says that an object may be off the middle; else it must be given."""
    assert Windows(tile, replace(spec(), off_centre_px=4.0)).stride == 8.0
    for off in (None, 0.0):
        with pytest.raises(UsageError, match="--slide PIXELS"):
            Windows(tile, replace(spec(), off_centre_px=off))


@pytest.mark.parametrize("stride", [0.0, -1.0, 16.5, np.nan])
def test_a_stride_that_leaves_gaps_is_refused(tile, stride):
    """The sky between two windows would not be looked at."""
    with pytest.raises(UsageError, match="leave no gap with 1 to 16"):
        Windows(tile, spec(), stride=stride)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return make_survey(tmp_path_factory.mktemp("survey"))


def slide(survey, out, *, stride=5, **told):
    """A run over windows; what it says, and its rows."""
    model = load(survey)
    tiles = tiles_of(survey / "t*.fits")
    windows = Windows(tiles, model.card.inputs[0], stride=stride)
    options = SurveyOptions(part_rows=500)
    summary = run_survey(model, windows, tiles, survey / out, options=options, **told)
    return summary, [row for part in open_parts(survey / out) for row in part.rows()]


def test_a_window_is_a_cutout_at_its_middle(survey):
    """The rows are those of a catalogue of the same positions; at the edge they say so."""
    summary, rows = slide(survey, "windows")
    names = ("id", "ra", "dec")
    Table({name: [row[name] for row in rows] for name in names}).write(survey / "same.parquet")
    go(survey, out="same", catalog="same.parquet")

    assert summary.rows == len(rows) > 800
    assert summary.parts > 1
    assert rows == [row for part in open_parts(survey / "same") for row in part.rows()]
    assert {row["flag"] for row in rows} == {"", "edge"}


def test_a_run_over_windows_goes_on(survey):
    """With the same rows as an undisturbed one; another stride is another run."""

    def stop(done, total):
        if done >= 500:
            raise KeyboardInterrupt

    _, expected = slide(survey, "undisturbed")
    with pytest.raises(KeyboardInterrupt):
        slide(survey, "stopped", progress=stop)
    with pytest.raises(UsageError, match="stride: 5"):
        slide(survey, "stopped", stride=4, resumes=True)

    assert slide(survey, "stopped", resumes=True)[1] == expected
