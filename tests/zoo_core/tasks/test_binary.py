"""Binary classification from truth column to pictures."""

import math

import numpy as np
import pytest
import torch

import zoo_core.tasks
from zoo_core.errors import CardError, InputError
from zoo_core.tasks import BinaryClassification, Target

TARGET = Target(name="lens", classes=("non-lens", "lens"))
TASK = BinaryClassification((TARGET,))

NAMES = [
    "auroc", "tpr0", "tpr10", "completeness_99", "completeness_999", "threshold_99",
    "threshold_999", "accuracy", "brier", "ece", "log_loss",
]  # fmt: skip


def _data(count=2000, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 2
    outputs = torch.from_numpy(rng.normal(size=(count, 1)) + 3.0 * truth[:, None] - 1.5)
    return {"lens": truth}, outputs


@pytest.mark.parametrize("column", [
    np.array([0, 1, 1]),
    np.array([0.0, 1.0, 1.0], dtype=np.float32),
    np.array([0, 1, 1], dtype=">i2"),
    np.array([False, True, True]),
    np.array(["non-lens", "lens", "lens"]),
    np.array(["non-lens ", " lens", "lens"], dtype=object),
    np.array([b"non-lens", b"lens", b"lens"]),
    np.array([False, True, "lens"], dtype=object),
    np.ma.array([0, 1, 1], mask=[False, False, False]),
])  # fmt: skip
def test_encode_takes_numbers_bools_and_names(column):
    """However the table writes the classes, the target is the same."""
    target = TASK.encode({"id": np.arange(3), "lens": column})

    assert target.dtype == torch.float32
    assert target.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(("column", "example"), [
    (np.array([0.0, np.nan, 1.0]), r"1 of 3 .* nan \(row 1\)"),
    (np.array([0.0, 0.5, 1.0]), r"0\.5 \(row 1\)"),
    (np.array([0, 2, -1]), r"2 of 3 .* 2 \(row 1\), -1 \(row 2\)"),
    (np.array(["lens", "lense", "lense"]), r"2 of 3 .* 'lense' \(row 1\)\."),
    (np.array(["lens", None], dtype=object), r"None \(row 1\)"),
    (np.array([[1], None], dtype=object), r"\[1\] \(row 0\)"),
    (np.ma.array([0, 1], mask=[False, True]), r"None \(row 1\)"),
    (np.ma.array(["lens", "lens"], mask=[False, True]), r"None \(row 1\)"),
])  # fmt: skip
def test_encode_refuses_what_is_no_class_and_shows_it(column, example):
    """Nothing is guessed: the message has counts, examples and what to write."""
    with pytest.raises(InputError, match=example) as caught:
        TASK.encode({"lens": column})

    assert "0 or 'non-lens', 1 or 'lens'" in str(caught.value)


def test_missing_truth_column_lists_those_there_are():
    """The user sees what to rename."""
    with pytest.raises(InputError, match="no column 'lens'; its columns are id, label"):
        TASK.encode({"id": np.arange(2), "label": np.arange(2)})


def test_truth_of_several_values_an_object_is_refused():
    """A class is one value."""
    with pytest.raises(InputError, match=r"shape \(3, 1\)"):
        TASK.encode({"lens": np.zeros((3, 1))})


def test_loss_by_hand():
    """Cross entropy of logits 0 and ln 3: ln 2 and ln 4/3."""
    outputs = torch.tensor([[0.0], [math.log(3)]])

    loss = TASK.loss(outputs, torch.tensor([0.0, 1.0]))

    assert float(loss) == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


def test_decode_divides_by_the_temperature():
    """A logit of ln 9 at temperature 2 is a probability of 3/4."""
    task = BinaryClassification((TARGET,), {"temperature": 2.0})

    decoded = task.decode(torch.tensor([[math.log(9.0)]]))

    assert list(decoded) == ["p_non-lens", "p_lens"] == [c.name for c in task.columns]
    assert decoded["p_lens"] == pytest.approx([0.75])
    assert decoded["p_non-lens"] == pytest.approx([0.25])
    assert task.ranking == "p_lens"


def test_decode_adds_the_offset():
    """After the temperature: ln 9 / 2 and - ln 3 are even odds."""
    task = BinaryClassification((TARGET,), {"temperature": 2.0, "offset": -math.log(3.0)})

    assert task.decode(torch.tensor([[math.log(9.0)]]))["p_lens"] == pytest.approx([0.5])


def test_calibrate_finds_an_offset_where_there_are_enough():
    """The positive ones are rarer than the logits say; few objects give a temperature alone."""
    truth, outputs = _data(4000)
    target = TASK.encode(truth)

    calibration = TASK.calibrate(3.0 * outputs + 2.0, target)

    assert calibration["offset"] == pytest.approx(-2.0, abs=0.3)
    assert calibration["temperature"] == pytest.approx(1.0, rel=0.1)
    assert set(TASK.calibrate(3.0 * outputs[:900], target[:900])) == {"temperature"}


def test_calibrate_finds_the_temperature_that_decode_applies():
    """Logits that are twice too large are halved, and the log loss falls."""
    truth, outputs = _data(4000)
    target = TASK.encode(truth)
    # Two unit normals 3 apart have the log odds 3 z.
    calibration = TASK.calibrate(6.0 * outputs, target)
    task = BinaryClassification((TARGET,), calibration)

    before, after = (
        next(m for m in t.metrics(truth, t.decode(6.0 * outputs)) if m.name == "log_loss")
        for t in (TASK, task)
    )

    assert calibration["temperature"] == pytest.approx(2.0, rel=0.1)
    assert after.value < before.value


def test_metrics_have_intervals_and_counts():
    """Every metric of the card, in order, with limits around its value."""
    truth, outputs = _data()
    metrics = TASK.metrics(truth, TASK.decode(3.0 * outputs))

    assert [m.name for m in metrics] == NAMES
    for metric in metrics:
        assert metric.low <= metric.value <= metric.high
        assert metric.low < metric.high
    assert {m.name: m.n for m in metrics} == dict(
        zip(NAMES, [2000] + 4 * [1000] + 2 * [1000] + 4 * [2000], strict=True)
    )


def test_metrics_by_hand():
    """Six objects, counted by eye."""
    truth = {"lens": np.array(["lens", "lens", "lens", "non-lens", "non-lens", "non-lens"])}
    p = np.array([0.9, 0.8, 0.3, 0.85, 0.2, 0.1])

    found = {m.name: m.value for m in TASK.metrics(truth, {"p_lens": p})}

    assert found["auroc"] == pytest.approx(7 / 9)
    assert found["tpr0"] == pytest.approx(1 / 3)
    assert found["tpr10"] == 1.0
    assert found["completeness_99"] == pytest.approx(1 / 3)
    assert found["threshold_99"] == 0.85
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["brier"] == pytest.approx(
        (0.01 + 0.04 + 0.49 + 0.7225 + 0.04 + 0.01) / 6
    )  # fmt: skip
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.15, 0.8, 0.9]).mean())


