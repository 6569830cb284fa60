"""Loading and verifying model folders as a training wrote them."""

import json
import shutil

import observer
import pytest
import torch
from toys import TinyNet, toy_zoo, trained_toy

from zoo_core import Zoo
from zoo_core.cards import readme
from zoo_core.errors import CardError, UnknownName, UsageError, WeightsCorrupt
from zoo_core.models import verify_model
from zoo_core.plugins import Manifest, ModelLoaded, Plugin, PredictionEnded
from zoo_core.prediction import PredictionInterrupted


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return trained_toy(tmp_path_factory.mktemp("zoo"))


@pytest.fixture
def broken(exported, tmp_path):
    """A zoo whose only model is a copy that a test may break."""
    zoo = toy_zoo(tmp_path)
    shutil.copytree(exported[0].find("toy").folder, tmp_path / "registry" / "toy")
    return zoo, tmp_path / "registry" / "toy"


def _edit(folder, change):
    path = folder / "config.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def test_a_loaded_model_is_the_trained_one(exported):
    """Weights stored in half precision give the trained network's outputs."""
    zoo, trainer, _ = exported
    model = zoo.load("toy")
    x = torch.randn(5, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = trainer.average.model(x)

        torch.testing.assert_close(model.network(x), expected, atol=5e-3, rtol=5e-3)
    assert not model.network.training
    assert model.report.loaded == model.report.total


def test_metrics_on_the_card_are_those_of_the_test_data(exported):
    """Evaluating again with the card's seed and number prints the card's values."""
    zoo, _, evaluation = exported
    model = zoo.load("toy")
    again = model.evaluate(zoo.simulator("spots"), count=256, seed=4)
    on_card = {(e.metric.name, e.metric.conditions): e.metric.value for e in model.card.metrics}

    assert {(m.name, m.conditions): m.value for m in again.metrics} == pytest.approx(on_card)
    assert len(evaluation.metrics) == len(on_card)
    assert {"test"} == {entry.role for entry in model.card.metrics}
    assert "--seed 4" in model.card.metrics[0].command


def test_the_card_quotes_the_published_number(exported):
    """The recipe's published numbers stand beside ours."""
    card = exported[0].find("toy").card
    entry = next(e for e in card.metrics if e.metric.name == "auroc")

    assert entry.published.value == 0.5
    assert entry.published.source == "nobody"


def test_readme_follows_from_the_card(exported):
    """README.md is generated and names every metric."""
    found = exported[0].find("toy")
    text = (found.folder / "README.md").read_text()

    assert text == readme(found.card)
    assert all(entry.metric.name in text for entry in found.card.metrics)


def test_a_whole_model_passes_all_checks(exported):
    """Card, both files, parameters and golden output."""
    zoo, _, _ = exported
    checks = verify_model(zoo, zoo.find("toy"))

    assert [c.name for c in checks] == [
        "card", "weights file", "golden file", "parameters", "golden output",
    ]  # fmt: skip
    assert all(c.passed for c in checks)


def test_changed_weights_fail_the_golden_output(broken):
    """Weights whose hash was fixed on the card still do not give the golden output."""
    from safetensors.torch import load_file, save_file

    from zoo_core.weights import file_ref

    zoo, folder = broken
    tensors = load_file(folder / "model.safetensors")
    tensors["head.weight"] = -tensors["head.weight"]
    save_file(tensors, folder / "model.safetensors")
    ref = file_ref(folder / "model.safetensors")
    _edit(folder, lambda card: card["weights"].update(sha256=ref.sha256, size=ref.size))
    checks = {c.name: c.passed for c in verify_model(zoo, zoo.find("toy"))}

    assert checks["weights file"]
    assert not checks["golden output"]


def test_tampered_weights_are_not_loaded(broken):
    """Expected and found hash are shown."""
    zoo, folder = broken
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))

    with pytest.raises(WeightsCorrupt, match=r"expected: .*\n.*found: ") as caught:
        zoo.load("toy")
    assert zoo.find("toy").card.weights.ref.sha256 in str(caught.value)


def test_a_wrong_parameter_count_is_noticed(broken):
    """The card's number is compared with the network's."""
    zoo, folder = broken
    _edit(folder, lambda card: card["weights"].update(num_parameters=3))

    with pytest.raises(CardError, match="says 3 parameters"):
        zoo.load("toy")


def test_unknown_and_misspelt_names(exported):
    """Models, architectures and their arguments."""
    zoo, _, _ = exported
    with pytest.raises(UnknownName, match="Did you mean 'toy'"):
        zoo.load("toi")
    with pytest.raises(UnknownName, match="Did you mean 'tiny'"):
        zoo.build("tinny")
    with pytest.raises(UsageError, match="it takes num_bands, num_outputs"):
        zoo.build("tiny", bands=3)


def test_build_gives_an_untrained_network(exported):
    """With the arguments that were given."""
    network = exported[0].build("tiny", num_bands=3, num_outputs=5)

    assert isinstance(network, TinyNet)
    assert network(torch.zeros(2, 3, 9, 9)).shape == (2, 5)


@pytest.fixture
def watched(exported, tmp_path):
    """The toy's zoo with a plugin that observes, and what it was told."""
    manifest = Manifest(
        name="watching",
        summary="",
        folder=tmp_path,
        models=None,
        contributions=(),
        hook_module="observer",
        hooks=("zoo_event",),
    )
    zoo = exported[0]
    observer.told.clear()
    plugins = [*zoo.plugins.plugins, Plugin("watching", manifest=manifest)]
    return Zoo(plugins, zoo.registries), observer.told


def test_loading_and_predicting_are_told(watched):
    """With the model, the number of rows, and how many have a flag."""
    zoo, told = watched
    images = torch.randn(5, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    images[1] = torch.nan
    model = zoo.load("toy")
    model.predict(images)
    loaded, ended = told

    assert loaded == ModelLoaded(
        name="toy", version="1.0.0", sha256=model.card.weights.ref.sha256
    )
    assert isinstance(ended, PredictionEnded)
    assert (ended.model, ended.rows, ended.flagged) == ("toy", 5, 1)
    assert ended.seconds > 0.0


def test_an_interrupted_prediction_did_not_end(watched):
    """Nothing is told of it."""
    zoo, told = watched
    model = zoo.load("toy")
    told.clear()

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(PredictionInterrupted):
        model.predict(torch.randn(3, 1, 9, 9), progress=interrupt)
    assert told == []
