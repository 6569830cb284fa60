"""``zoo predict --tiles`` as a user types it."""

import json

import numpy as np
import pytest
from astropy.table import Table
from mosaics import noise, sky, write

from zoo_core.cli import main
from zoo_core.survey import open_parts

OBJECTS = 12


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two tiles, one of which is cut short, and a catalogue; one object lies on neither."""
    monkeypatch.chdir(tmp_path)
    shape = (100, 120)
    write(tmp_path / "tile_1_g.fits", noise(shape), sky(shape), BUNIT="nJy")
    write(tmp_path / "tile_2_g.fits", noise(shape, 1), sky(shape, centre=(151.0, 2.0)))
    broken = (tmp_path / "tile_2_g.fits").read_bytes()
    (tmp_path / "tile_2_g.fits").write_bytes(broken[: len(broken) // 2])
    ra = np.full(OBJECTS, 150.0) + np.linspace(-1e-3, 1e-3, OBJECTS)
    ra[3], ra[5] = 151.0, 12.0
    Table({"objID": np.arange(OBJECTS) + 70, "ra": ra, "dec": np.full(OBJECTS, 2.0)}).write(
        "objects.csv"
    )
    return tmp_path


def rows_of(folder):
    return [row for part in open_parts(folder) for row in part.rows()]


def predict(*words):
    return main(["predict", "resnet-lens", "--tiles", "tile_*_{band}.fits", *words])


def test_a_row_for_each_object_of_the_catalogue(place, capsys):
    """In its order, with what is wrong said on the row and counted at the end."""
    assert predict("--catalog", "objects.csv", "-o", "out", "--part-rows", "5") == 0
    told = capsys.readouterr()
    rows = rows_of("out")

    assert [row["id"] for row in rows] == list(range(70, 70 + OBJECTS))
    assert (rows[3]["flag"], rows[5]["flag"]) == ("tile-unreadable", "outside")
    good = [row for place, row in enumerate(rows) if place not in (3, 5)]
    assert all(0 <= row["p_lens"] <= 1 and not row["flag"] for row in good)
    assert "12 rows of objects.csv in 3 parts" in told.err
    assert "1 flagged outside" in told.err
    assert "tile_2_{band}.fits" in told.err
    best = max(good, key=lambda row: row["p_lens"])
    assert told.out.splitlines()[1].split()[0] == str(best["id"])


def test_the_same_command_again_does_nothing(place, capsys):
    """Finished is finished; and machines are told in JSON."""
    command = ("--catalog", "objects.csv", "-o", "out", "--json")
    assert predict(*command) == 0
    first = json.loads(capsys.readouterr().out)
    before = {file.name: file.stat().st_mtime_ns for file in (place / "out").iterdir()}
    assert predict(*command) == 0
    second = json.loads(capsys.readouterr().out)

    assert {file.name: file.stat().st_mtime_ns for file in (place / "out").iterdir()} == before
    assert first.pop("seconds") > second.pop("seconds")
    assert first == second
    assert first["rows"] == OBJECTS
    assert first["flags"] == {"outside": 1, "tile-unreadable": 1}


def test_windows_take_the_place_of_a_catalogue(place, capsys):
    """All over both tiles; those of the broken one are rows too."""
    assert predict("--slide", "30", "-o", "out", "--top", "2") == 0
    rows = rows_of("out")

    assert "32 rows of the windows in 1 parts" in capsys.readouterr().err
    assert [row["id"] for row in rows] == list(range(32))
    assert [row["flag"] for row in rows].count("tile-unreadable") == 16


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "--catalog, the positions"),
        (("--catalog", "objects.csv", "--slide"), 2, "one of --catalog"),
        (("--slide",), 2, "off_centre_px"),
        (("--slide", "46"), 2, "leave no gap with 1 to 45"),
        (("--slide", "20", "--ra", "x"), 2, "--ra is a column of --catalog"),
        (("--catalog", "nothing.csv"), 7, "nothing.csv"),
        (("--catalog", "objects.csv", "--size", "50"), 2, "--size says"),
        (("--catalog", "objects.csv", "--survey", "sdss"), 3, "sdss-frame"),
    ],
)
def test_what_makes_no_sense_is_an_error(place, capsys, words, code, told):
    """Before anything is written."""
    assert predict(*words, "-o", "out") == code
    assert told in capsys.readouterr().err
    assert not (place / "out").exists()


@pytest.mark.parametrize("words", [("--slide", "0"), ("--slide", "-3"), ("--slide", "inf")])
def test_a_stride_is_a_number_of_pixels(place, capsys, words):
    """As argparse tells it."""
    with pytest.raises(SystemExit) as ended:
        predict(*words, "-o", "out")
    assert ended.value.code == 2
    assert "must be above 0" in capsys.readouterr().err


def test_files_beside_tiles_are_refused(place, capsys):
    """One of the two is meant."""
    words = ["predict", "resnet-lens", "picture.fits", "--catalog", "objects.csv"]
    assert main([*words, "--tiles", "tile_1_g.fits", "-o", "out"]) == 2
    assert "picture.fits is given too" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--slide", "--resume"])
def test_what_is_for_tiles_needs_tiles(place, capsys, option):
    """It would have no effect on files."""
    assert main(["predict", "resnet-lens", ".", "-o", "out.csv", option]) == 2
    assert f"{option} is for --tiles" in capsys.readouterr().err
