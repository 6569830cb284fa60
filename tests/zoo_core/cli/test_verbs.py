"""Each verb as a user types it, on the model and the examples that travel with the zoo."""

import itertools
import json
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from zoo_core.cli import main
from zoo_core.devices import InferenceEngine
from zoo_core.models import Model
from zoo_core.plugins import ModelLoaded, PluginManager, PredictionEnded
from zoo_core.tables import read_table

ROOT = Path(__file__).parents[3]
CUTOUTS = ROOT / "examples" / "lsst-cutouts"


def _json(capsys, *arguments):
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_load_says_what_was_loaded(capsys):
    """Tensors, hash, parameters, device, outputs."""
    code, summary = _json(capsys, "load", "resnet-lens")

    assert code == 0
    assert summary["parameters"] == 3_508_545
    assert summary["outputs"] == ["p_non-lens", "p_lens"]
    assert len(summary["weights_sha256"]) == 64
    loaded, _, total = summary["tensors"].split()[:3]
    assert loaded == total


def test_load_does_not_promise_a_precision(capsys):
    """Half precision is a wish until the engine has compared outputs; float32 is sure."""
    assert main(["load", "resnet-lens", "--precision", "float16"]) == 0
    wish = "  precision wanted float16; float32 where that changes the outputs too much\n"
    assert wish in capsys.readouterr().out
    assert main(["load", "resnet-lens", "--precision", "float32"]) == 0
    assert "  precision wanted float32\n" in capsys.readouterr().out


def test_info_shows_metrics_limits_and_the_published_number(capsys):
    """What a reader must know before she uses it."""
    assert main(["info", "resnet-lens"]) == 0
    text = capsys.readouterr().out

    assert "Einstein radius > 1.4 arcsec, S/N > 20" in text
    assert "0.9 " in text
    assert "Trained on simulations only" in text


def test_list_filters_by_task_and_kind(capsys):
    """A task's name and its kind both select; another one selects nothing."""
    _, by_name = _json(capsys, "list", "--task", "lens-finding")
    _, by_kind = _json(capsys, "list", "--task", "binary-classification")
    _, none = _json(capsys, "list", "--task", "transits")

    assert "resnet-lens" in [model["name"] for model in by_name]
    assert {model["task"] for model in by_name} == {"lens-finding"}
    assert all(model in by_kind for model in by_name)
    assert {model["kind"] for model in by_kind} == {"binary-classification"}
    assert none == []


