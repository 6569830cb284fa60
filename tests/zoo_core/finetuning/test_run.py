"""Fine-tuning from a name and labels to a model folder that is used like any other."""

import dataclasses
import json

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from zoo_core import Zoo
from zoo_core.cards import read_card
from zoo_core.cli import main
from zoo_core.errors import InputError, UsageError
from zoo_core.evaluation import evaluate_labelled
from zoo_core.finetuning import FinetuneOptions, Reporter, finetune, read_split
from zoo_core.finetuning._loop import Finetuner
from zoo_core.models import adopt, verify_model
from zoo_core.registry import Registry
from zoo_core.testing import check_model_folder

SIZE = 32


def pictures(count, *, seed=0):
    """Dark and bright ones, ``(n, 3, y, x)`` uint8, and which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    return (
        rng.integers(0, 120, (count, 3, SIZE, SIZE)) + 80 * labels[:, None, None, None]
    ).astype("u1"), labels


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A model folder with random weights of timm's smallest network."""
    folder = tmp_path_factory.mktemp("backbone")
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=10)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    save_file(network.state_dict(), folder / "weights.safetensors")
    adopt(Zoo.discover(), "timm:test_resnet", folder / "weights.safetensors", folder / "tiny")
    return folder / "tiny"


@pytest.fixture(scope="module")
def galaxies(tmp_path_factory):
    """A folder with a subfolder of pictures for each class."""
    folder = tmp_path_factory.mktemp("data") / "galaxies"
    for index, (picture, label) in enumerate(zip(*pictures(60), strict=True)):
        place = folder / ("dark", "bright")[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.transpose(1, 2, 0)).save(place / f"{index}.png")
    return folder


@pytest.fixture
def zoo(tmp_path):
    return Zoo(Zoo.discover().plugins.plugins, [Registry("user", tmp_path / "registry")])


def run(zoo, backbone, data, tmp_path, *, name="mine", run="run", reporter=None, **options):
    settings = options.pop("settings", {})
    return finetune(
        zoo,
        str(backbone),
        data,
        name=name,
        run=tmp_path / run,
        folder=tmp_path / "registry" / name,
        options=FinetuneOptions(settings=settings, **options),
        device="cpu",
        reporter=reporter,
    )


