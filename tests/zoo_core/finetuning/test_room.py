"""Discs that have too little room, before and during a training."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny_models import make_backbone, make_pictures

from zoo_core import Zoo
from zoo_core.errors import OutputError
from zoo_core.finetuning import FinetuneOptions, finetune
from zoo_core.finetuning._room import check_room, telling_full_disc
from zoo_core.training import load_checkpoint, save_checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture
def free(monkeypatch):
    """Say how many bytes are free on all discs."""

    def say(count):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=count))

    return say


def network(frozen=False):
    """A million parameters: 4,000,000 bytes."""
    made = torch.nn.Linear(1000, 1000, bias=False)
    made.requires_grad_(not frozen)
    return made


@pytest.mark.parametrize(
    ("frozen", "has_checkpoint", "bytes_wanted"),
    [
        # Twice weights, average, best and two moments; weights in half precision.
        (False, True, 2 * (3 + 2) * 4_000_000 + 2_000_000),
        (True, True, 2 * 3 * 4_000_000 + 2_000_000),
        (True, False, 2_000_000),
    ],
)
def test_what_a_training_takes(tmp_path, free, frozen, has_checkpoint, bytes_wanted):
    """And three MiB for pictures, tables and golden output."""
    wanted = bytes_wanted + 3 * 2**20
    places = {"run": tmp_path / "a/run", "folder": tmp_path / "b/model"}
    free(wanted)
    check_room(network(frozen), **places, has_checkpoint=has_checkpoint)
    free(wanted - 1)

    with pytest.raises(OutputError, match=r"MiB for checkpoints in .*run and .* MiB for the"):
        check_room(network(frozen), **places, has_checkpoint=has_checkpoint)
    assert not list(tmp_path.iterdir())


def test_what_a_checkpoint_takes_already_is_not_asked_for_again(tmp_path, free):
    """A run that goes on writes over it."""
    (tmp_path / "run/checkpoint").mkdir(parents=True)
    (tmp_path / "run/checkpoint/network.safetensors").write_bytes(bytes(1_000_000))
    free(2 * 20_000_000 - 1_000_000 + 2_000_000 + 3 * 2**20)

    check_room(network(), run=tmp_path / "run", folder=tmp_path / "m", has_checkpoint=True)


def test_too_little_room_is_told_before_training(tmp_path, free):
    """With the numbers; nothing is written."""
    backbone, data = make_backbone(tmp_path), make_pictures(tmp_path / "x.npz")
    free(2_000_000)

    with pytest.raises(OutputError, match=r"only 1\.9 MiB are free there"):
        finetune(
            Zoo.discover(), str(backbone), data, name="mine", run=tmp_path / "run",
            folder=tmp_path / "mine", device="cpu",
            options=FinetuneOptions(array="x", strategy="full"),
        )  # fmt: skip
    assert not (tmp_path / "run/checkpoint").exists()
    assert not (tmp_path / "mine").exists()


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    """And nothing half done that takes room."""
    place = tmp_path / "checkpoint"
    save_checkpoint(place, {"network": {"w": torch.ones(3)}}, {"epoch": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"No space left.*one before it is whole.*--resume"):
        save_checkpoint(place, {"network": {"w": torch.zeros(3)}}, {"epoch": 2})
    groups, state = load_checkpoint(place)

    assert (groups["network"]["w"].tolist(), state["epoch"]) == ([1.0, 1.0, 1.0], 1)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_other_files_that_find_no_room(tmp_path):
    """Say so; any other error of the system stays what it is."""
    with (
        pytest.raises(OutputError, match=r"the disc is full at curves\.png\..*--resume"),
        telling_full_disc(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device", "curves.png")
    with pytest.raises(PermissionError), telling_full_disc(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


#: A disc with room for two checkpoints is filled after the first epoch, and emptied when the
#: training has failed.
_FILLED = """
import sys
from pathlib import Path
import torch
from team_worker import result, tuner
from zoo_core.distributed import Team
from zoo_core.errors import OutputError

torch.set_num_threads(1)
disc, other = Path(sys.argv[1]), Path(sys.argv[2])
name = "held statistics"

def fill(record):
    with (disc / "filler").open("wb", buffering=0) as handle:
        try:
            while True:
                handle.write(bytes(65536))
        except OSError:
            pass

try:
    tuner(disc / "run", Team(), name).run(after_epoch=fill)
except OutputError as error:
    assert "whole" in str(error), error
else:
    raise SystemExit("it was not full")
(disc / "filler").unlink()
again = tuner(disc / "run", Team(), name)
assert again.epoch == 1, again.epoch
again.run()
whole = tuner(other, Team(), name)
whole.run()
for key, value in result(whole)["network"].items():
    assert torch.equal(value, result(again)["network"][key]), key
print("as if nothing had been")
"""


@pytest.mark.slow
def test_a_disc_that_fills_up_in_the_middle(tmp_path):
    """A real one: the training fails with a word, and goes on from its last checkpoint."""
    unshare = shutil.which("unshare")
    script = f"mount -t tmpfs -o size=20m tmpfs {tmp_path}/disc && exec "
    (tmp_path / "disc").mkdir()
    if (
        not unshare
        or subprocess.run(
            [unshare, "-rm", "sh", "-c", script + "true"], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("a small disc cannot be mounted here")
    path = ":".join(map(str, (ROOT, ROOT / "plugins", ROOT / "tests/support")))
    done = subprocess.run(
        [
            unshare, "-rm", "sh", "-c", script + '"$@"', "sh",
            sys.executable, "-c", _FILLED, str(tmp_path / "disc"), str(tmp_path / "other"),
        ],
        env={"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert "as if nothing had been" in done.stdout, done.stderr