def test_architectures_are_listed_with_what_they_are(capsys):
    """The canonical ones and those of every plugin, one line each."""
    code, listed = _json(capsys, "list", "--architectures")
    names = {entry["name"] for entry in listed}

    assert code == 0
    assert {
        "perceptron", "lenet5", "alexnet", "vgg16", "googlenet", "inception_v3", "inception_v4",
        "resnet18", "lstm", "gru", "timm", "deeplens",
    } <= names  # fmt: skip
    assert all(20 < len(entry["summary"]) < 80 for entry in listed)
    assert main(["list", "--architectures"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[1:]] == [entry["name"] for entry in listed]


def test_verify_checks_the_shipped_model(capsys):
    """Hash, parameters and golden output."""
    code, checks = _json(capsys, "verify", "resnet-lens")

    assert code == 0
    assert {"weights file", "golden file", "parameters", "golden output"} <= {
        check["name"] for check in checks
    }


def test_cite_prints_bibtex(capsys):
    """Ready to be appended to a .bib file."""
    assert main(["cite", "resnet-lens"]) == 0
    assert "@article{2018MNRAS.473.3895L" in capsys.readouterr().out


def test_devices_lists_the_processor(capsys):
    """There is always one device."""
    code, devices = _json(capsys, "devices")

    assert code == 0
    assert "cpu" in [device["name"] for device in devices]


def test_evaluate_prints_metrics_and_draws_pictures(capsys, tmp_path):
    """On labelled files, with intervals."""
    code, result = _json(
        capsys, "evaluate", "resnet-lens", str(CUTOUTS), "--plots", str(tmp_path / "plots")
    )
    metrics = {metric["name"]: metric for metric in result["metrics"]}

    assert code == 0
    assert metrics["auroc"]["low"] <= metrics["auroc"]["value"] <= metrics["auroc"]["high"]
    assert metrics["auroc"]["n"] == 24
    assert all(Path(path).stat().st_size > 5000 for path in result["plots"])


def test_simulate_then_predict_then_evaluate(capsys, tmp_path):
    """The verbs fit together through files."""
    folder = tmp_path / "set"
    out = tmp_path / "out.parquet"

    assert main(["simulate", "lsst-lens", "-n", "8", "--seed", "3", "-o", str(folder)]) == 0
    assert main(["predict", "resnet-lens", str(folder), "-o", str(out)]) == 0
    assert len(read_table(out)) == 8
    capsys.readouterr()
    assert main(["simulate", "lsst-lens", "-n", "8", "--seed", "3", "-o", str(folder)]) == 8
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["predict", "resnet-lenz", str(CUTOUTS), "-o", "o.csv"], 3, "'resnet-lens'"),
        (["predict", "resnet-lens", "/nowhere", "-o", "o.csv"], 7, "does not exist"),
        (["predict", "resnet-lens", str(ROOT / "tests" / "docs"), "-o", "o.csv"], 7, "docs"),
        (["predict", "resnet-lens", str(CUTOUTS), "-o", "o.xyz"], 2, ".parquet"),
        (["predict", "resnet-lens", str(CUTOUTS), "-o", "no/such/o.csv"], 8, "no/such"),
        (["predict", "resnet-lens", str(CUTOUTS), "-o", "/proc/o.csv"], 8, "/proc"),
        (["predict", "resnet-lens", str(CUTOUTS), "-o", "o.csv", "--device", "tpu"], 9, "tpu"),
        (["simulate", "lsst-lenz", "-n", "1", "--seed", "1", "-o", "s"], 3, "'lsst-lens'"),
        (["train", "resnet-lenz", "-o", "t"], 3, "'resnet-lens'"),
        (["train", "gone.toml", "-o", "t"], 4, "there is no file gone.toml. Give the path"),
        (["evaluate", "resnet-lens", "simulator:nope", "-n", "5"], 3, "nope"),
        (
            ["evaluate", "resnet-lens", "simulator:lsst-lens", "-n", "5", "--fit", "crop"],
            2,
            "fit, accept_bands and truth are for files",
        ),
        (["evaluate", "resnet-lenz", str(CUTOUTS), "--plots", "/proc/p"], 8, "/proc/p"),
        (["evaluate", "resnet-lens", str(CUTOUTS), "-n", "5"], 2, "simulator:NAME"),
        (["evaluate", "resnet-lens", str(CUTOUTS), "--seed", "0"], 2, "simulator:NAME"),
        (["list", "--task", "lens-finding", "--simulators"], 2, "--simulators lists"),
        (["list", "--plugin", "strong-lenzing"], 3, "'strong-lensing'"),
        (["info", "./no-folder"], 4, "no model folder"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(
    arguments, code, message, capsys, tmp_path, monkeypatch
):
    """One line on standard error, nothing written, no traceback."""
    monkeypatch.chdir(tmp_path)

    assert main(arguments) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        *itertools.product(
            ["predict -o o.csv", "evaluate"],
            ["--batch-size=x", "--batch-size=0", "--threads=0"],
        ),
        ("predict -o o.csv", "--top=-3"),
        ("evaluate", "-n=0"),
        ("evaluate", "--seed=-1"),
    ],
)
def test_numbers_that_make_no_sense(verb, option, capsys):
    """Are refused with the rest of a wrong command line."""
    with pytest.raises(SystemExit) as caught:
        main([*verb.split(), "resnet-lens", "data", option])

    assert caught.value.code == 2
    assert option.partition("=")[0] in capsys.readouterr().err


