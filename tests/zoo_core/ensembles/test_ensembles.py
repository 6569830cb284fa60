"""Ensembles: mean and spread of several trained networks in one model folder."""

import json
import math

import numpy as np
import pytest
import torch
from means_zoo import means_zoo, write_squares

from zoo_core.cards import Target
from zoo_core.ensembles import EnsembleTask, combine
from zoo_core.errors import CardError, OutputError, UsageError
from zoo_core.evaluation import evaluate_labelled, record_metrics
from zoo_core.finetuning import FinetuneOptions, finetune
from zoo_core.tasks import BinaryClassification, MulticlassClassification, Regression, Task
from zoo_core.testing import check_model_folder

LENS = (Target(name="lens", classes=("no", "yes")),)
KIND = (Target(name="kind", classes=("a", "b", "c")),)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A zoo with three trained models, ``one``, ``two`` and, of other classes, ``odd``."""
    place = tmp_path_factory.mktemp("ensembles")
    zoo = means_zoo(place)
    data = write_squares(place / "squares.npz")
    with np.load(data) as arrays:
        part = np.repeat(["train", "validation", "test"], [28, 16, 16])
        np.savez(data, x=arrays["x"], y=arrays["y"], split=part)
    for seed, (name, classes) in enumerate(
        {"one": (), "two": (), "odd": ("0=dark", "1=bright")}.items()
    ):
        finetune(
            zoo,
            "tiny",
            data,
            name=name,
            run=place / "runs" / name,
            folder=place / "registry" / name,
            options=FinetuneOptions(
                label="y", split="split", seed=seed, classes=classes, settings={"epochs": 2}
            ),
            device="cpu",
        )
    combine(zoo, ["one", "two"], place / "registry" / "both")
    return place, zoo, data


# The task


def test_predictions_are_means_with_their_spread():
    """Each member is calibrated by its own number; the spread is that of n - 1."""
    task = EnsembleTask(BinaryClassification, LENS, {"1.temperature": 2.0}, members=2)
    outputs = [torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [2.0]])]

    decoded = task.decode(outputs)

    half, wide = 0.5, 1 / (1 + np.exp(-1.0))
    assert decoded["p_yes"] == pytest.approx([(half + wide) / 2, wide])
    assert decoded["p_no"] == pytest.approx(1 - decoded["p_yes"])
    assert decoded["p_yes_std"] == pytest.approx([abs(half - wide) / np.sqrt(2), 0], abs=1e-7)
    assert list(decoded) == [column.name for column in task.columns]
    assert (task.kind, task.ranking, task.num_outputs) == ("binary-classification", "p_yes", 1)


def test_the_predicted_class_is_that_of_the_mean():
    """Two members that are sure of two classes may agree on a third."""
    task = EnsembleTask(MulticlassClassification, KIND, members=2)
    outputs = [torch.tensor([[0.55, 0.0, 0.45]]).log(), torch.tensor([[0.0, 0.55, 0.45]]).log()]

    decoded = task.decode(outputs)

    assert decoded["predicted"].tolist() == ["c"]
    assert decoded["p_c"] == pytest.approx([0.45])
    assert decoded["p_a_std"] == pytest.approx([0.55 / np.sqrt(2)])


def test_each_member_learns_as_if_it_were_alone():
    """The loss is the mean of the members' losses, and calibration finds one number each."""
    task = EnsembleTask(BinaryClassification, LENS, members=2)
    alone = BinaryClassification(LENS)
    target = torch.tensor([0.0, 1.0, 1.0, 0.0])
    sharp = torch.tensor([[-4.0], [4.0], [-1.0], [2.0]])
    outputs = [sharp, sharp / 3]

    loss = task.loss(outputs, target)
    found = task.calibrate(outputs, target)

    assert float(loss) == pytest.approx(
        (float(alone.loss(sharp, target)) + float(alone.loss(sharp / 3, target))) / 2
    )
    assert found["0.temperature"] == pytest.approx(3 * found["1.temperature"], rel=1e-2)
    assert task.monitor(outputs, target)["auroc"] == alone.monitor(sharp, target)["auroc"]


def test_what_is_no_ensemble_is_refused():
    """One member, a calibration of nobody, and a task whose numbers have no mean."""
    with pytest.raises(CardError, match="two members or more, got members = 1"):
        EnsembleTask(BinaryClassification, LENS, members=1)
    with pytest.raises(CardError, match="got 'temperature'"):
        EnsembleTask(BinaryClassification, LENS, {"temperature": 1.0}, members=2)
    with pytest.raises(UsageError, match="'binary-classification' cannot be averaged"):
        Task.pool(BinaryClassification(LENS), [])


