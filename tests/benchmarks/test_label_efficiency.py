"""How many labels a start is worth: draws, and what the page says of numbers made by hand."""

import math

import numpy as np
import pytest

from benchmarks.label_efficiency.page import (
    few_against_all,
    goal,
    mean_and_half_width,
    write_page,
)
from benchmarks.label_efficiency.runs import Trial, draw_labels, epochs_for
from benchmarks.label_efficiency.tasks import FOLDS, Labelled, folds_of


def record(**changes):
    """A finished fine-tuning of the radio task, on its fold of the table."""
    seed = changes.get("seed", 0)
    return {
        "task": "radio", "start": "scratch", "labels": None, "trained": 500, "tested": 100,
        "seed": seed, "fold": seed % FOLDS, "accuracy": 0.9, "auroc": 0.95, **changes,
    }  # fmt: skip


@pytest.fixture
def task():
    labels = np.arange(200) % 2
    return Labelled(
        name="radio",
        title="made by hand",
        images=np.zeros((200, 1, 4, 4)),
        labels=labels,
        classes=("a", "b"),
        fold=folds_of(labels, np.arange(200) // 4),
        counts=(32, None),
    )


def test_parts_share_no_object_and_hold_the_labels_asked_for(task):
    """15 % of the labels validate, both classes in each part, the fold is only tested on."""
    rows = draw_labels(task, Trial(count=40, seed=1, fold=2))
    assert (len(rows["train"]), len(rows["validation"])) == (34, 6)
    assert set(rows["test"]) == set(np.flatnonzero(task.fold == 2))
    joined = np.concatenate(list(rows.values()))
    assert len(set(joined)) == len(joined)
    for part in rows.values():
        assert set(task.labels[part]) == {0, 1}
    every = draw_labels(task, Trial(count=None, seed=1, fold=2))
    assert len(np.concatenate(list(every.values()))) == 200


def test_each_seed_draws_other_labels(task):
    """And the same seed the same ones."""
    first, again, other = (
        draw_labels(task, Trial(count=40, seed=seed, fold=0))["train"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_folds_keep_groups_whole(task):
    """Sources of one place are trained on or tested on, never both."""
    for group in range(50):
        assert len(set(task.fold[4 * group : 4 * group + 4])) == 1


def test_few_labels_are_seen_often():
    """More epochs the fewer labels; never fewer than four."""
    epochs = [epochs_for(labels) for labels in (32, 100, 300, 1000, 100_000)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[-1] == 4


def test_interval_of_three_seeds():
    """Student's t with two degrees of freedom; one seed has none."""
    mean, half = mean_and_half_width([0.8, 0.9, 1.0])
    assert mean == pytest.approx(0.9)
    assert half == pytest.approx(4.303 * 0.1 / math.sqrt(3), rel=1e-3)
    assert mean_and_half_width([0.5])[1] == math.inf


@pytest.mark.parametrize(
    ("auroc", "verdict"), [(0.96, "At least as good"), (0.93, "Short by 0.020")]
)
def test_few_labels_are_held_against_scratch_with_all(auroc, verdict):
    """The best pretrained start at 300 labels counts."""
    records = [
        record(),
        record(labels=300, auroc=0.99),
        record(start="ImageNet, head", labels=300, auroc=0.5),
        record(start="ImageNet, full", labels=300, auroc=auroc),
    ]
    said = few_against_all(records)
    assert verdict in said[0]
    assert "ImageNet, full" in said[0]
    assert "missed" in said[-1]


def test_two_of_three_tasks_meet_the_goal():
    """One is not enough."""
    records = [
        entry
        for name in ("radio", "galaxy-zoo")
        for entry in (record(task=name), record(task=name, start="x", labels=300, auroc=0.97))
    ]
    assert "met (2 of 2)" in few_against_all(records)[-1]


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.95, "is met"), (0.93, "missed by 0.0100")]
)
def test_the_radio_goal_counts_whole_sets_of_folds(accuracy, verdict):
    """Seeds whose folds are not all there are left out; folds weigh by their objects."""
    full = [
        record(start="ImageNet, full", seed=seed, fold=fold, accuracy=accuracy)
        for seed in (0, 1)
        for fold in range(FOLDS)
    ]
    unfinished = record(start="ImageNet, full", seed=2, fold=0, accuracy=0.1)
    said = goal([*full, unfinished])
    assert verdict in said
    assert "mean of 2 seeds, 500 sources each" in said
    assert "not run" in goal([unfinished])


def test_page_says_what_was_not_run(tmp_path):
    """A table with one seed and holes has no made-up numbers, and further folds stay out."""
    records = [
        record(), record(labels=300), record(start="ImageNet, full", fold=3, accuracy=0.1),
        record(start="ImageNet, full", labels=300),
    ]  # fmt: skip
    write_page(records, tmp_path / "page")
    text = (tmp_path / "page.md").read_text()
    assert "| ImageNet, full | 0.900 (one seed) | not run |" in text
    assert "0.100" not in text
    assert (tmp_path / "page.png").stat().st_size < 100_000
