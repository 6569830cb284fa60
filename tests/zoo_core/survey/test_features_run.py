"""Features of a catalogue's objects and pictures of the best: a run like any other."""

import multiprocessing
import os
import shutil
import signal
import time

import numpy as np
import pytest
import torch
from survey_runs import PART_ROWS, go
from toys import toy_zoo, trained_toy

from zoo_core import UsageError
from zoo_core.cards import InputSpec
from zoo_core.sheets import first_rows, pixels_on_tiles
from zoo_core.survey import (
    PROFILES,
    Cutouts,
    cutouts_from,
    find_tiles,
    make_origin,
    open_catalog,
    open_parts,
    read_origin,
)


def load(folder):
    zoo = toy_zoo(folder / "zoo", architectures="subjects:GoodNet")
    return zoo.load("toy", device="cpu", precision="float32")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A survey whose model has a head that it tells from its features."""
    from survey_runs import make_survey

    folder = make_survey(tmp_path_factory.mktemp("survey"))
    shutil.rmtree(folder / "zoo")
    (folder / "zoo").mkdir()
    trained_toy(folder / "zoo", architectures="subjects:GoodNet")
    return folder


@pytest.fixture(scope="module")
def whole(made):
    """The folder of an undisturbed run."""
    embed(made, out="whole")
    return made / "whole"


def embed(folder, **given):
    return go(folder, model=load(folder).without_head(), **given)


def joined(folder):
    tables = list(open_parts(folder))
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0].names}


def digests(folder):
    return [(record.number, record.sha256) for record in open_parts(folder).records]


def test_rows_are_those_of_predictions_with_a_vector_each(made, whole):
    """The same objects, flags and reasons; the head on the vector gives the prediction."""
    model = load(made)
    go(made, out="predicted", model=model)
    predicted, found = joined(made / "predicted"), joined(whole)

    for name in ("id", "ra", "dec", "tile", "flag", "reason"):
        np.testing.assert_array_equal(found[name], predicted[name], err_msg=name)
    is_there = np.isfinite(found["features"]).all(axis=1)
    np.testing.assert_array_equal(is_there, np.isfinite(predicted["p_spot"]))
    assert 0 < is_there.sum() < len(is_there)
    assert np.isnan(found["features"][~is_there]).all()
    with torch.inference_mode():
        outputs = model.network.head(torch.from_numpy(found["features"][is_there]))
    decoded = model.task.decode(outputs)["p_spot"]
    np.testing.assert_allclose(decoded, predicted["p_spot"][is_there], atol=1e-5)


def test_a_folder_of_predictions_is_not_one_of_features(made, whole):
    """Though model, tiles and catalogue are the same."""
    with pytest.raises(UsageError, match="columns"):
        go(made, out="whole", model=load(made), resumes=True)


def _run(folder, resumes):
    torch.set_num_threads(1)
    embed(folder, resumes=resumes)


def test_killed_and_resumed_it_is_the_same_to_the_byte(made, whole, tmp_path):
    """Every part's file, whatever the moments of the kills."""
    # In place of a copy, for the parts name the tiles.
    out = made / "out"
    context = multiprocessing.get_context("fork")
    rng = np.random.default_rng(0)
    start = time.monotonic()
    embed(made, out="timed")
    longest = time.monotonic() - start
    kills = 0
    while kills < 8:
        child = context.Process(target=_run, args=(made, out.exists()))
        child.start()
        child.join(rng.uniform(0.2, 0.9) * longest)
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
            kills += 1
        child.join()
        if child.exitcode == 0:
            assert digests(out) == digests(whole)
            shutil.rmtree(out)
            kills += 1
    _run(made, out.exists())
    assert digests(out) == digests(whole)


def test_ctrl_c_keeps_the_parts_that_are_done(made, whole):
    """And the run that goes on ends with the same bytes."""

    def stop(done, total):
        if done > 3 * PART_ROWS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(made, out="stopped", progress=stop)
    assert 0 < len(open_parts(made / "stopped")) < 10
    embed(made, out="stopped", resumes=True)
    assert digests(made / "stopped") == digests(whole)


# Cutouts once more


def test_pixels_are_those_around_the_positions(made, whole):
    """In the order asked for, None off the tiles; they give the features of the run."""
    model = load(made)
    (spec,) = model.card.inputs
    tiles = find_tiles(str(made / "t*.fits"), ["g"], PROFILES["plain"])
    table = joined(whole)
    rows = np.random.default_rng(1).permutation(400)[:60]
    pixels = Cutouts(tiles, spec).pixels(table["ra"][rows], table["dec"][rows])

    there = [index for index, one in enumerate(pixels) if one is not None]
    is_there = np.isfinite(table["features"][rows]).all(axis=1)
    assert there == np.flatnonzero(is_there).tolist()
    assert 20 < len(there) < 60
    features = model.embed(np.stack([pixels[index] for index in there]))["features"]
    np.testing.assert_allclose(features, table["features"][rows[there]], rtol=1e-4, atol=1e-5)


def test_where_tiles_were_is_remembered(made, monkeypatch):
    """In the manifest, from the root of the file system; and it is no other run elsewhere."""
    monkeypatch.chdir(made)
    model = load(made)
    (spec,) = model.card.inputs
    origin = make_origin("user/toy", ["t*.fits"], survey="plain", bands=("g",))
    embed(made, out="told", origin=origin.to_json())
    found = read_origin(open_parts(made / "told").manifest.origin)
    assert found == origin
    assert found.tiles == (str(made / "t*.fits"),)

    summary = embed(made, out="told", resumes=True, origin={"tiles": ["elsewhere"]})
    assert summary.rows_done == 400
    monkeypatch.chdir("/")
    table = first_rows(open_parts(made / "told"), model.without_head().task, 5)
    pixels = pixels_on_tiles(table, cutouts_from(found, spec, model.zoo.plugins))
    assert [one.shape for one in pixels] == [(1, 9, 9)] * 5


def test_manifests_without_it_are_read(whole):
    """Those of runs from Python, and of earlier versions."""
    assert read_origin(open_parts(whole).manifest.origin) is None


def test_first_rows_are_the_best_of_all_parts(made):
    """By the ranking; of a task without one the first with a prediction."""
    model = load(made)
    go(made, out="ranked", model=model)
    table = joined(made / "ranked")
    best = first_rows(open_parts(made / "ranked"), model.task, 7)
    order = np.argsort(-np.nan_to_num(table["p_spot"], nan=-1), kind="stable")[:7]
    assert best["p_spot"].tolist() == table["p_spot"][order].tolist()
    assert best["ra"].tolist() == table["ra"][order].tolist()

    embed(made, out="vectors")
    first = first_rows(open_parts(made / "vectors"), model.without_head().task, 90)
    there = np.flatnonzero(np.isfinite(table["p_spot"]))[:90]
    assert first["ra"].tolist() == table["ra"][there].tolist()


def test_a_catalogue_of_nothing_usable_has_nothing_to_show(made, tmp_path):
    """No row is none."""
    from astropy.table import Table

    Table({"ra": [10.0], "dec": [10.0]}).write(made / "far.parquet", overwrite=True)
    model = load(made)
    go(made, out="far", model=model, catalog="far.parquet")

    assert open_catalog(made / "far.parquet").count == 1
    assert first_rows(open_parts(made / "far"), model.task, 7) is None
    assert isinstance(model.card.inputs[0], InputSpec)