def test_by_command_and_then_like_any_model(backbone, galaxies, tmp_path, monkeypatch, capsys):
    """Trained, listed, verified, predicted with, evaluated to the card's digits, published."""
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    output = ["-o", str(tmp_path / "run")]
    command = ["finetune", str(backbone), str(galaxies), "--name", "mine", *output, "--json"]

    assert main([*command, "--positive", "bright"]) == 0
    told = json.loads(capsys.readouterr().out)
    card = read_card(tmp_path / "registry" / "mine")
    assert card.task.targets[0].classes == ("dark", "bright")
    assert {m["name"]: m["value"] for m in told["metrics"]}["auroc"] > 0.9
    assert main(["verify", "mine"]) == 0
    capsys.readouterr()
    evaluate = ["evaluate", "mine", str(galaxies), "--label", "label", "--part", "test"]
    assert main([*evaluate, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["metrics"]
    printed = {entry.metric.name: entry.metric.value for entry in card.metrics}
    assert {m["name"]: m["value"] for m in again} == pytest.approx(printed, abs=1e-6)
    assert card.metrics[0].command == " ".join(["zoo", *evaluate])
    out = tmp_path / "table.csv"
    assert main(["predict", "mine", str(galaxies), "-o", str(out)]) == 0
    assert main(["publish", "mine", str(tmp_path / "mirror" / "team" / "mine")]) == 0
    assert (tmp_path / "run" / "curves.png").is_file()
    # What is there already is not replaced by accident.
    assert main(command) == 2


def test_the_folder_satisfies_the_conformance_kit(zoo, backbone, galaxies, tmp_path):
    """And says what it came from and what it was tested on."""
    run(zoo, backbone, galaxies, tmp_path)
    folder = tmp_path / "registry" / "mine"
    check_model_folder(folder, zoo=zoo)
    card = read_card(folder)
    parts = list(read_split(folder / "split.csv").values())

    assert str(backbone) in card.parent
    assert card.trained_on[-1].examples == parts.count("train")
    assert {entry.role for entry in card.metrics} == {"test"}
    assert {entry.metric.n for entry in card.metrics} <= set(range(parts.count("test") + 1))
    assert all(check.passed for check in verify_model(zoo, zoo.find("mine")))


def test_a_head_changes_nothing_but_the_head(zoo, backbone, galaxies, tmp_path):
    """Everything below is the parent's, to the rounding of what is stored."""
    run(zoo, backbone, galaxies, tmp_path, strategy="head")
    parent = load_file(backbone / "model.safetensors")
    child = load_file(tmp_path / "registry" / "mine" / "model.safetensors")

    assert set(child) - set(parent) == {"fc.weight", "fc.bias"}
    assert all(torch.equal(child[name], parent[name]) for name in parent)


def test_validation_may_stand_apart(zoo, backbone, galaxies, tmp_path):
    """In Python as by command: the test part is of the data, the epochs judge by the other."""
    for index, (picture, label) in enumerate(zip(*pictures(10, seed=5), strict=True)):
        place = tmp_path / "apart" / ("dark", "bright")[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.transpose(1, 2, 0)).save(place / f"{index}.png")
    mine = zoo.load(str(backbone)).fit(
        galaxies,
        name="mine",
        validation=tmp_path / "apart",
        test=0.2,
        run=tmp_path / "run",
        registry=tmp_path / "registry",
    )
    parts = list(read_split(mine.found.folder / "split.csv").values())

    assert [parts.count(part) for part in ("train", "validation", "test")] == [48, 10, 12]
    assert parts[60:] == ["validation"] * 10
    told = mine.evaluate(galaxies, part="test")
    assert {m.name: m.value for m in told.metrics} == pytest.approx(
        {entry.metric.name: entry.metric.value for entry in mine.card.metrics}, abs=1e-6
    )
    with pytest.raises(InputError, match="holds none of the objects that were the test part"):
        mine.evaluate(tmp_path / "apart", label="label", part="test")


def _judged(loss):
    """What an epoch is found to be like, whatever it is like."""
    return lambda _: {"validation_loss": loss, "auroc": 0.5}


def test_a_training_that_is_worse_than_its_start_is_told(
    zoo, backbone, galaxies, tmp_path, monkeypatch
):
    """The head that it began with would have been the better model."""
    told = []

    class Notes(Reporter):
        def note(self, text):
            told.append(text)

    for name, loss in (("worse", 99.0), ("better", 0.0)):
        monkeypatch.setattr(Finetuner, "_validate", _judged(loss))
        run(
            zoo, backbone, galaxies, tmp_path,
            name=name, run=name, strategy="full", settings={"epochs": 1}, reporter=Notes(),
        )  # fmt: skip
        found = [text for text in told if "no epoch came below" in text]
        assert len(found) == 1


def test_features_that_tell_nothing_apart_are_told(zoo, tmp_path):
    """A network that gives zeros, for images that it cannot use or by its weights."""
    network = timm.create_model("test_resnet", num_classes=10)
    save_file(
        {k: 0 * v for k, v in network.state_dict().items()}, tmp_path / "zeros.safetensors"
    )
    adopt(zoo, "timm:test_resnet", tmp_path / "zeros.safetensors", tmp_path / "zeros")
    images, labels = pictures(24)
    np.savez(tmp_path / "a.npz", image=images, label=labels)
    told = []
    reporter = Reporter()
    reporter.note = told.append
    run(
        zoo,
        tmp_path / "zeros",
        tmp_path / "a.npz",
        tmp_path,
        strategy="head",
        reporter=reporter,
    )

    assert [text for text in told if "features of all objects are the same" in text]


def test_a_killed_run_is_resumed_to_the_same_weights(zoo, backbone, galaxies, tmp_path):
    """The model folders have the same bytes."""
    options = {"strategy": "full", "settings": {"epochs": 3, "precision": "float32"}}

    class Killed(Exception):
        pass

    class Killer(Reporter):
        def epoch(self, record):
            if record["epoch"] == 2:
                raise Killed

    run(zoo, backbone, galaxies, tmp_path, run="whole", name="whole", **options)
    with pytest.raises(Killed):
        run(
            zoo,
            backbone,
            galaxies,
            tmp_path,
            run="cut",
            name="cut",
            reporter=Killer(),
            **options,
        )
    with pytest.raises(UsageError, match="--resume"):
        run(zoo, backbone, galaxies, tmp_path, run="cut", name="cut", **options)
    with pytest.raises(UsageError, match="another options, plan"):
        resume(zoo, backbone, galaxies, tmp_path, {**options, "settings": {"epochs": 4}})
    resume(zoo, backbone, galaxies, tmp_path, options)
    files = [
        (tmp_path / "registry" / name / "model.safetensors").read_bytes()
        for name in ("whole", "cut")
    ]

    assert files[0] == files[1]


def resume(zoo, backbone, data, tmp_path, options):
    return finetune(
        zoo, str(backbone), data, name="cut", run=tmp_path / "cut",
        folder=tmp_path / "registry" / "cut", options=FinetuneOptions(**options),
        device="cpu", resumes=True,
    )  # fmt: skip


def test_ctrl_c_keeps_the_best_so_far(zoo, backbone, galaxies, tmp_path):
    """A whole model folder, whose card says that it was stopped."""

    class Stopper(Reporter):
        def epoch(self, record):
            if record["epoch"] == 2:
                raise KeyboardInterrupt

    result = run(
        zoo,
        backbone,
        galaxies,
        tmp_path,
        strategy="full",
        settings={"epochs": 5},
        reporter=Stopper(),
    )

    assert not result.is_whole
    assert "stopped by hand after 2 epochs" in " ".join(read_card(result.folder).limits)
    assert len(zoo.load("mine").predict(pictures(4)[0])) == 4


def test_one_band_into_a_network_for_three(zoo, backbone, tmp_path):
    """Asked what becomes of the stem; then it takes arrays of one band."""
    images, labels = pictures(60)
    np.savez(tmp_path / "radio.npz", x=images[:, :1], y=labels)
    options = {"label": "y", "array": "x", "bands": ("radio",)}
    with pytest.raises(UsageError, match="--stem sum, mean, repeat or random"):
        run(zoo, backbone, tmp_path / "radio.npz", tmp_path, **options)

    run(zoo, backbone, tmp_path / "radio.npz", tmp_path, stem="sum", **options)
    card = read_card(tmp_path / "registry" / "mine")

    assert [band.name for band in card.inputs[0].bands] == ["radio"]
    assert card.architecture.arguments["num_bands"] == 1
    assert len(zoo.load("mine").predict(images[:3, :1])) == 3


def test_the_model_averages_over_views_whenever_it_predicts(zoo, backbone, galaxies, tmp_path):
    """The card says so, and a turned image gives the same."""
    run(zoo, backbone, galaxies, tmp_path, strategy="head", views="dihedral")
    model = zoo.load("mine")
    images = pictures(6, seed=3)[0]
    turned = np.ascontiguousarray(np.rot90(images, axes=(2, 3)))

    assert model.card.views == "dihedral"
    assert "quarter turns" in (tmp_path / "registry" / "mine" / "README.md").read_text()
    check_model_folder(tmp_path / "registry" / "mine", zoo=zoo)
    columns = [name for name in model.predict(images).names if name.startswith("p")]
    assert columns
    for name in columns:
        straight, quarter = model.predict(images)[name], model.predict(turned)[name]
        np.testing.assert_allclose(straight, quarter, atol=2e-2)


@pytest.mark.parametrize("stretch", ["linear", "asinh"])
def test_stretches_are_measured_on_the_training_part(zoo, backbone, tmp_path, stretch):
    """Mean zero and deviation one of what the network sees, for fluxes of any scale."""
    images, labels = pictures(60)
    fluxes = 1e-6 * images.astype("f4") + 3.0
    np.savez(tmp_path / "fluxes.npz", x=fluxes, label=labels)
    run(zoo, backbone, tmp_path / "fluxes.npz", tmp_path, array="x", stretch=stretch)
    model = zoo.load("mine")
    seen = model.prepare({"image": torch.from_numpy(fluxes)})[0]

    assert seen.mean((0, 2, 3)).abs().max() < 0.2
    assert (seen.std((0, 2, 3)) - 1).abs().max() < 0.2


def test_what_the_network_cannot_take_is_told_before_training(zoo, galaxies, tmp_path):
    """A transformer with a fixed size; the error says what to do."""
    torch.manual_seed(0)
    save_file(timm.create_model("test_vit").state_dict(), tmp_path / "w.safetensors")
    strict = {"dynamic_img_size": False}
    adopt(zoo, "timm:test_vit", tmp_path / "w.safetensors", tmp_path / "vit", arguments=strict)

    with pytest.raises(UsageError, match="--resize"):
        run(zoo, tmp_path / "vit", galaxies, tmp_path)
    run(zoo, tmp_path / "vit", galaxies, tmp_path, resize=(160,))


def test_a_plugin_changes_plan_and_groups(backbone, galaxies, tmp_path, zoo, monkeypatch):
    """Both hooks are heard."""
    seen = []

    def call(hook, _, **arguments):
        plugin = zoo.plugins.plugins[0]
        if hook == "zoo_plan_finetune":
            assert arguments["parent"].name == "tiny"
            return [(plugin, dataclasses.replace(arguments["plan"], epochs=1))]
        if hook == "zoo_parameter_groups":
            seen.extend(arguments["groups"])
            return [(plugin, arguments["groups"][-1:])]
        return []

    monkeypatch.setattr(zoo.plugins, "call_in_turn", call)
    result = run(zoo, backbone, galaxies, tmp_path, strategy="full")
    history = (result.folder / "history.csv").read_text().splitlines()
    parent = load_file(backbone / "model.safetensors")
    child = load_file(result.folder / "model.safetensors")

    assert len(history) == 2
    assert len(seen) > 2
    # Only the last group, of the head, was trained.
    assert torch.equal(child["conv1.0.weight"], parent["conv1.0.weight"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stretch": "log"}, "one of parent, linear, asinh"),
        ({"stem": "copy"}, "one of keep, sum"),
        ({"views": "many"}, "one of one, dihedral"),
        ({"settings": {"augment": "mirror"}}, "one of none, dihedral"),
        ({"validation": 0.6, "test": 0.4}, "leave nothing to train on"),
        ({"validation": 0.0}, "between 0 and 1"),
    ],
)
def test_options_that_cannot_be_meant(options, message):
    """Before anything is read."""
    with pytest.raises(UsageError, match=message):
        FinetuneOptions(**options)


def test_labels_that_the_model_does_not_know(zoo, backbone, galaxies, tmp_path):
    """Evaluation names them and the classes there are."""
    run(zoo, backbone, galaxies, tmp_path)
    images, labels = pictures(12, seed=5)
    np.savez(tmp_path / "other.npz", x=images, label=labels)

    with pytest.raises(InputError, match=r"labels 0, 1.*classes are bright, dark"):
        evaluate_labelled(zoo.load("mine"), tmp_path / "other.npz", array="x")
    with pytest.raises(InputError, match="none of the objects"):
        evaluate_labelled(
            zoo.load("mine"),
            tmp_path / "other.npz",
            array="x",
            classes=("0=dark", "1=bright"),
            part="test",
        )
