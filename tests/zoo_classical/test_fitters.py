"""Support vector machines and random forests by the command, and what they refuse."""

import json

import numpy as np
import pytest
from zoo_classical.architectures import SVM

from zoo_core import Zoo
from zoo_core.cards import read_card
from zoo_core.cli import main
from zoo_core.registry import Registry
from zoo_core.testing import check_model_folder

GRIDS = {"svm": '{"C": [1, 10], "gamma": 0.001}', "random-forest": '{"n_estimators": 20}'}


def pictures(path, count=60):
    """Wide and narrow blobs in noise, 20 x 20, one with a missing pixel."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :20] - 9.5
    index = np.arange(count) % 2
    wide = np.where(index, 1.5, 4.0)[:, None, None]
    images = 1e-9 * (10 * np.exp(-0.5 * (y**2 + x**2) / wide**2) + rng.normal(size=(20, 20)))
    images = images + 1e-10 * rng.normal(size=images.shape)
    images[5, 2, 2] = np.nan
    np.savez(path, x=images.astype("f4"), label=np.array(["wide", "narrow"])[index])
    return path


def series(path, count=60):
    """Flat and waving series of 50 values."""
    rng = np.random.default_rng(0)
    index = np.arange(count) % 2
    wave = np.sin(np.linspace(0, 9, 50))
    values = index[:, None] * wave + 0.3 * rng.normal(size=(count, 50))
    np.savez(path, x=values.astype("f4"), label=index)
    return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with an empty registry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    return tmp_path


@pytest.mark.parametrize("method", ["svm", "random-forest"])
def test_from_pictures_to_predictions(place, method, capsys):
    """Fitted to tiny fluxes, conforming, evaluated to the card's digits, used."""
    data = str(pictures(place / "p.npz"))
    settings = ["--set", f"grid={GRIDS[method]}", "--set", "folds=3", "--set", "balanced=true"]

    assert main(["finetune", method, data, "--name", "mine", *settings, "--json"]) == 0
    told = {m["name"]: m["value"] for m in json.loads(capsys.readouterr().out)["metrics"]}
    assert told["accuracy"] == 1.0
    assert told["log_loss"] < 0.3
    card = read_card(place / "registry" / "mine")
    assert card.architecture.name == method
    assert card.architecture.arguments["features"] == ["hog"]
    zoo = Zoo(Zoo.discover().plugins.plugins, [Registry("user", place / "registry")])
    check_model_folder(place / "registry" / "mine", zoo=zoo)
    evaluate = ["evaluate", "mine", data, "--label", "label", "--part", "test", "--json"]
    assert main(evaluate) == 0
    again = {m["name"]: m["value"] for m in json.loads(capsys.readouterr().out)["metrics"]}
    assert again == pytest.approx(told, abs=1e-6)
    np.savez(place / "new.npz", image=np.load(data)["x"][:4])
    assert main(["predict", "mine", str(place / "new.npz"), "-o", str(place / "t.csv")]) == 0


def test_statistics_of_series_by_default(place):
    """And not HOG, which is of images."""
    data = str(series(place / "s.npz"))
    grid = f"grid={GRIDS['random-forest']}"

    assert main(["finetune", "random-forest", data, "--name", "mine", "--set", grid]) == 0
    card = read_card(place / "registry" / "mine")
    assert card.inputs[0].kind == "series"
    assert card.architecture.arguments["features"] == ["statistics"]
    accuracy = {m.metric.name: m.metric.value for m in card.metrics}["accuracy"]
    assert accuracy == 1.0


def test_beside_a_network(place, capsys):
    """``zoo info`` shows both, with the command that fits the baseline again."""
    data = str(pictures(place / "p.npz"))
    against = f"svm grid='{GRIDS['svm']}' features=hog,morphology"
    command = ["finetune", "mlp", data, "--name", "mine", "--epochs", "1", "--against", against]

    assert main(command) == 0
    assert main(["info", "mine"]) == 0
    told = capsys.readouterr().out
    assert "Beside others (test data: " in told
    assert "features=hog,morphology" in told.split("zoo finetune svm")[1]


