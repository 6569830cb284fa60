"""Curves for TensorBoard."""

import csv
import sys

import pytest
from tiny_models import make_backbone, make_pictures

from zoo_core import Zoo
from zoo_core.errors import UsageError
from zoo_core.finetuning import FinetuneOptions, Reporter, finetune
from zoo_core.finetuning._tensorboard import Board


def tune(tmp_path, backbone, *, resumes=False, reporter=None, strategy="full"):
    return finetune(
        Zoo.discover(), str(backbone), make_pictures(tmp_path / "x.npz"), name="mine",
        run=tmp_path / "run", folder=tmp_path / "mine", device="cpu", resumes=resumes,
        options=FinetuneOptions(array="x", strategy=strategy, settings={"epochs": 3}),
        tensorboard=True, reporter=reporter,
    )  # fmt: skip


def scalars(folder):
    """Steps and values, by tag, of all that was ever written and is there."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util import tensor_util

    found = {}
    for file in folder.glob("events.out.tfevents.*"):
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                number = float(tensor_util.make_ndarray(value.tensor))
                found.setdefault(value.tag, []).append((event.step, number))
    return found


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    """Before anything is read or written."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)

    with pytest.raises(UsageError, match=r"pip install 'astrozoo\[tensorboard\]'"):
        tune(tmp_path, tmp_path / "no-model")
    assert not (tmp_path / "run").exists()


def test_each_epoch_is_there_once_after_a_kill(tmp_path):
    """Loss, metrics and rate, as in history.csv; a resumed run writes no step twice."""
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")

    class Killed(Exception):
        pass

    class Killer(Reporter):
        def epoch(self, record):
            if record["epoch"] == 2:
                raise Killed

    backbone = make_backbone(tmp_path)
    with pytest.raises(Killed):
        tune(tmp_path, backbone, reporter=Killer())
    assert [step for step, _ in scalars(tmp_path / "run/tensorboard")["loss/training"]] == [
        1,
        2,
    ]
    tune(tmp_path, backbone, resumes=True)
    found = scalars(tmp_path / "run/tensorboard")
    with (tmp_path / "run/history.csv").open() as handle:
        rows = list(csv.DictReader(handle))

    for tag, name in {
        "loss/training": "training_loss",
        "loss/validation": "validation_loss",
        "learning_rate": "learning_rate",
        "validation/auroc": "auroc",
    }.items():
        assert [step for step, _ in found[tag]] == [1, 2, 3]
        wanted = [float(row[name]) for row in rows]
        assert [value for _, value in found[tag]] == pytest.approx(wanted)
    assert len(found) == len(rows[0]) - 2  # all but the epoch and its seconds


def test_an_epoch_whose_event_was_lost_is_written_again(tmp_path):
    """From the history, which is in the checkpoint."""
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    rows = [{"epoch": float(n), "training_loss": 1.0 / n, "seconds": 1.0} for n in (1, 2, 3)]
    for known in (rows[:1], rows):
        board = Board(tmp_path, known)
        board.close()

    assert scalars(tmp_path) == {
        "loss/training": [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    }


def test_a_head_has_a_step_for_each_penalty(tmp_path):
    """As its history has a row."""
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    tune(tmp_path, make_backbone(tmp_path), strategy="head")

    assert [step for step, _ in scalars(tmp_path / "run/tensorboard")["penalty"]] == list(
        range(1, 11)
    )
