"""From an architecture: trained from random weights, or fitted, and measured the same way."""

import json

import numpy as np
import pytest
import torch
from means_zoo import means_zoo, write_squares

from zoo_core.cards import read_card
from zoo_core.errors import InputError, PluginError, UnknownName, UsageError
from zoo_core.evaluation import evaluate_labelled
from zoo_core.finetuning import FinetuneOptions, Reporter, finetune, fit_model, read_split
from zoo_core.finetuning._against import parse_against
from zoo_core.testing import CheckFailed, check_model_folder, check_plugin


class Notes(Reporter):
    """Keeps what was said."""

    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


@pytest.fixture
def zoo(tmp_path):
    return means_zoo(tmp_path)


@pytest.fixture
def squares(tmp_path):
    return write_squares(tmp_path / "squares.npz")


def run(zoo, start, data, tmp_path, *, name="mine", reporter=None, resumes=False, **options):
    return finetune(
        zoo,
        start,
        data,
        name=name,
        run=tmp_path / "runs" / name,
        folder=tmp_path / "registry" / name,
        options=FinetuneOptions(label="y", **options),
        device="cpu",
        resumes=resumes,
        reporter=reporter,
    )


# Fitted


def test_a_fit_is_a_model_like_any_other(zoo, squares, tmp_path):
    """Conforming, without parent and curves; its metrics are printed again by evaluation."""
    result = run(zoo, "nearest-mean", squares, tmp_path, arguments={"shrink": 0.25})
    card = read_card(result.folder)
    again = evaluate_labelled(zoo.load("mine"), squares, label="y", part="test")

    check_model_folder(result.folder, zoo=zoo)
    assert card.parent is None
    assert card.summary == "nearest-mean fitted to tell apart 0, 1"
    assert card.limits[0].startswith("Fitted to 42 labelled objects")
    assert {m.name: m.value for m in again.metrics} == pytest.approx(
        {entry.metric.name: entry.metric.value for entry in card.metrics}, abs=1e-6
    )
    assert card.metrics[0].metric.value > 0.9
    assert not (result.folder / "history.csv").exists()
    told = json.loads((result.folder / "fit.json").read_text())
    assert (told["settings"], told["shrink"]) == ({"shrink": 0.25}, 0.25)
    # Nothing of a run is left: there is nothing to go on with.
    assert not (tmp_path / "runs" / "mine").exists()


def test_only_the_training_part_is_fitted_to(zoo, squares, tmp_path):
    """The means are those of its objects alone, in units of its mean and deviation."""
    result = run(zoo, "nearest-mean", squares, tmp_path)
    with np.load(squares) as arrays:
        x, y = arrays["x"], arrays["y"]
    parts = np.array(list(read_split(result.folder / "split.csv").values()))
    train = x[parts == "train"]
    pixels = ((train - train.mean()) / train.std()).reshape(len(train), -1)
    means = [pixels[y[parts == "train"] == k].mean(axis=0) for k in (0, 1)]
    weight = zoo.load("mine").network.head.weight.detach().numpy()[0]

    np.testing.assert_allclose(weight, means[1] - means[0], atol=5e-3)


def test_what_is_missing_reaches_a_fit_as_it_is(tmp_path, zoo):
    """Unless a stretch fills it."""
    path = write_squares(tmp_path / "a.npz")
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    x[:, 0, 0] = np.nan
    np.savez(path, x=x, y=y)
    run(zoo, "nearest-mean", path, tmp_path, name="gaps")
    run(zoo, "nearest-mean", path, tmp_path, name="filled", stretch="linear")
    raw = {"image": torch.from_numpy(x[:2, None])}

    assert zoo.load("gaps").prepare(raw)[0].isnan().sum() == 2
    assert zoo.load("filled").prepare(raw)[0].isfinite().all()
    assert len(zoo.load("gaps").predict(x[:2])) == 2


def test_a_fitted_model_cannot_be_a_parent(zoo, squares, tmp_path):
    """Whatever the strategy; the error has the command that fits one."""
    run(zoo, "nearest-mean", squares, tmp_path)
    for strategy in (None, "head", "full", "scratch"):
        with pytest.raises(
            UsageError, match=r"cannot be fine-tuned.*finetune nearest-mean DATA --name"
        ):
            run(zoo, "mine", squares, tmp_path, name="child", strategy=strategy)
    with pytest.raises(UsageError, match="cannot be fine-tuned"):
        zoo.load("mine").fit(squares, name="child", label="y", registry=tmp_path / "registry")
    assert not (tmp_path / "registry" / "child").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"arguments": {"shrinks": 0.1}}, "no setting 'shrinks'; it has shrink. Did you mean"),
        ({"arguments": {"shrink": 3}}, "from 0 to below 1, not 3"),
        ({"strategy": "full"}, "--strategy: nearest-mean is fitted .* --set KEY=VALUE: shrink"),
        ({"settings": {"epochs": 3}}, "--epochs: nearest-mean is fitted"),
        ({"stem": "sum"}, "--stem: nearest-mean is fitted"),
        ({"resumes": True}, "nothing to --resume"),
    ],
)
def test_what_means_nothing_to_a_fit(zoo, squares, tmp_path, options, told):
    """Is told before anything is written."""
    with pytest.raises(UsageError, match=told):
        run(zoo, "nearest-mean", squares, tmp_path, **options)
    assert not (tmp_path / "registry").exists()
    assert not (tmp_path / "runs" / "mine").exists()