def test_tpr10_is_for_fewer_than_ten_false_positives():
    """One lens lies just above the tenth negative from the top, and one just below."""
    p = np.concatenate([[0.105, 0.095], np.arange(20) / 100])

    metrics = TASK.metrics({"lens": np.repeat([1, 0], [2, 20])}, {"p_lens": p})

    assert [m.value for m in metrics if m.name == "tpr10"] == [0.5]


def test_metrics_refuse_what_cannot_be_compared():
    """One class alone, missing and shorter predictions are errors that say so."""
    with pytest.raises(InputError, match="all 3 objects are positive"):
        TASK.metrics({"lens": np.ones(3)}, {"p_lens": np.full(3, 0.5)})
    with pytest.raises(InputError, match="no column 'p_lens'; their columns are p"):
        TASK.metrics({"lens": np.arange(2)}, {"p": np.zeros(2)})
    with pytest.raises(InputError, match="2 rows and the predictions have 3"):
        TASK.metrics({"lens": np.arange(2)}, {"p_lens": np.zeros(3)})
    with pytest.raises(InputError, match="NaN"):
        TASK.metrics({"lens": np.arange(2)}, {"p_lens": np.array([np.nan, 0.5])})


def test_figures_are_named_by_file_stem():
    """Three pictures, with the names of the classes in them."""
    truth, outputs = _data(200)

    figures = TASK.figures(truth, TASK.decode(outputs))

    assert list(figures) == ["roc", "reliability", "scores"]
    assert figures["roc"].axes[0].get_xscale() == "log"
    assert "lens" in figures["scores"].axes[0].get_xlabel()


@pytest.mark.parametrize(("targets", "calibration", "message"), [
    ((), {}, "one target with two classes"),
    ((TARGET, TARGET), {}, "one target with two classes"),
    ((Target(name="a", classes=("x", "y", "z")),), {}, "one target with two classes"),
    ((Target(name="a", classes=("x", "x")),), {}, "all different"),
    ((TARGET,), {"temperature": 0.0}, "positive number, got 0.0"),
    ((TARGET,), {"temperature": math.nan}, "positive number"),
    ((TARGET,), {"offset": math.inf}, "the offset must be a number, got inf"),
    ((TARGET,), {"temprature": 1.0}, "'temprature'"),
])  # fmt: skip
def test_impossible_cards_are_refused(targets, calibration, message):
    """A card that does not suit the task is an error before anything runs."""
    with pytest.raises(CardError, match=message):
        BinaryClassification(targets, calibration)


def test_all_is_sorted_and_true():
    """What the package lists is there and in order."""
    names = zoo_core.tasks.__all__

    assert names == sorted(names)
    assert all(hasattr(zoo_core.tasks, name) for name in names)
