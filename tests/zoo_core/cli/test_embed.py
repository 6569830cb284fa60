"""``zoo embed``, ``zoo similar`` and ``--sheet`` as a user types them."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from mosaics import noise, sky, write
from PIL import Image
from toys import trained_toy

from zoo_core import load
from zoo_core.cli import main
from zoo_core.plots import make_pictures
from zoo_core.tables import read_table

SIZE = 9


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    return trained_toy(folder, architectures="subjects:GoodNet")[0]


@pytest.fixture(scope="module")
def headless_zoo(tmp_path_factory):
    """A model whose network does not tell its head."""
    return trained_toy(tmp_path_factory.mktemp("zoo"))[0]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, zoo):
    """Where each test works, with the toy zoo and ten cutouts, some of them bright."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo_core._zoo.default_zoo", lambda: zoo)
    (tmp_path / "cutouts").mkdir()
    for number, image in enumerate(images()):
        fits.writeto(tmp_path / "cutouts" / f"c{number}.fits", image)
    return tmp_path


def images(count=10):
    rng = np.random.default_rng(0)
    made = rng.normal(size=(count, SIZE, SIZE)).astype("f4")
    made[:, 3:6, 3:6] += np.linspace(0, 4, count)[rng.permutation(count)][:, None, None]
    return made


def pictures_on(path, side=144, columns=None):
    """The pictures of a sheet ``(n, 9, 9)``, top left first, as they were before enlarging."""
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB"))
    found = []
    for y in range(30, sheet.shape[0] - side, side + 2 * 15 + 12):
        for x in range(12, sheet.shape[1] - side, side + 12):
            block = sheet[y : y + side, x : x + side]
            if (block != 255).any():
                found.append(block[8::16, 8::16][::-1])
    return found


def test_files_become_vectors(place, capsys):
    """In the order of the files, those of the model in Python."""
    assert main(["embed", "toy", "cutouts", "-o", "f.parquet", "--device", "cpu"]) == 0
    table = read_table("f.parquet")

    assert table["id"].tolist() == [f"c{number}" for number in range(10)]
    expected = load("toy", device="cpu").embed(images()[:, None])["features"]
    np.testing.assert_allclose(table["features"], expected, rtol=1e-5, atol=1e-6)
    printed = capsys.readouterr()
    assert "... (4)" in printed.out
    assert "10 rows" in printed.err