def test_a_fit_that_gives_something_else_is_its_plugins_fault(tmp_path, squares):
    """And named as such; the conformance kit finds one that is not there."""
    with pytest.raises(PluginError, match="gave str, not a FittedNetwork"):
        run(means_zoo(tmp_path, fit="builtins:repr"), "nearest-mean", squares, tmp_path)
    broken = means_zoo(tmp_path, fit="nearest_mean:gone")
    with pytest.raises(PluginError, match=r"gone.*needed for the architecture 'nearest-mean'"):
        run(broken, "nearest-mean", squares, tmp_path)
    with pytest.raises(CheckFailed, match="means:targets_are_there: PluginError"):
        check_plugin("means", zoo=means_zoo(tmp_path, fit="nearest_mean:gone"))


# From random weights


def test_a_network_from_random_weights(zoo, squares, tmp_path):
    """Without a parent; its bands and outputs are those of the data."""
    plan = {"epochs": 12, "learning_rate": 0.01, "augment": "none"}
    result = run(zoo, "tiny", squares, tmp_path, settings=plan)
    card = read_card(result.folder)

    check_model_folder(result.folder, zoo=zoo)
    assert card.parent is None
    assert card.summary == "tiny trained to tell apart 0, 1"
    assert card.architecture.arguments == {"num_bands": 1, "num_outputs": 1}
    assert card.metrics[0].metric.value > 0.8
    assert (result.folder / "history.csv").is_file()


def test_the_size_of_the_data_is_given_to_networks_that_ask_for_it(zoo, tmp_path):
    """As they are, or as they are brought to; several classes and bands too."""
    rng = np.random.default_rng(0)
    y = np.arange(45) % 3
    x = rng.normal(size=(45, 2, 9, 12)).astype("f4") + y[:, None, None, None]
    np.savez(tmp_path / "a.npz", x=x, y=y)
    from zoo_core import Zoo

    real = Zoo(Zoo.discover().plugins.plugins, zoo.registries)
    plan = {"settings": {"epochs": 1}, "test": 0}
    run(real, "mlp", tmp_path / "a.npz", tmp_path, name="as-is", **plan)
    run(real, "mlp", tmp_path / "a.npz", tmp_path, name="small", resize=(8,), **plan)
    sizes = [
        read_card(tmp_path / "registry" / name).architecture.arguments
        for name in ("as-is", "small")
    ]

    assert sizes == [
        {"num_bands": 2, "num_outputs": 3, "input_size": [9, 12]},
        {"num_bands": 2, "num_outputs": 3, "input_size": [8, 8]},
    ]


@pytest.mark.parametrize(
    ("start", "options", "told"),
    [
        ("tiny", {"strategy": "head"}, "tiny is an architecture, without weights"),
        ("tiny", {"stem": "sum"}, "without a first layer that --stem"),
        ("tiny", {"arguments": {"num_outputs": 3}}, "num_outputs: that follows from the data"),
        ("tiny", {"arguments": {"depth": 3}}, "'depth'; it takes num_bands, num_outputs"),
        ("nine", {"resize": (20,)}, "nine cannot take inputs of 1x20x20.*--resize"),
    ],
)
def test_what_an_architecture_cannot_do(zoo, squares, tmp_path, start, options, told):
    """Is told before the training."""
    with pytest.raises(UsageError, match=told):
        run(zoo, start, squares, tmp_path, **options)
    assert not (tmp_path / "runs" / "mine").exists()


def test_names_of_models_and_architectures(zoo, squares, tmp_path):
    """A model comes first; a prefix says that the architecture is meant."""
    run(zoo, "nearest-mean", squares, tmp_path, name="nearest-mean")

    with pytest.raises(UsageError, match="finetune architecture:nearest-mean DATA"):
        run(zoo, "nearest-mean", squares, tmp_path, name="again")
    run(zoo, "architecture:nearest-mean", squares, tmp_path, name="again")
    assert read_card(tmp_path / "registry" / "again").parent is None
    with pytest.raises(UnknownName, match="Of architectures there are 'nearest-mean'"):
        run(zoo, "nearst-mean", squares, tmp_path, name="other")
    with pytest.raises(UnknownName, match="architecture"):
        run(zoo, "architecture:gone", squares, tmp_path, name="other")


def test_arguments_are_for_architectures(zoo, squares, tmp_path):
    """Layers of a trained model are as they are."""
    run(zoo, "tiny", squares, tmp_path, name="parent", settings={"epochs": 1})

    with pytest.raises(UsageError, match="--set width=3 is for architectures"):
        run(zoo, "parent", squares, tmp_path, arguments={"width": 3})


