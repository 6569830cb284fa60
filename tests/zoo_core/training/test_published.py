"""Published numbers without a metric are found before a training, not after it."""

import dataclasses

import pytest
import torch
from toys import toy_recipe, toy_zoo

from zoo_core.errors import InputError, RecipeError
from zoo_core.metrics import measure_fraction
from zoo_core.tasks import BinaryClassification
from zoo_core.training import PublishedNumber, _published, export_model, make_trainer


class MuchMeasured(BinaryClassification):
    """Has one more metric where there are many objects, and none where there are few."""

    def metrics(self, truth, predictions):
        count = len(truth["spot"])
        if count < 50:
            raise InputError("too few")
        found = super().metrics(truth, predictions)
        if count > 200:
            found.append(measure_fraction([True] * count, name="rare", conditions="of many"))
        return found


def _with(recipe, metric, conditions=""):
    number = PublishedNumber(metric=metric, conditions=conditions, value=0.5, source="a paper")
    return dataclasses.replace(recipe, published=(*recipe.published, number))


@pytest.fixture
def zoo(tmp_path):
    return toy_zoo(tmp_path)


@pytest.mark.parametrize(
    ("metric", "conditions", "message"),
    [
        ("aurok", "", r"'aurok' .*there are accuracy, auroc, "),
        ("accuracy", "", r"conditions '' .*its conditions are 'p > 0\.5'"),
        ("auroc", "faint ones", r"'auroc' with the conditions 'faint ones'.* are ''"),
    ],
)
def test_a_published_number_without_a_metric_is_an_error_at_the_start(
    zoo, tmp_path, metric, conditions, message
):
    """Saying which metrics and conditions there are; nothing is trained."""
    with pytest.raises(RecipeError, match=message) as caught:
        make_trainer(zoo, _with(toy_recipe(zoo), metric, conditions), tmp_path / "run")

    assert "toy.toml" in str(caught.value)
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_a_corrected_recipe_goes_on_in_the_same_folder(zoo, tmp_path):
    """What was refused left nothing in the way."""
    with pytest.raises(RecipeError):
        make_trainer(zoo, _with(toy_recipe(zoo), "aurok"), tmp_path / "run")

    recipe = _with(toy_recipe(zoo), "accuracy", "p > 0.5")
    assert make_trainer(zoo, recipe, tmp_path / "run").epoch == 0


def test_what_few_objects_do_not_show_is_looked_for_in_all(tmp_path, monkeypatch):
    """A metric of rare objects is found; few that cannot be measured are no error."""
    zoo = toy_zoo(tmp_path)
    monkeypatch.setattr(zoo, "task", lambda ref: MuchMeasured(ref.targets))
    recipe = _with(toy_recipe(zoo), "rare", "of many")
    for few in (32, 64):
        monkeypatch.setattr(_published, "_FEW", few)

        assert make_trainer(zoo, recipe, tmp_path / f"run{few}").epoch == 0


def test_test_data_that_cannot_be_measured_are_an_error_at_the_start(tmp_path, monkeypatch):
    """They could not be measured after the training either."""
    zoo = toy_zoo(tmp_path)
    monkeypatch.setattr(zoo, "task", lambda ref: MuchMeasured(ref.targets))
    recipe = toy_recipe(zoo)
    short = dataclasses.replace(recipe, test=dataclasses.replace(recipe.test, examples=40))

    with pytest.raises(InputError, match="too few"):
        make_trainer(zoo, short, tmp_path / "run")


def test_looking_does_not_change_the_training(zoo, tmp_path):
    """Weights, mode and random state are those of a recipe without published numbers."""
    recipe = toy_recipe(zoo)
    looked = make_trainer(zoo, recipe, tmp_path / "a")
    after = torch.get_rng_state()
    plain = make_trainer(zoo, dataclasses.replace(recipe, published=()), tmp_path / "b")

    assert torch.equal(after, torch.get_rng_state())
    assert looked.model.training == plain.model.training
    for name, value in plain.model.state_dict().items():
        assert torch.equal(value, looked.model.state_dict()[name]), name


def test_at_the_export_the_folder_is_written_before_the_error(zoo, tmp_path):
    """Hours of training are not lost to a name."""
    recipe = toy_recipe(zoo, epochs=1)
    trainer = make_trainer(zoo, recipe, tmp_path / "run")
    trainer.run()

    with pytest.raises(RecipeError, match=r"is written and whole, but no metric 'aurok'"):
        export_model(zoo, _with(recipe, "aurok"), trainer, tmp_path / "registry" / "toy")
    assert zoo.load("toy").card.metrics
