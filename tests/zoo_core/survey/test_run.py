"""A run over a catalogue: each object once, in order, whatever happens on the way."""

import multiprocessing
import os
import shutil
import signal
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from survey_runs import PART_ROWS, go, load, make_survey

from zoo_core import UsageError
from zoo_core.survey import InProcess, open_parts


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture
def survey(made, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(made, tmp_path / "survey")


@pytest.fixture(scope="module")
def whole(made):
    """The table of an undisturbed run."""
    go(made, out="whole")
    return joined(made / "whole")


def joined(folder):
    tables = list(open_parts(folder))
    found = {
        name: np.concatenate([table[name] for table in tables]) for name in tables[0].names
    }
    # Each copy of the survey lies elsewhere, and reasons name files.
    found["tile"] = np.array([name.rpartition("/")[2] for name in found["tile"]])
    found["reason"] = np.array([text[:40] for text in found["reason"]])
    return found


def same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_predictions_are_those_of_cutouts_made_by_astropy(made, whole):
    """Objects far from the edges, cut around their nearest pixel and given to the model."""
    model, tried = load(made), 0
    for number in range(2):
        name = f"t{number}.fits"
        with fits.open(made / name) as opened:
            pixels, wcs = opened[0].data.astype(np.float32), WCS(opened[0].header)
        rows = np.flatnonzero(np.char.find(whole["tile"], f"t{number}") >= 0)
        rows = rows[whole["flag"][rows] == ""]
        assert len(rows) > 20
        places = SkyCoord(whole["ra"][rows], whole["dec"][rows], unit="deg")
        cutouts = np.stack([Cutout2D(pixels, place, 9, wcs=wcs).data for place in places])
        expected = model.predict(cutouts[:, None])["p_spot"]
        np.testing.assert_allclose(whole["p_spot"][rows], expected, atol=2e-3)
        tried += len(rows)
    assert tried == (whole["flag"] == "").sum()


def test_every_object_has_its_row_in_order(made, whole):
    """Those outside, without a position or at an edge too, each with a reason."""
    catalog = pq.read_table(made / "objects.parquet").to_pydict()
    np.testing.assert_array_equal(whole["id"], catalog["id"])
    placed = np.arange(len(whole["id"])) != 17
    np.testing.assert_array_equal(whole["dec"][placed], np.array(catalog["dec"])[placed])
    assert whole["flag"][17] == "bad-position"
    assert all("same id" in whole["reason"][row] for row in (3, 5))
    outside = whole["flag"] == "outside"
    assert 0 < outside.sum() < len(catalog["id"])
    assert (whole["tile"][outside] == "").all()
    np.testing.assert_array_equal(
        np.isnan(whole["p_spot"]), outside | (whole["flag"] == "bad-position")
    )
    assert all(reason != "" for reason in whole["reason"][whole["flag"] != ""])


def test_parts_do_not_change_the_numbers(survey, whole):
    """A part is a matter of writing: other sizes give the same table."""
    go(survey, out="other", part_rows=7)
    other = joined(survey / "other")
    np.testing.assert_allclose(other["p_spot"], whole["p_spot"], atol=1e-5)
    np.testing.assert_array_equal(other["tile"], whole["tile"])


def test_finished_is_left_alone(survey, whole):
    """The same command again looks at no pixel and changes nothing."""
    go(survey)
    before = {path.name: path.stat().st_mtime_ns for path in (survey / "out").iterdir()}
    summary = go(survey, resumes=True)
    assert summary.rows_done == 400
    after = {path.name: path.stat().st_mtime_ns for path in (survey / "out").iterdir()}
    assert {name: after[name] for name in before if name.startswith("part")} == {
        name: stamp for name, stamp in before.items() if name.startswith("part")
    }
    same(joined(survey / "out"), whole)


def _run(folder, resumes):
    torch.set_num_threads(1)
    go(folder, resumes=resumes)


def test_killed_at_fifty_moments_nothing_is_lost_or_doubled(survey, whole):
    """Whatever the moment, the run that goes on ends with the same table, byte for byte."""
    context = multiprocessing.get_context("fork")
    rng = np.random.default_rng(0)
    start = time.monotonic()
    go(survey, out="timed")
    longest = time.monotonic() - start
    kills = 0
    while kills < 50:
        child = context.Process(target=_run, args=(survey, (survey / "out").exists()))
        child.start()
        child.join(rng.uniform(0.01, longest))
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        kills += 1
        if child.exitcode == 0:
            same(joined(survey / "out"), whole)
            shutil.rmtree(survey / "out")
        else:
            assert child.exitcode == -signal.SIGKILL
    go(survey, resumes=(survey / "out").exists())
    same(joined(survey / "out"), whole)


def test_ctrl_c_keeps_the_parts_that_are_done(survey, whole):
    """And another run goes on behind them."""

    def stop(done, total):
        if done > 3 * PART_ROWS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(survey, progress=stop)
    assert 0 < len(open_parts(survey / "out")) < 10
    seen = []
    go(survey, resumes=True, progress=lambda done, _: seen.append(done))
    assert seen[0] > 3 * PART_ROWS - PART_ROWS
    assert seen[-1] == 400
    same(joined(survey / "out"), whole)


def test_an_engine_may_give_parts_in_any_order(survey, whole):
    """What is written does not depend on who came first."""

    class Backwards(InProcess):
        def run(self, make, parts, *, progress=None):
            yield from reversed(list(super().run(make, parts, progress=progress)))

    go(survey, engine=Backwards())
    same(joined(survey / "out"), whole)


def test_a_tile_that_breaks_on_the_way(survey, whole):
    """Its objects are rows with a reason; those of the other tile are what they were."""
    good = (survey / "t1.fits").read_bytes()

    def spoil(done, total):
        (survey / "t1.fits").write_bytes(good[:6000])

    (survey / "t1.fits").unlink()
    (survey / "t1.fits").write_bytes(good)
    go(survey, progress=spoil)
    spoilt = joined(survey / "out")
    assert "tile-unreadable" in set(spoilt["flag"])
    other = np.char.find(spoilt["tile"], "t1") < 0
    np.testing.assert_array_equal(spoilt["p_spot"][other], whole["p_spot"][other])
    assert len(spoilt["id"]) == 400


@pytest.mark.parametrize("ending", ["truncated", "garbage"])
def test_a_tile_that_cannot_be_read(survey, ending):
    """It is told at the start, its objects are flagged, the run goes through."""
    good = (survey / "t0.fits").read_bytes()
    (survey / "t0.fits").write_bytes(good[:9000] if ending == "truncated" else b"no fits")
    go(survey)
    table = joined(survey / "out")
    assert len(table["id"]) == 400
    assert np.isfinite(table["p_spot"]).sum() > 50


def test_no_objects_are_an_empty_table(survey):
    """With the columns of any other."""
    pq.write_table(pq.read_table(survey / "objects.parquet")[:0], survey / "none.parquet")
    summary = go(survey, catalog="none.parquet")
    assert summary.rows == 0
    assert "p_spot" in next(iter(open_parts(survey / "out"))).names


def test_another_run_is_not_gone_on_with(survey):
    """Other tiles under the same names are another run."""
    go(survey)
    with fits.open(survey / "t0.fits", mode="update") as opened:
        opened[0].header["CRVAL1"] += 0.001
    with pytest.raises(UsageError, match="tiles"):
        go(survey, resumes=True)
