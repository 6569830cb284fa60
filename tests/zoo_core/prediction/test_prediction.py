"""From files to a table: nothing is lost, everything wrong is flagged, nothing else changes."""

import numpy as np
import pytest
import torch
from astropy.io import fits
from toys import SIZE, trained_toy

from zoo_core.errors import InputError
from zoo_core.prediction import PredictionInterrupted, predict_inputs


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return trained_toy(tmp_path_factory.mktemp("zoo"))[0].load("toy")


@pytest.fixture(scope="module")
def images(model):
    return torch.cat([c.arrays["image"] for c in _spots().stream(700, seed=9)]).numpy()


def _spots():
    from toys import Spots

    return Spots()


def _write(path, image):
    fits.PrimaryHDU(image).writeto(path)


def test_files_and_arrays_give_the_same_numbers(model, images, tmp_path):
    """The way in does not change what comes out."""
    for index in range(20):
        _write(tmp_path / f"{index:02d}.fits", images[index, 0])
    from_files = model.predict(tmp_path)
    from_array = model.predict(images[:20])

    assert np.array_equal(from_files["p_spot"], from_array["p_spot"])
    assert list(from_files["id"]) == [f"{i:02d}" for i in range(20)]


def test_the_order_of_the_rows_is_that_of_the_inputs(model, images):
    """More rows than a block holds come out in order, each as if it were alone."""
    table = model.predict(images)
    few = model.predict(images[[3, 300, 650]])

    assert list(table["id"]) == [str(i) for i in range(700)]
    np.testing.assert_allclose(table["p_spot"][[3, 300, 650]], few["p_spot"], atol=1e-5)


def test_probabilities_of_the_classes_add_to_one(model, images):
    """One column a class."""
    table = model.predict(images[:50])

    np.testing.assert_allclose(table["p_empty"] + table["p_spot"], 1.0, atol=1e-6)


def test_a_bad_row_is_flagged_and_changes_no_other(model, images, tmp_path):
    """Good rows between bad ones are what they are without them."""
    good = [images[i, 0] for i in range(6)]
    files = {
        "1-good": good[0],
        "2-nan": np.full((SIZE, SIZE), np.nan),
        "3-good": good[1],
        "4-constant": np.zeros((SIZE, SIZE)),
        "5-small": good[2][:5],
        "6-good": good[3],
        "7-partly": np.where(np.eye(SIZE) > 0, np.nan, good[4]),
    }
    for name, image in files.items():
        _write(tmp_path / f"{name}.fits", image.astype("f4"))
    (tmp_path / "8-text.fits").write_text("this is no FITS file")
    (tmp_path / "9-empty.fits").write_bytes(b"")
    table = model.predict(tmp_path)
    rows = {row["id"]: row for row in table.rows()}
    alone = model.predict(np.stack([good[0], good[1], good[3]])[:, None])

    assert len(table) == 9
    assert [rows[n]["flag"] for n in ("1-good", "3-good", "6-good")] == ["", "", ""]
    assert [rows[n]["p_spot"] for n in ("1-good", "3-good", "6-good")] == pytest.approx(
        list(alone["p_spot"]), abs=1e-6
    )
    for name in ("2-nan", "4-constant", "5-small", "8-text", "9-empty"):
        assert np.isnan(rows[name]["p_spot"]), name
        assert rows[name]["flag"], name
        assert rows[name]["reason"], name
    assert rows["7-partly"]["flag"] == "nan-filled"
    assert 0.0 <= rows["7-partly"]["p_spot"] <= 1.0


def test_nothing_but_bad_rows_is_still_a_table(model, tmp_path):
    """A block without any usable row does not stop the run."""
    for index in range(3):
        _write(tmp_path / f"{index}.fits", np.full((SIZE, SIZE), np.nan))
    table = model.predict(tmp_path)

    assert [str(f) for f in table["flag"]] == ["all-nan"] * 3
    assert np.isnan(table["p_spot"]).all()


def test_the_table_says_which_model_made_it(model, images):
    """Name, version and hash of the weights stand in the metadata."""
    meta = model.predict(images[:2]).meta

    assert meta["model"] == "toy"
    assert meta["model_version"] == "1.0.0"
    assert meta["weights_sha256"] == model.card.weights.ref.sha256
    assert meta["precision"]
    assert meta["device"]


def test_interruption_keeps_the_rows_that_were_done(model, images):
    """Ctrl-C carries a table of whole rows out of the loop."""

    def interrupt(done, total):
        if done >= 256:
            raise KeyboardInterrupt

    with pytest.raises(PredictionInterrupted) as caught:
        predict_inputs(model, model.open(images), engine=model.engine(), progress=interrupt)

    whole = model.predict(images)
    done = len(caught.value.table)
    assert 256 <= done < 700
    np.testing.assert_array_equal(caught.value.table["p_spot"], whole["p_spot"][:done])


def test_an_error_in_the_reading_thread_reaches_the_caller(model, images, monkeypatch):
    """What is no fault of the data is raised, not swallowed."""
    monkeypatch.setattr(type(model), "prepare", lambda self, arrays: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        model.predict(images[:3])


def test_an_array_of_the_wrong_rank_is_refused(model):
    """The message shows both shapes."""
    with pytest.raises(InputError, match=r"shape \(9,\)"):
        model.predict(np.zeros(9))


def test_rows_of_an_array_are_checked_like_files(model, images):
    """NaN in memory is flagged as NaN in a file is."""
    block = images[:2].copy()
    block[1] = np.nan

    assert ["", "all-nan"] == [str(flag) for flag in model.predict(block)["flag"]]
