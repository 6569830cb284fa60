"""The model folder that a training writes: what its card says, and what travels with it."""

import dataclasses
import json
import re
import shlex
import shutil
import tomllib

import pytest
import torch
from safetensors.torch import load_file, save_file
from toys import RECIPE, toy_recipe, toy_zoo, trained_toy

from zoo_core import __version__
from zoo_core.cards import MeasuredWith, readme
from zoo_core.cli._main import build_parser
from zoo_core.errors import RecipeError
from zoo_core.models import verify_model
from zoo_core.simulation import parse_options
from zoo_core.testing import check_model_folder
from zoo_core.training import export_model, make_trainer
from zoo_core.weights import file_ref


@pytest.fixture
def zoo(tmp_path):
    return toy_zoo(tmp_path)


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    """A zoo with a trained model that returns several tensors."""
    return trained_toy(
        tmp_path_factory.mktemp("nested"),
        architectures="nested:TwoOutputs",
        tasks="nested:NestedSpotting",
    )[:2]


def _exported(zoo, recipe, tmp_path):
    """The card of the model that a recipe trains."""
    trainer = make_trainer(zoo, recipe, tmp_path / "run")
    trainer.run()
    export_model(zoo, recipe, trainer, tmp_path / "registry" / "toy")
    return zoo.find("toy").card


def test_the_card_says_what_computed_its_metrics(zoo, tmp_path):
    """Device and precision are those of the engine that evaluates."""
    card = _exported(zoo, toy_recipe(zoo, epochs=1), tmp_path)
    model = zoo.load("toy")
    model.evaluate(zoo.simulator("spots"), count=256, seed=4)
    engine = model.engine()

    assert card.measured_with == MeasuredWith(
        device=engine.device,
        precision=engine.precision,
        astrozoo_version=__version__,
        torch_version=str(torch.__version__),
    )
    assert f"Computed on {engine.device} in {engine.precision}" in readme(card)


def test_the_command_of_a_metric_has_the_options_of_the_simulator(zoo, tmp_path):
    """What the command line makes of it prints the numbers of the card."""
    recipe = dataclasses.replace(toy_recipe(zoo, epochs=1), simulator_options={"contrast": 0.5})
    card = _exported(zoo, recipe, tmp_path)
    arguments = build_parser().parse_args(shlex.split(card.metrics[0].command)[1:])
    place, name = arguments.data.split(":")
    simulator = zoo.simulator(name, **parse_options(arguments.option))
    again = zoo.load(arguments.name).evaluate(simulator, count=arguments.n, seed=arguments.seed)

    assert place == "simulator"
    assert simulator.contrast == 0.5
    assert [m.value for m in again.metrics] == pytest.approx(
        [entry.metric.value for entry in card.metrics]
    )


def test_test_data_may_have_options_of_their_own(zoo, tmp_path):
    """Spots that are harder to see than those of the training, and the command says so."""
    recipe = toy_recipe(zoo, epochs=1)
    harder = dataclasses.replace(recipe.test, options={"contrast": 0.0})
    card = _exported(zoo, dataclasses.replace(recipe, test=harder), tmp_path)
    auroc = next(e.metric for e in card.metrics if e.metric.name == "auroc")

    assert auroc.low < 0.5 < auroc.high
    assert "--option contrast=0.0" in card.metrics[0].command
    assert zoo.load("toy").evaluate(zoo.simulator("spots"), count=256, seed=4).metrics[
        0
    ].value > (auroc.high)


def test_the_recipe_that_travels_is_the_one_that_was_read(zoo, tmp_path):
    """An edit of the file during the training did not make these weights."""
    recipe = toy_recipe(zoo, epochs=1)
    trainer = make_trainer(zoo, recipe, tmp_path / "run")
    (tmp_path / "toy.toml").write_text("edited = true", encoding="utf-8")
    trainer.run()
    export_model(zoo, recipe, trainer, tmp_path / "registry" / "toy")

    assert (tmp_path / "registry" / "toy" / "recipe.toml").read_text() == RECIPE