def test_machines_get_json(capsys):
    """As of ``predict``."""
    assert main(["embed", "toy", "cutouts", "-o", "f.fits", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert (told["rows"], told["predicted"], told["precision"]) == (10, 10, "float32")


def test_nothing_usable_is_exit_code_7(place):
    """And the table is written all the same."""
    fits.writeto(place / "bad.fits", np.full((SIZE, SIZE), np.nan))

    assert main(["embed", "toy", "bad.fits", "-o", "f.parquet"]) == 7
    assert read_table("f.parquet")["flag"].tolist() == ["all-nan"]


def test_a_network_without_features_is_told(headless_zoo, monkeypatch, capsys):
    """Before anything is read; nothing is written."""
    monkeypatch.setattr("zoo_core._zoo.default_zoo", lambda: headless_zoo)

    assert main(["embed", "toy", "cutouts", "-o", "f.parquet"]) == 2
    assert "TinyNet does not say what comes before its head" in capsys.readouterr().err
    with pytest.raises(OSError, match=r"f\.parquet"):
        open("f.parquet")  # noqa: PTH123, SIM115


def test_neighbours_are_printed_and_written(place, capsys):
    """Those of brute force; the table holds what was known of each."""
    main(["embed", "toy", "cutouts", "-o", "f.parquet"])
    capsys.readouterr()
    command = "similar c3 c7 --in f.parquet -n 4 --metric euclidean -o near.ecsv"
    assert main(command.split()) == 0
    table, near = read_table("f.parquet"), read_table("near.ecsv")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["OBJECT", "RANK", "NEIGHBOUR", "DISTANCE", "FLAG"]
    for start, row in ((0, 3), (4, 7)):
        distance = np.linalg.norm(table["features"] - table["features"][row], axis=1)
        expected = table["id"][np.argsort(distance)[1:5]].tolist()
        assert near["id"][start : start + 4].tolist() == expected
        assert [line.split()[2] for line in lines[1 + start : 5 + start]] == expected
    assert near["query"].tolist() == ["c3"] * 4 + ["c7"] * 4
    assert near["rank"].tolist() == [1, 2, 3, 4] * 2
    assert near.meta["model"] == "toy"
    assert "features" not in near


def test_an_image_that_is_not_in_the_table(place, capsys):
    """Its nearest is its own copy."""
    main(["embed", "toy", "cutouts", "-o", "f.parquet"])
    fits.writeto(place / "new.fits", images()[6])
    capsys.readouterr()

    assert main(["similar", "--image", "new.fits", "--in", "f.parquet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (one,) = told["objects"]
    assert one["id"] == "new"
    assert one["neighbours"][0]["id"] == "c6"
    assert one["neighbours"][0]["distance"] < 1e-6
    assert len(one["neighbours"]) == 10


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("similar --in f.parquet", 2, "say which object"),
        ("similar c33 --in f.parquet", 3, "Did you mean 'c3'"),
        ("similar c3 --in p.parquet", 7, "no column features"),
        ("similar c3 --in none.parquet", 7, "does not exist"),
        ("similar c3 --in cutouts", 7, "no output of a survey run"),
        ("similar c3 --in f.parquet --sheet a.pdf", 8, ".png"),
        ("similar c3 --in f.parquet -n 2000 --sheet a.png", 2, "1 to 1000"),
        ("similar c3 --in f.parquet -o f.parquet", 8, "--overwrite"),
        ("predict toy cutouts -o q.csv --sheet a.png --top 0", 2, "1 to 1000"),
        ("predict toy cutouts -o q.csv --sheet a.txt", 8, ".png"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(arguments, code, message, capsys):
    """And no traceback."""
    main(["embed", "toy", "cutouts", "-o", "f.parquet"])
    main(["predict", "toy", "cutouts", "-o", "p.parquet"])
    capsys.readouterr()

    assert main(arguments.split()) == code
    assert message in capsys.readouterr().err


def test_a_sheet_shows_the_best_files_first(place, capsys):
    """The very pixels of the files, in the order of the ranking; a bad file is not there."""
    fits.writeto(place / "cutouts" / "bad.fits", np.full((SIZE, SIZE), np.nan))
    command = "predict toy cutouts -o p.csv --order input --sheet new/best.png --top 5"
    assert main(command.split()) == 0
    table = read_table("p.csv").sorted_by("p_spot")
    chosen = [int(name[1:]) for name in table["id"][:5]]
    shown = pictures_on(place / "new" / "best.png")

    expected = make_pictures([image[None] for image in images()[chosen]], ["toy-g"])
    assert len(shown) == 5
    for picture, wanted in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(picture, wanted)
    assert "5 pictures in new/best.png" in capsys.readouterr().err


def test_a_sheet_of_neighbours_reads_the_files_again(place, capsys):
    """The object first, then the neighbours; a file that is gone leaves its place empty."""
    main(["embed", "toy", "cutouts", "-o", "f.parquet"])
    command = ["similar", "c3", "--in", "f.parquet", "-n", "3", "-o", "near.csv"]
    command += ["--sheet", "s.png"]
    assert main(command) == 0
    names = ["c3", *read_table("near.csv")["id"]]
    cutouts = [images()[int(name[1:])][None] for name in names]
    for picture, wanted in zip(pictures_on("s.png"), make_pictures(cutouts), strict=True):
        np.testing.assert_array_equal(picture, wanted)

    (place / "cutouts" / f"{names[2]}.fits").unlink()
    assert main([*command, "--overwrite"]) == 0
    assert "1 of 4 pictures could not be read again" in capsys.readouterr().err
    shown = pictures_on("s.png")
    assert (shown[2] == 232).all()


# On tiles

RUN = ["--tiles", "t*.fits", "--catalog", "objects.csv", "--part-rows", "7"]


@pytest.fixture
def tiles(place):
    """Two tiles and twenty positions, one of them on neither."""
    for number, centre in enumerate(((150.0, 2.0), (150.0055, 2.0))):
        write(place / f"t{number}.fits", noise(seed=number), sky(centre=centre))
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(149.998, 150.0075, 20), rng.uniform(1.998, 2.002, 20)
    ra[4] = 10.0
    Table({"id": np.arange(20) + 70, "ra": ra, "dec": dec}).write(place / "objects.csv")
    return place


def test_a_catalogue_becomes_parts_of_vectors(tiles, capsys):
    """Gone on with, merged, and searched like a table of files."""
    assert main(["embed", "toy", *RUN, "-o", "out"]) == 0
    assert main(["embed", "toy", *RUN, "-o", "out", "--resume"]) == 0
    assert sorted(path.name for path in (tiles / "out").glob("*.parquet")) == [
        f"part-00000{number}.parquet" for number in range(3)
    ]
    assert main(["merge", "out", "-o", "whole.parquet"]) == 0
    table = read_table("whole.parquet")
    assert table["features"].shape == (20, 4)
    assert table["flag"][4] == "outside"
    assert np.isnan(table["features"][4]).all()

    capsys.readouterr()
    answers = []
    for source in ("out", "whole.parquet"):
        assert main(["similar", "75", "--in", source, "-n", "6", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)["objects"])
    assert answers[0] == answers[1]
    x = table["features"].astype(float)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    order = np.argsort(1 - x @ x[5], kind="stable")
    found = [row["id"] for row in answers[0][0]["neighbours"]]
    assert found == [70 + int(row) for row in order if row not in (4, 5)][:6]


def test_sheets_of_a_run_are_cut_again(tiles, capsys, monkeypatch):
    """Of predictions and of neighbours: the pixels of astropy's cutouts, in order."""
    from astropy.coordinates import SkyCoord
    from astropy.nddata import Cutout2D
    from astropy.wcs import WCS

    def cutouts(rows):
        made = []
        for row in rows:
            with fits.open(row["tile"]) as opened:
                place = SkyCoord(row["ra"], row["dec"], unit="deg")
                pixels, wcs = opened[0].data, WCS(opened[0].header)
                made.append(Cutout2D(pixels, place, SIZE, wcs=wcs).data[None])
        return make_pictures(made)

    command = ["predict", "toy", *RUN, "-o", "out", "--sheet", "best.png", "--top", "6"]
    assert main(command) == 0
    assert main(["merge", "out", "-o", "p.parquet"]) == 0
    best = read_table("p.parquet").sorted_by("p_spot").head(6)
    for picture, wanted in zip(pictures_on("best.png"), cutouts(best.rows()), strict=True):
        np.testing.assert_array_equal(picture, wanted)
    # A finished run is left alone, and drawn again.
    assert main([*command[:-1], "3", "--resume"]) == 0
    assert len(pictures_on("best.png")) == 3

    assert main(["embed", "toy", *RUN, "-o", "v"]) == 0
    main(["merge", "v", "-o", "v.parquet"])
    (tiles / "elsewhere").mkdir()
    monkeypatch.chdir(tiles / "elsewhere")
    near = "similar 75 --in ../v -n 4 --sheet s.png -o near.parquet"
    assert main(near.split()) == 0
    found = [*read_table("../v.parquet").take([5]).rows(), *read_table("near.parquet").rows()]
    monkeypatch.chdir(tiles)
    expected = cutouts(found)
    for picture, wanted in zip(pictures_on("elsewhere/s.png"), expected, strict=True):
        np.testing.assert_array_equal(picture, wanted)

    capsys.readouterr()
    merged = ["similar", "75", "--in", "v.parquet", "-n", "4", "--sheet", "m.png"]
    assert main(merged) == 7
    assert "--tiles and --survey" in capsys.readouterr().err
    assert main([*merged, "--tiles", "t*.fits"]) == 0
    for picture, wanted in zip(pictures_on("m.png"), expected, strict=True):
        np.testing.assert_array_equal(picture, wanted)


def test_a_sheet_does_not_lie_among_the_parts(tiles, capsys):
    """Readers of the folder would take it for one."""
    assert main(["predict", "toy", *RUN, "-o", "out", "--sheet", "out/best.png"]) == 2
    assert "lies among the parts" in capsys.readouterr().err
    assert not (tiles / "out").exists()
