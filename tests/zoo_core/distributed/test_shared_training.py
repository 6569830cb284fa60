"""Two processes train what one process trains."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import team_worker
import torch

from zoo_core.distributed import Team

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process comes to."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield team_worker.everything(tmp_path_factory.mktemp("alone"), Team())
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two processes comes to."""
    folder = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "plugins", ROOT / "tests" / "support")))
    workers = []
    for rank in range(2):
        environment = {
            **os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1",
            "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        workers.append(
            subprocess.Popen(
                [sys.executable, "-m", "team_worker", str(folder)],
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        told = [worker.communicate(timeout=300)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0], told
    return folder, [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in (0, 1)]


@pytest.mark.parametrize("name", team_worker.RUNS)
def test_it_ends_with_the_weights_of_one_process(alone, together, name):
    """To rounding."""
    wanted, (found, _) = alone[name], together[1]

    assert found[name]["best_epoch"] == wanted["best_epoch"]
    for kind in ("network", "best"):
        for key, value in wanted[kind].items():
            other = found[name][kind][key]
            torch.testing.assert_close(other, value, rtol=1e-5, atol=2e-6, msg=f"{kind} {key}")
    for row, other in zip(wanted["history"], found[name]["history"], strict=True):
        assert other == pytest.approx(row, rel=1e-5)


@pytest.mark.parametrize("name", team_worker.RUNS)
def test_all_processes_hold_the_same_bits(together, name):
    """Although they began with other weights."""
    first, second = (found[name] for found in together[1])

    assert first["history"] == second["history"]
    for key, value in first["network"].items():
        assert torch.equal(value, second["network"][key])


def test_layers_that_look_at_the_batch_see_the_whole(alone, together):
    """Batch normalisations, dropout and stochastic depth, forwards and backwards."""
    for one, *both in zip(alone["layers"], *(f["layers"] for f in together[1]), strict=True):
        for other in both:
            torch.testing.assert_close(other, one, rtol=1e-6, atol=1e-7)


def test_features_are_shared_and_the_same(alone, together):
    """Each process has all of them, in their order."""
    for found in together[1]:
        torch.testing.assert_close(found["features"], alone["features"])


def test_all_stop_where_the_first_does(together):
    """Early stopping goes by one process's numbers."""
    assert [found["stopped"] for found in together[1]] == [(4, 2), (4, 2)]


def test_a_shared_run_is_gone_on_with(together):
    """To the same bits; the others get the checkpoint of the first."""
    _, (first, second) = together
    for found in (first, second):
        began, again = found["resumed"]
        assert began == 1
        assert again["history"] == first["held statistics"]["history"]
        for kind in ("network", "best"):
            for key, value in again[kind].items():
                assert torch.equal(value, first["held statistics"][kind][key])


def test_one_process_goes_on_with_a_shared_run(together, tmp_path):
    """A checkpoint does not know how many have trained it."""
    folder, (found, _) = together
    shutil.copytree(folder / "held statistics", tmp_path / "run")
    made = team_worker.tuner(tmp_path / "run", Team(), "held statistics", epochs=3)
    for key, value in made.network.state_dict().items():
        assert torch.equal(value, found["held statistics"]["network"][key])
    made.run()

    assert made.epoch == 3
    assert len(made.history) == 3


def test_an_interrupt_of_one_stops_all_at_the_same_step(together):
    """In the step after it, in the second epoch of four steps each."""
    told = [found["interrupted"] for found in together[1]]

    assert told[0] == told[1]
    assert told[0][0] in (4, 5)


def test_one_that_fails_ends_the_others_with_its_reason(together):
    """At once."""
    _, (first, last) = together

    assert last["error"] == "ValueError('the disc is on fire')"
    assert "process 1 of 2: the disc is on fire" in first["error"]


def test_objects_are_dealt_out_in_order(together):
    """The first processes have one more where it does not come out even."""
    for found in together[1]:
        assert found["parts"] == [slice(0, 4), slice(4, 7)]
        assert found["said"] == "by 0"
        assert found["device"] == "cpu"


def test_only_the_first_writes(together):
    """Nobody else left a folder."""
    folder, _ = together
    files = {path.name for path in (folder / "held statistics").iterdir()}

    assert files == {"checkpoint", "history.csv"}