def test_a_recipe_may_average_over_views(zoo, tmp_path):
    """The card says so, and its metrics are measured so."""
    path = tmp_path / "toy.toml"
    path.write_text('views = "dihedral"\n' + RECIPE, encoding="utf-8")
    recipe = zoo.recipe("toy")
    card = _exported(zoo, recipe, tmp_path)

    assert recipe.views == card.views == "dihedral"
    assert zoo.load("toy").engine().views == "dihedral"
    path.write_text('views = "all"\n' + RECIPE, encoding="utf-8")
    with pytest.raises(RecipeError, match="views must be one of"):
        zoo.recipe("toy")


def test_a_fast_model_cannot_be_taken_for_the_real_one(zoo, tmp_path):
    """Version and first limit say what it is; sizes are those of the recipe's table."""
    card = _exported(zoo, zoo.recipe("toy").faster(), tmp_path)
    (auroc,) = [entry for entry in card.metrics if entry.metric.name == "auroc"]

    assert card.version == "1.0.0+fast"
    assert "not a model to be used" in card.limits[0]
    assert card.limits[1:] == ("A toy.",)
    assert card.trained_on[0].examples == 128
    assert auroc.metric.n == 192
    assert "-n 192 " in auroc.command


def test_the_fast_sizes_are_the_recipes_own_if_it_names_none(zoo, tmp_path):
    """Nothing outside the recipe decides on them."""
    path = tmp_path / "toy.toml"
    lines = RECIPE.replace("calibration_examples = 128\ntest_examples = 192\n", "")
    path.write_text(lines, encoding="utf-8")
    named, unnamed = tomllib.loads(RECIPE), zoo.recipe("toy").faster()

    assert lines != RECIPE
    assert unnamed.calibration.examples == named["calibration"]["examples"]
    assert unnamed.test.examples == named["test"]["examples"]


def test_outputs_of_several_tensors_are_stored_and_verified(nested):
    """Each under its name in the golden file; the whole folder conforms."""
    zoo, trainer = nested
    folder = zoo.find("toy").folder
    golden = load_file(folder / "golden.safetensors")
    outputs = trainer.outputs({"image": golden["input.image"]}, batch_size=3)

    assert {name: tuple(tensor.shape) for name, tensor in golden.items()} == {
        "input.image": (8, 1, 9, 9),
        "output.spot": (8, 1),
        "output.features.0": (8, 96),
        "output.features.1": (8, 100),
    }
    assert {check.passed for check in verify_model(zoo, zoo.find("toy"))} == {True}
    # The trained network, in three batches, against the stored one in half precision.
    for found, name in (
        (outputs["spot"], "output.spot"),
        (outputs["features"][1], "output.features.1"),
    ):
        torch.testing.assert_close(found, golden[name], atol=5e-3, rtol=5e-3)
    assert {outcome.word for outcome in check_model_folder(folder, zoo=zoo)} == {"passed"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda golden: golden.update({"output.spot": torch.zeros(8)}),
            r"gives .*output\.spot \(8, 1\); the golden file holds .*output\.spot \(8,\)",
        ),
        (
            lambda golden: golden.pop("output.features.1"),
            r"gives .*output\.features\.1 \(8, 100\).*; the golden file holds ",
        ),
        (lambda golden: golden.pop("input.image"), "lacks the inputs image"),
        (
            lambda golden: golden["output.features.0"].add_(1.0),
            "largest difference 1, allowed",
        ),
        (
            lambda golden: [golden.pop(k) for k in list(golden) if k.startswith("output")],
            "holds none",
        ),
    ],
)  # fmt: skip
def test_a_golden_file_that_does_not_fit_fails_with_its_reason(
    nested, tmp_path, change, message
):
    """Other shapes, missing tensors, other numbers in one of several outputs."""
    zoo = toy_zoo(tmp_path, architectures="nested:TwoOutputs", tasks="nested:NestedSpotting")
    folder = tmp_path / "registry" / "toy"
    shutil.copytree(nested[0].find("toy").folder, folder)
    golden = load_file(folder / "golden.safetensors")
    change(golden)
    save_file(golden, folder / "golden.safetensors")
    card = json.loads((folder / "config.json").read_text())
    card["golden"].update(dataclasses.asdict(file_ref(folder / "golden.safetensors")))
    (folder / "config.json").write_text(json.dumps(card))
    checks = {check.name: check for check in verify_model(zoo, zoo.find("toy"))}

    assert not checks["golden output"].passed
    assert re.search(message, checks["golden output"].message)