def test_numbers_are_averaged_quantile_by_quantile():
    """Medians and limits alike; the spread is that of the medians."""
    task = EnsembleTask(Regression, (Target(name="radius"),), members=2)
    narrow, wide = torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, math.log(0.5)]])

    decoded = task.decode([narrow, wide])

    assert decoded["radius"] == pytest.approx([0.5])
    assert decoded["radius_upper1"] == pytest.approx([(1.0 + 3.0) / 2], abs=0.01)
    assert decoded["radius_lower1"] == pytest.approx([(-1.0 - 1.0) / 2], abs=0.01)
    assert decoded["radius_std"] == pytest.approx([1 / math.sqrt(2)])
    assert [name for name in decoded if name.endswith("_std")] == ["radius_std"]


# The folder


def test_a_combined_model_is_a_model_like_any_other(place):
    """It predicts the mean of what its members predict, and says who they are."""
    _, zoo, data = place
    with np.load(data) as arrays:
        images = arrays["x"][:, None]

    both = zoo.load("both", precision="float32")
    table = both.predict(images)
    members = [
        zoo.load(name, precision="float32").predict(images)["p_1"] for name in ("one", "two")
    ]

    assert table["p_1"] == pytest.approx(np.mean(members, axis=0), abs=1e-5)
    assert table["p_1_std"] == pytest.approx(np.std(members, axis=0, ddof=1), abs=1e-5)
    assert np.abs(members[0] - members[1]).max() > 1e-3
    assert both.card.parent.startswith("one 1.0.0, sha256 ")
    assert [m["model"] for m in both.card.architecture.arguments["members"]] == [
        "one 1.0.0",
        "two 1.0.0",
    ]


def test_models_that_do_not_go_together_are_refused(place):
    """Other classes, the same model twice, an ensemble, and a folder that is there."""
    folder, zoo, _ = place
    new = folder / "registry" / "new"

    with pytest.raises(UsageError, match="one and odd have different tasks"):
        combine(zoo, ["one", "odd"], new)
    with pytest.raises(UsageError, match="two or more models with weights of their own"):
        combine(zoo, ["one", "one"], new)
    with pytest.raises(UsageError, match="both is an ensemble itself"):
        combine(zoo, ["one", "both"], new)
    with pytest.raises(OutputError, match="is there already"):
        combine(zoo, ["one", "two"], folder / "registry" / "both")
    assert not new.exists()


def test_an_ensemble_is_not_fine_tuned_as_one(place):
    """The error says what to do instead."""
    folder, zoo, data = place

    with pytest.raises(UsageError, match="fine-tune each of its members"):
        finetune(
            zoo,
            "both",
            data,
            name="no",
            run=folder / "runs" / "no",
            folder=folder / "registry" / "no",
            options=FinetuneOptions(label="y"),
            device="cpu",
        )


def test_a_bad_list_of_members_is_refused(place):
    """Whether it has one entry or an entry that is none."""
    _, zoo, _ = place

    for members in ([{"name": "tiny"}], "tiny", [{"name": "tiny"}, {"net": "tiny"}]):
        with pytest.raises(UsageError, match="an ensemble takes members="):
            zoo.build("ensemble", members=members, num_outputs=1)


# Metrics for a card that has none


def test_metrics_go_on_the_card_of_ones_own_model(place):
    """With the command; the second time in place of the first. Objects of training do not.

    With metrics, the ensemble conforms as any model does.
    """
    folder, zoo, data = place
    other = write_squares(folder / "other.npz", seed=5)
    model = zoo.load("both")

    for _ in range(2):
        evaluation = evaluate_labelled(model, other, label="y")
        record_metrics(model, evaluation, command="zoo evaluate both other.npz --label y")
        model = zoo.load("both")
    with pytest.raises(UsageError, match="was trained on a part of"):
        record_metrics(model, evaluate_labelled(model, data, label="y"), command="")

    card = json.loads((folder / "registry" / "both" / "config.json").read_text())
    assert [m["value"] for m in card["metrics"]] == [m.value for m in evaluation.metrics]
    assert {m["command"] for m in card["metrics"]} == {"zoo evaluate both other.npz --label y"}
    assert set(card["figures"]) == {"roc", "reliability", "scores"}
    check_model_folder(folder / "registry" / "both", zoo=zoo)


def test_the_card_of_a_model_of_others_is_left_alone(place):
    """Of a plugin's registry, say."""
    folder, _, data = place
    from zoo_core.registry import Registry

    zoo = means_zoo(folder)
    zoo.registries = [Registry("means", folder / "registry")]
    model = zoo.load("one")
    evaluation = evaluate_labelled(model, data, label="y", part="test")

    with pytest.raises(UsageError, match="means/one is not yours to change"):
        record_metrics(model, evaluation, command="")
