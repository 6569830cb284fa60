"""Images for images: files with the header of their input, whatever is wrong with others."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from image_toys import trained_cleaner

from zoo_core.cli import main
from zoo_core.errors import OutputError, UsageError
from zoo_core.restored import find_destination, restore_inputs


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A zoo with a trained model."""
    folder = tmp_path_factory.mktemp("restored")
    return folder, trained_cleaner(folder)


@pytest.fixture
def here(place, tmp_path, monkeypatch):
    """A folder to work in, with the trained model as the zoo's only one."""
    monkeypatch.setattr("zoo_core._zoo.default_zoo", lambda: place[1])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_input(path, shape=(2, 16, 16), **keywords):
    """An image with a WCS and a keyword of its own, as a compressed or plain extension."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 10.0, 20.0
    wcs.wcs.crpix = 8.0, 8.0
    wcs.wcs.cdelt = -0.5 / 3600, 0.5 / 3600
    header = wcs.to_header()
    header["OBSERVER"] = "Vera"
    header.update(keywords)
    rng = np.random.default_rng(0)
    image = rng.normal(3.0, 2.0, shape).astype("f4")
    fits.writeto(path, image, header)
    return image


def test_one_image_keeps_its_header_and_its_sky(here, capsys):
    """With where it came from, and that it is an estimate."""
    image = write_input(here / "in.fits", OBSERVER="Vera", FILTER="g")

    assert main(["predict", "cleaner", "in.fits", "-o", "out.fits"]) == 0

    with fits.open(here / "out.fits", checksum=True) as hdus:
        header, data = hdus[0].header, hdus[0].data
    assert data.shape == image.shape
    assert data.dtype.kind == "f"
    assert header["OBSERVER"] == "Vera"
    assert header["ESTIMATE"] is True
    assert header["ZOOMODEL"] == "cleaner 1.0.0"
    assert header["BUNIT"] == "nJy"
    assert (header["BAND1"], header["BAND2"]) == ("toy-g", "toy-r")
    assert "FILTER" not in header
    assert "not an observation" in str(header["COMMENT"])
    before = WCS(fits.getheader(here / "in.fits"), naxis=2)
    after = WCS(header, naxis=2)
    assert after.pixel_to_world(3, 5).separation(before.pixel_to_world(3, 5)).arcsec < 1e-6
    assert "1 of 1 images written" in capsys.readouterr().err


def test_it_is_what_the_model_predicts(place, here):
    """The file holds what a table would, in the unit of the input."""
    image = write_input(here / "in.fits")
    main(["predict", "cleaner", "in.fits", "-o", "out.fits", "--precision", "float32"])

    model = place[1].load("cleaner", precision="float32")
    expected = model.predict(image[None])["clean"][0]

    np.testing.assert_allclose(fits.getdata(here / "out.fits"), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(40, 23), (7, 16)])
def test_other_sizes_are_done_in_windows(here, size):
    """Larger and smaller ones, without seams: the network sees three pixels, as the halo is."""
    write_input(here / "in.fits", (2, *size))
    write_input(here / "wide.fits", (2, 60, 60))

    assert main(["predict", "cleaner", "in.fits", "wide.fits", "-o", "out"]) == 0

    assert fits.getdata(here / "out" / "in.fits").shape == (2, *size)
    assert fits.getdata(here / "out" / "wide.fits").shape == (2, 60, 60)


def test_a_folder_has_a_file_each_and_a_table(here, capsys):
    """What cannot be used is a row with a reason; the others are written all the same."""
    write_input(here / "a.fits")
    write_input(here / "flat.fits", (16, 16))
    (here / "broken.fits").write_bytes(b"SIMPLE  = ")
    (here / "sub").mkdir()
    write_input(here / "sub" / "a.fits")
    files = ["a.fits", "flat.fits", "broken.fits", "sub/a.fits"]

    assert main(["predict", "cleaner", *files, "-o", "out", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["written"]) == (4, 2)
    assert sorted(p.name for p in (here / "out").iterdir()) == [
        "a-2.fits", "a.fits", "restored.ecsv",
    ]  # fmt: skip
    table = Table.read(here / "out" / "restored.ecsv")
    assert [bool(output) for output in table["output"]] == [True, False, False, True]
    assert table["flag"][1]
    assert table["flag"][2] == "unreadable"
    assert not list((here / "out").glob(".*"))


def test_a_table_of_images_is_parquet(here):
    """Where numbers are wanted and not files."""
    write_input(here / "a.fits")

    assert main(["predict", "cleaner", "a.fits", "-o", "out.parquet"]) == 0
    assert (here / "out.parquet").is_file()


def test_nothing_usable_is_said(here, capsys):
    """With the exit code of a prediction without any row."""
    (here / "broken.fits").write_bytes(b"no")

    assert main(["predict", "cleaner", "broken.fits", "-o", "out.fits"]) == 7
    assert not (here / "out.fits").exists()
    assert "0 of 1 images written" in capsys.readouterr().err


def test_missing_pixels_stay_missing(here):
    """NaN in all bands is NaN in the output."""
    write_input(here / "a.fits")
    with fits.open(here / "a.fits", mode="update") as hdus:
        hdus[0].data[:, 2:4, 5] = np.nan

    main(["predict", "cleaner", "a.fits", "-o", "out.fits"])

    missing = np.isnan(fits.getdata(here / "out.fits"))
    assert missing[:, 2:4, 5].all()
    assert missing.sum() == 4


def test_ctrl_c_keeps_what_was_written(place, here):
    """And the table of it."""
    from zoo_core.prediction import PredictionInterrupted

    for name in "abc":
        write_input(here / f"{name}.fits")
    model = place[1].load("cleaner")
    destination = find_destination(here / "out")

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(PredictionInterrupted) as caught:
        restore_inputs(
            model,
            model.open([here / f"{name}.fits" for name in "abc"]),
            destination,
            engine=model.engine(),
            progress=stop,
        )

    assert len(caught.value.table) == 2
    assert len(list((here / "out").glob("*.fits"))) == 2
    assert len(Table.read(here / "out" / "restored.ecsv")) == 2


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("out.csv", UsageError, "a table of text holds no images"),
        ("out.jpg", UsageError, "written as .fits, into a folder, or as a .parquet table"),
        ("none/out.fits", OutputError, "is no folder; make it first"),
        ("full", OutputError, "is not empty; --overwrite"),
        ("there.fits", OutputError, "is there already; --overwrite"),
    ],
)
def test_outputs_that_cannot_be_meant_are_refused(tmp_path, name, error, message):
    """Before any work."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("chapter one")
    (tmp_path / "there.fits").write_text("")

    with pytest.raises(error, match=message):
        find_destination(tmp_path / name)


def test_several_inputs_need_a_folder(here, capsys):
    """One file cannot hold them."""
    write_input(here / "a.fits")
    write_input(here / "b.fits")

    assert main(["predict", "cleaner", "a.fits", "b.fits", "-o", "out.fits"]) == 2
    assert "there are 2 inputs; name a folder" in capsys.readouterr().err