def test_evaluate_reads_files_as_predict_does(capsys, tmp_path):
    """Larger images of another band, cut and accepted, measure what the originals do."""
    rng = np.random.default_rng(0)
    for path in CUTOUTS.glob("*.fits"):
        image = rng.normal(size=(51, 51)).astype("f4")
        image[3:48, 3:48] = fits.getdata(path)
        header = fits.Header({"FILTER": "r"})
        fits.PrimaryHDU(image, header).writeto(tmp_path / path.name)
    shutil.copy(CUTOUTS / "truth.ecsv", tmp_path)
    options = ["--fit", "crop", "--accept-band", "r", "--precision", "float32"]

    _, plain = _json(capsys, "evaluate", "resnet-lens", str(CUTOUTS), *options[-2:])
    _, cut = _json(capsys, "evaluate", "resnet-lens", str(tmp_path), *options)

    values = [[m["value"] for m in result["metrics"]] for result in (plain, cut)]
    assert values[0] == pytest.approx(values[1], abs=1e-4)
    assert cut["left_out"] == []


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_both_verbs_run_the_network_as_told_and_say_what_they_did(
    verb, capsys, tmp_path, monkeypatch
):
    """Batch size and compilation reach the engine; observers hear of the prediction."""
    asked, events = [], []
    engine = Model.engine

    def spy(self, *, compile=False, batch_size="auto"):
        asked.append((compile, batch_size))
        made = engine(self, batch_size=batch_size)
        made.note = "It runs uncompiled."
        return made

    monkeypatch.setattr(Model, "engine", spy)
    monkeypatch.setattr(PluginManager, "send", lambda self, event: events.append(event))
    output = ["-o", str(tmp_path / "o.csv")] if verb == "predict" else []

    arguments = ["resnet-lens", str(CUTOUTS), *output, "--compile", "--batch-size", "7"]
    assert main([verb, *arguments]) == 0

    assert set(asked) == {(True, 7)}
    assert "It runs uncompiled." in capsys.readouterr().err
    assert [type(event) for event in events] == [ModelLoaded, PredictionEnded]
    assert (events[1].model, events[1].rows, events[1].flagged) == ("resnet-lens", 24, 0)


def test_a_table_with_nothing_but_bad_rows_is_written_and_says_so(capsys, tmp_path):
    """The exit code tells a script that no row holds a prediction."""
    fits.PrimaryHDU(np.full((45, 45), np.nan, "f4")).writeto(tmp_path / "bad.fits")
    out = tmp_path / "out.csv"

    assert main(["predict", "resnet-lens", str(tmp_path / "bad.fits"), "-o", str(out)]) == 7
    assert list(read_table(out)["flag"]) == ["all-nan"]
    assert "1 flagged all-nan" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_interrupting_a_prediction_keeps_its_rows(suffix, tmp_path, monkeypatch, capsys):
    """Ctrl-C: exit code 130, and the rows that were done under a name that is free."""
    images = np.random.default_rng(0).normal(size=(40, 1, 45, 45)).astype("f4")
    np.savez(tmp_path / "many.npz", image=images)
    monkeypatch.setattr("zoo_core.prediction._reading._MOST_ROWS", 32)

    @contextmanager
    def impatient(label):
        def update(done, total):
            raise KeyboardInterrupt

        yield update

    monkeypatch.setattr("zoo_core.cli._predict.progress_bar", impatient)
    out = tmp_path / f"out.{suffix}"
    arguments = ["predict", "resnet-lens", str(tmp_path / "many.npz"), "-o", str(out)]
    (tmp_path / "partial-out.csv.meta.json").write_text("from another day")

    for name in ("partial", "partial-2") if suffix == "parquet" else ("partial-2", "partial-3"):
        assert main(arguments) == 130
        assert f"{name}-out.{suffix}" in capsys.readouterr().err
        table = read_table(tmp_path / f"{name}-out.{suffix}")
        assert len(table) == 32
        assert table.meta["device"] == "cpu"
        assert table.meta["precision"] in ("float32", "bfloat16")
    assert not out.exists()
    assert (tmp_path / "partial-out.csv.meta.json").read_text() == "from another day"


def test_interrupting_before_the_first_row_writes_nothing(tmp_path, monkeypatch, capsys):
    """An empty table would only be in the way."""

    def impatient(self, inputs):
        raise KeyboardInterrupt

    monkeypatch.setattr(InferenceEngine, "__call__", impatient)
    output = tmp_path / "out.csv"

    assert main(["predict", "resnet-lens", str(CUTOUTS), "-o", str(output)]) == 130
    assert "before any row" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_simulate_with_options_of_the_simulator(capsys, tmp_path):
    """No lenses, if that is asked for; a misspelt option is answered with those there are."""
    command = ["simulate", "lsst-lens", "-n", "8", "--seed", "3", "--format", "npz", "-o"]

    assert main([*command, str(tmp_path / "a"), "--option", "lens_fraction=0"]) == 0
    truth = read_table(tmp_path / "a" / "truth.ecsv")
    assert list(truth["lens"]) == [0] * 8

    assert main([*command, str(tmp_path / "b"), "--option", "lenses=0"]) == 2
    assert "it takes lens_fraction" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_info_says_what_computed_the_metrics(capsys):
    """Device, precision and versions, as the card has them."""
    assert main(["info", "resnet-lens"]) == 0
    shown = capsys.readouterr().out

    assert re.search(r"Computed on cpu in \w+, with astrozoo [\d.]+ and torch", shown)