# Baselines


def test_a_baseline_stands_beside_the_model(zoo, squares, tmp_path):
    """On the same objects, with the numbers that the baseline has as a model of its own."""
    notes = Notes()
    result = run(
        zoo, "tiny", squares, tmp_path,
        settings={"epochs": 1}, seed=3, against=("nearest-mean shrink=0.5",), reporter=notes,
    )  # fmt: skip
    (other,) = read_card(result.folder).comparisons
    own = run(
        zoo, "nearest-mean", squares, tmp_path,
        name="alone", seed=3, positive="1", arguments={"shrink": 0.5},
    )  # fmt: skip
    wanted = {m.name: m for m in own.evaluation.metrics if "threshold" not in m.name}

    check_model_folder(result.folder, zoo=zoo)
    assert {m.name: m for m in other.metrics} == wanted
    assert other.data == result.evaluation.data == own.evaluation.data.replace("alone", "mine")
    assert other.name == "nearest-mean"
    assert other.summary.startswith("nearest-mean (shrink=0.5), fitted to the same 42 objects")
    assert "against nearest-mean: means of 42 objects" in notes.told
    words = other.command.split()
    assert words[:4] == ["zoo", "finetune", "nearest-mean", str(squares)]
    pairs = dict(zip(words[4::2], words[5::2], strict=True))
    assert pairs == {
        "--name": "mine-nearest-mean", "--label": "y", "--positive": "1", "--bands": "grey",
        "--validation": "0.15", "--test": "0.15", "--seed": "3", "--set": "shrink=0.5",
    }  # fmt: skip
    # It lies with the run, not with the models.
    assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == ["alone", "mine"]
    against = tmp_path / "runs" / "mine" / "against" / "mine-nearest-mean"
    check_model_folder(against, zoo=zoo)


def test_several_baselines_have_names_of_their_own(zoo):
    """Lists, settings, and the plugin before a name."""
    found = parse_against(zoo, ["nearest-mean, nearest-mean", "means/nearest-mean shrink=0.9"])

    assert [(one.label, one.architecture, one.settings) for one in found] == [
        ("nearest-mean", "nearest-mean", {}),
        ("nearest-mean-2", "nearest-mean", {}),
        ("nearest-mean-3", "means/nearest-mean", {"shrink": 0.9}),
    ]


def test_a_baseline_is_stretched_where_the_model_is(zoo, squares, tmp_path):
    """So that it is not beaten for want of it; and its command says so."""
    result = run(
        zoo, "tiny", squares, tmp_path,
        stretch="asinh", settings={"epochs": 1}, against=("nearest-mean",),
    )  # fmt: skip

    assert "--stretch asinh" in read_card(result.folder).comparisons[0].command


@pytest.mark.parametrize(
    ("against", "options", "told"),
    [
        ("tiny", {}, "tiny is trained and not fitted. .*: nearest-mean"),
        ("shrink=0.5", {}, "is written NAME"),
        ("'nearest-mean", {}, "is written NAME"),
        ("nearest-mean shrinks=1", {}, "no setting 'shrinks'"),
        ("nearest-mean", {"test": 0}, "compares on the test part, and there is none"),
    ],
)
def test_baselines_that_cannot_be_fitted(zoo, squares, tmp_path, against, options, told):
    """Told before the training."""
    with pytest.raises(UsageError, match=told):
        run(zoo, "tiny", squares, tmp_path, against=(against,), **options)
    with pytest.raises(UnknownName, match="architecture"):
        run(zoo, "tiny", squares, tmp_path, against=("gone",))
    assert not (tmp_path / "runs" / "mine").exists()


# The verb in Python


def test_fit_in_python_gives_the_model(zoo, squares, tmp_path):
    """Loaded, from the folder that was written."""
    model = fit_model(
        zoo, "nearest-mean", squares,
        name="mine", registry=tmp_path / "registry", run=tmp_path / "run",
        label="y", arguments={"shrink": 0.1}, against="nearest-mean",
    )  # fmt: skip

    assert model.card.architecture.name == "nearest-mean"
    assert [other.name for other in model.card.comparisons] == ["nearest-mean"]
    with pytest.raises(UsageError, match="overwrite"):
        fit_model(zoo, "nearest-mean", squares, name="mine", registry=tmp_path / "registry")


def test_one_class_is_refused(zoo, tmp_path):
    """And three examples, as for every fine-tuning."""
    x = np.random.default_rng(0).normal(size=(9, 9, 9)).astype("f4")
    np.savez(tmp_path / "one.npz", x=x, y=np.zeros(9, int))
    np.savez(tmp_path / "three.npz", x=x[:3], y=np.arange(3) % 2)

    with pytest.raises(InputError, match="are of one class, '0'"):
        run(zoo, "nearest-mean", tmp_path / "one.npz", tmp_path)
    with pytest.raises(InputError, match=r"fewer than two examples: '1' \(1\)"):
        run(zoo, "nearest-mean", tmp_path / "three.npz", tmp_path)