def test_a_fitted_machine_cannot_be_fine_tuned(place, capsys):
    """The error has the command for the new data, with what the old one was told."""
    data = str(pictures(place / "p.npz"))
    settings = ["--set", f"grid={GRIDS['svm']}", "--set", "features=hog,gabor"]
    assert main(["finetune", "svm", data, "--name", "mine", *settings]) == 0

    assert main(["finetune", "mine", data, "--name", "new", "--strategy", "full"]) == 2
    told = capsys.readouterr().err
    assert "mine is a svm: it was fitted" in told
    assert "zoo finetune svm DATA --name NAME --set features=hog,gabor --set kernel=rbf" in told


@pytest.mark.parametrize(
    ("make", "options", "code", "told"),
    [
        (pictures, ["features=hogg"], 3, "'hog'"),
        (pictures, ["features=3"], 2, "features are names with commas between them"),
        (pictures, ["features=statistics"], 2, "'statistics' is one of series"),
        (series, ["features=hog"], 2, "'hog' is one of images"),
        (pictures, ["kernel=cubic"], 2, "kernels linear, rbf, not 'cubic'"),
        (pictures, ["kernel=3"], 2, "kernel is a text, not 3"),
        (pictures, ["grid=3"], 2, "grid is an object of settings"),
        (pictures, ['grid={"C": []}'], 2, "no value for C"),
        (pictures, ['grid={"C": [-1]}'], 2, "SVC cannot be fitted with"),
        (pictures, ['grid={"kernel": ["linear"]}'], 2, "kernel is a setting of its own"),
        (pictures, ["folds=1"], 2, "folds is a whole number, 2 or more, not 1"),
        (pictures, ["folds=many"], 2, "folds is a whole number"),
        (pictures, ["folds=40"], 7, "40 folds need 40 objects of each class"),
        (pictures, ["balanced=yes"], 2, "balanced is true or false, not 'yes'"),
        (pictures, ["kernal=linear"], 2, "no setting 'kernal'; it has features, kernel"),
        (pictures, ["kernel"], 2, "KEY=VALUE"),
    ],
)
def test_what_cannot_be_fitted(place, capsys, make, options, code, told):
    """One sentence; nothing is written."""
    data = str(make(place / "d.npz"))
    settings = [word for option in options for word in ("--set", option)]

    assert main(["finetune", "svm", data, "--name", "mine", *settings]) == code
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (place / "registry").exists()
    assert not (place / "runs" / "mine").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x, y: (x[:3], y[:3]), "fewer than two examples"),
        (lambda x, y: (x, np.full(len(y), "wide")), "are of one class, 'wide'"),
        (lambda x, y: (np.full_like(x, np.nan), y), "cannot be read"),
        (lambda x, y: (x[:12], y[:12]), "5 folds need 5 objects of each class at least"),
    ],
)
def test_data_that_cannot_be_fitted_to(place, capsys, change, told):
    """As for every fine-tuning, and too few of a class for the folds."""
    with np.load(pictures(place / "d.npz")) as arrays:
        x, label = change(arrays["x"], arrays["label"])
    np.savez(place / "d.npz", x=x, label=label)

    assert main(["finetune", "random-forest", "d.npz", "--name", "mine"]) == 7
    assert told in capsys.readouterr().err


def test_the_extra_is_named_where_it_is_missing(place, capsys, monkeypatch):
    """With the command that installs it."""

    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="skimage")

    monkeypatch.setattr("zoo_classical._extra.import_module", missing)
    data = str(pictures(place / "p.npz"))

    assert main(["finetune", "svm", data, "--name", "mine"]) == 2
    assert "pip install 'astrozoo[classical]'" in capsys.readouterr().err
    assert not (place / "registry").exists()


def test_the_default_arguments_are_those_of_the_manifest():
    """Both architectures announce how they are fitted."""
    plugins = Zoo.discover().plugins

    assert plugins.resolve("architectures", "svm") is SVM
    assert [c.name for c in plugins.contributions("architectures") if c.fit] == [
        "random-forest",
        "svm",
    ]
