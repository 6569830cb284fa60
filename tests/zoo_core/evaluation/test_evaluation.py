"""Predictions against truth, from simulators and from files."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from toys import SIZE, Spots, trained_toy

from zoo_core.errors import InputError, UsageError
from zoo_core.simulation import write_data_set


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    return trained_toy(tmp_path_factory.mktemp("zoo"))[0]


@pytest.fixture
def model(zoo):
    return zoo.load("toy")


def _values(evaluation):
    return {(m.name, m.conditions): m.value for m in evaluation.metrics}


def test_files_and_simulator_give_the_same_metrics(model, tmp_path):
    """The same objects, written to files and read again, measure the same."""
    write_data_set(Spots(), tmp_path / "set", count=100, seed=8)
    from_files = model.evaluate(tmp_path / "set")
    simulated = model.evaluate(Spots(), count=100, seed=8)

    assert _values(from_files) == pytest.approx(_values(simulated), abs=1e-4)
    assert all(metric.n > 0 for metric in from_files.metrics)


def test_every_metric_has_an_interval_around_its_value(model):
    """Thresholds apart, 95 % limits stand on both sides."""
    for metric in model.evaluate(Spots(), count=300, seed=8).metrics:
        assert metric.low is not None, metric.name
        assert metric.low <= metric.value <= metric.high, metric.name


def test_objects_that_cannot_be_predicted_are_left_out_by_name(model, tmp_path):
    """A bad file counts in no metric and is listed with its reason."""
    write_data_set(Spots(), tmp_path / "set", count=60, seed=8)
    bad = tmp_path / "set" / "spots-8-0007.fits"
    fits.PrimaryHDU(np.full((SIZE, SIZE), np.nan, "f4")).writeto(bad, overwrite=True)
    evaluation = model.evaluate(tmp_path / "set")

    assert len(evaluation.left_out) == 1
    assert "spots-8-0007" in evaluation.left_out[0]
    assert len(evaluation.truth["spot"]) == 59


def test_truth_is_joined_by_id_and_not_by_position(model, tmp_path):
    """A truth table in another order gives the same metrics."""
    write_data_set(Spots(), tmp_path / "set", count=60, seed=8)
    before = model.evaluate(tmp_path / "set")
    path = tmp_path / "set" / "truth.ecsv"
    table = Table.read(path)
    table[::-1].write(tmp_path / "reversed.ecsv")
    after = model.evaluate(tmp_path / "set", truth=tmp_path / "reversed.ecsv")

    assert _values(before) == _values(after)


def test_missing_truth_is_an_error_that_says_what_to_do(model, tmp_path):
    """No table, no id column, no row for an object, no label column."""
    write_data_set(Spots(), tmp_path / "set", count=5, seed=8)
    truth = tmp_path / "set" / "truth.ecsv"
    table = Table.read(truth)
    truth.unlink()
    with pytest.raises(InputError, match="Name it with --truth"):
        model.evaluate(tmp_path / "set")
    for change, message in (
        (lambda t: t.remove_column("id"), "no column 'id'"),
        (lambda t: t.remove_row(2), "have no row in the truth table"),
        (lambda t: t.remove_column("spot"), "spot"),
    ):
        changed = table.copy()
        change(changed)
        changed.write(truth, overwrite=True)
        with pytest.raises(InputError, match=message):
            model.evaluate(tmp_path / "set")


def _refuse_to_predict(*arguments, **options):
    pytest.fail("predicted before the truth was looked at")


def test_truth_is_checked_before_the_prediction(model, tmp_path, monkeypatch):
    """An object without truth, and an id that stands twice, which is named."""
    monkeypatch.setattr(type(model), "predict_inputs", _refuse_to_predict)
    write_data_set(Spots(), tmp_path / "set", count=5, seed=8)
    truth = tmp_path / "set" / "truth.ecsv"
    table = Table.read(truth)
    table[[0, 1, 2, 3]].write(truth, overwrite=True)
    with pytest.raises(InputError, match=r"1 of 5 objects have no row .* spots-8-0004"):
        model.evaluate(tmp_path / "set")
    table[[0, 1, 2, 3, 4, 2]].write(truth, overwrite=True)
    with pytest.raises(InputError, match="1 ids stand in it more than once: spots-8-0002"):
        model.evaluate(tmp_path / "set")


def test_options_of_a_prediction_are_those_of_an_evaluation(model, tmp_path):
    """Larger images of another band in batches of seven measure what the originals do."""
    write_data_set(Spots(), tmp_path / "set", count=40, seed=8)
    plain = model.evaluate(tmp_path / "set")
    for path in (tmp_path / "set").glob("*.fits"):
        larger = np.pad(fits.getdata(path), 2, constant_values=9.0)
        header = fits.Header({"FILTER": "other"})
        fits.PrimaryHDU(larger, header).writeto(path, overwrite=True)
    cut = model.evaluate(
        tmp_path / "set", fit="crop", accept_bands=["other"], compile=False, batch_size=7
    )

    assert _values(cut) == pytest.approx(_values(plain), abs=1e-5)
    assert model.engine(batch_size=7).method
    with pytest.raises(InputError, match=r"none of the 40 objects .* FILTER = 'other'"):
        model.evaluate(tmp_path / "set", fit="crop")


@pytest.mark.parametrize(
    "options", [{"fit": "crop"}, {"accept_bands": ["r"]}, {"truth": "truth.csv"}]
)
def test_options_for_files_are_refused_with_a_simulator(model, options):
    """It draws what the model takes."""
    with pytest.raises(UsageError, match="are for files"):
        model.evaluate(Spots(), count=5, seed=8, **options)


def test_pictures_are_written(model, tmp_path):
    """Each figure of the task becomes a PNG file."""
    paths = model.evaluate(Spots(), count=200, seed=8).save_figures(tmp_path / "plots")

    assert {"roc", "reliability", "scores"} <= {path.stem for path in paths}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
