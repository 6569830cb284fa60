"""A run that is killed ends as one that is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import team_worker
import torch
from tiny_models import make_backbone, make_pictures

from zoo_core import Zoo
from zoo_core.distributed import Team
from zoo_core.errors import UsageError
from zoo_core.finetuning import FinetuneOptions, Reporter, finetune

ROOT = Path(__file__).parents[3]

RUN = "held statistics"

#: Killed in the middle of the second epoch.
_KILLED = f"""
import os, signal, sys
from pathlib import Path
import torch
from team_worker import tuner
from zoo_core.distributed import Team

def kill(step, steps, loss):
    if step == 6:
        os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
tuner(Path(sys.argv[1]), Team(), {RUN!r}, epochs=3).run(progress=kill)
"""


class _Killed(Exception):
    pass


@pytest.fixture
def one_thread():
    """Sums in the same order as in another process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def whole(folder, **changes):
    made = team_worker.tuner(folder, Team(), RUN, **changes)
    made.run()
    return made


def assert_same(made, other):
    """All that a run ends with."""
    # Before the results: for them the best weights are put into the average.
    averages = [m.average.model.state_dict() for m in (made, other)]
    for key, value in averages[0].items():
        assert torch.equal(averages[1][key], value), key
    results = [team_worker.result(m) for m in (made, other)]
    assert results[0]["history"] == results[1]["history"]
    for kind in ("network", "best"):
        for key, value in results[0][kind].items():
            assert torch.equal(results[1][kind][key], value), key
    states = [m.optimizer.state_dict()["state"] for m in (made, other)]
    for key, moments in states[0].items():
        for name, value in moments.items():
            assert torch.equal(states[1][key][name], value)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_sigkill_in_the_middle_of_an_epoch(tmp_path, one_thread):
    """Weights, average, best, moments, rates and history are those of a whole run."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "plugins", ROOT / "tests/support")))
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "killed")],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=300,
    )
    assert killed.returncode == -signal.SIGKILL
    again = team_worker.tuner(tmp_path / "killed", Team(), RUN, epochs=3)
    assert again.epoch == 1
    again.run()

    assert_same(whole(tmp_path / "whole", epochs=3), again)


@pytest.mark.parametrize("left_after", [1, 2, 3])
def test_early_stopping_counts_on_from_before(tmp_path, left_after):
    """It ends in the same epoch, with the same best one, wherever it was left."""
    losses = dict(enumerate([0.5, 0.4, 0.6, 0.7, 0.8, 0.9], start=1))

    def make():
        made = team_worker.tuner(tmp_path, Team(), RUN, epochs=6, patience=2)
        made._validate = lambda: {"validation_loss": losses[made.epoch + 1]}
        return made

    def leave(record):
        if record["epoch"] == left_after:
            raise _Killed

    with pytest.raises(_Killed):
        make().run(after_epoch=leave)
    again = make()
    again.run()

    assert (again.epoch, again.best_epoch) == (4, 2)
    assert again.is_finished
    assert make().is_finished


def test_one_that_is_finished_trains_no_more(tmp_path):
    """It has its weights."""
    made = whole(tmp_path)
    again = team_worker.tuner(tmp_path, Team(), RUN)
    again.run(progress=pytest.fail)

    assert_same(made, again)


def test_a_kill_while_the_checkpoint_is_put_in_its_place(tmp_path, monkeypatch):
    """Between the two renames: the one before it is found under its other name."""
    rename = Path.rename
    made = team_worker.tuner(tmp_path / "killed", Team(), RUN, epochs=3)

    def kill(path, target):
        if path.name == "checkpoint.new" and made.epoch == 2:
            raise _Killed
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", kill)
    with pytest.raises(_Killed):
        made.run()
    monkeypatch.undo()
    again = team_worker.tuner(tmp_path / "killed", Team(), RUN, epochs=3)
    assert again.epoch == 1
    again.run()

    assert_same(whole(tmp_path / "whole", epochs=3), again)


# The whole command


@pytest.fixture
def tune(tmp_path):
    """Fine-tunes and gives the bytes of the weights."""
    zoo = Zoo.discover()
    backbone, data = make_backbone(tmp_path), make_pictures(tmp_path / "x.npz")

    def tune(name, *, resumes=False, reporter=None, strategy="full"):
        finetune(
            zoo, str(backbone), data, name=name, run=tmp_path / name,
            folder=tmp_path / "registry" / name, device="cpu", resumes=resumes,
            options=FinetuneOptions(array="x", strategy=strategy, settings={"epochs": 2}),
            reporter=reporter,
        )  # fmt: skip
        return (tmp_path / "registry" / name / "model.safetensors").read_bytes()

    return tune


class _Killer(Reporter):
    def __init__(self, stage):
        self.wanted = stage

    def stage(self, name):
        if name == self.wanted:
            raise _Killed


@pytest.mark.parametrize(("stage", "resumes"), [("features", True), ("test", False)])
def test_a_head_is_fitted_again_to_the_same_weights(tune, stage, resumes):
    """It takes seconds, and so it has no checkpoint; with --resume or without."""
    wanted = tune("whole", strategy="head")
    with pytest.raises(_Killed):
        tune("cut", strategy="head", reporter=_Killer(stage))

    assert tune("cut", strategy="head", resumes=resumes) == wanted


def test_a_run_that_is_killed_after_the_training(tune):
    """The model folder is written by the same command with --resume."""
    wanted = tune("whole")
    with pytest.raises(_Killed):
        tune("cut", reporter=_Killer("test"))

    assert tune("cut", resumes=True) == wanted


def test_a_checkpoint_under_its_other_name_is_a_run_too(tune, tmp_path):
    """It is not begun anew without a word."""
    with pytest.raises(_Killed):
        tune("cut", reporter=_Killer("test"))
    (tmp_path / "cut/checkpoint").rename(tmp_path / "cut/checkpoint.old")

    with pytest.raises(UsageError, match="--resume"):
        tune("cut")
