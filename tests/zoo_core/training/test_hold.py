"""One training at a time in a folder."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toys import toy_recipe, toy_zoo

from zoo_core.cli import main
from zoo_core.errors import OutputError, UsageError
from zoo_core.training import hold_run, make_trainer

HOLD = """
import pathlib, sys, time
from zoo_core.training import hold_run

with hold_run(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_held_by_one_at_a_time(tmp_path):
    """And is free, with nothing left of it, when the first one is done."""
    folder = tmp_path / "runs" / "one"
    with (
        hold_run(folder),
        pytest.raises(UsageError, match="in use by another"),
        hold_run(folder),
    ):
        pass

    assert not folder.exists()
    with hold_run(folder):
        pass


def test_a_folder_that_was_there_stays(tmp_path):
    """Empty or not; so does one in which something was written."""
    with hold_run(tmp_path):
        pass
    with hold_run(tmp_path / "new"):
        (tmp_path / "new" / "history.csv").touch()

    assert (tmp_path / "new" / "history.csv").exists()


def test_an_error_frees_the_folder(tmp_path):
    """A training that diverged can be begun again."""
    with pytest.raises(ZeroDivisionError), hold_run(tmp_path):
        _ = 1 / 0
    with hold_run(tmp_path):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    """What it leaves is no run and keeps none from beginning."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="in use"), hold_run(tmp_path / "run"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    zoo = toy_zoo(tmp_path)

    assert [file.name for file in (tmp_path / "run").iterdir()] == ["run.lock"]
    with hold_run(tmp_path / "run"):
        assert make_trainer(zoo, toy_recipe(zoo), tmp_path / "run").epoch == 0


def test_zoo_train_is_refused_while_another_is_at_work(tmp_path, capsys):
    """With the exit code of a wrong request, and nothing of the run touched."""
    with hold_run(tmp_path / "run"):
        assert main(["train", "resnet-lens", "--fast", "-o", str(tmp_path / "run")]) == 2
        assert "in use by another training" in capsys.readouterr().err
        assert [file.name for file in (tmp_path / "run").iterdir()] == ["run.lock"]


def test_a_place_that_cannot_be_written_is_told():
    """As for every other output."""
    with (
        pytest.raises(OutputError, match="/proc/run cannot be written"),
        hold_run(Path("/proc/run")),
    ):
        pass
