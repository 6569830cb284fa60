"""What a launcher says, and which device each process takes."""

import pytest
import torch

from zoo_core.distributed import Launched, Team, join_team, launched
from zoo_core.errors import DeviceError, UsageError

VARIABLES = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


@pytest.fixture
def told(monkeypatch):
    """Sets the variables of a launcher, but for those that are given."""

    def tell(**changes):
        for name, value in {**VARIABLES, **changes}.items():
            monkeypatch.setenv(name, value)

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tell


def test_without_a_launcher_there_is_one_process(told):
    """And the team asks nobody."""
    assert launched() == Launched(0, 1, 0)
    with join_team("cpu") as (team, device):
        assert (team.rank, team.size, team.is_first, device) == (0, 1, True, "cpu")
        assert team.from_first(lambda: 7) == 7
        assert team.gather("a") == ["a"]


def test_a_launcher_says_which_of_how_many(told):
    """By its variables, all of which must be there."""
    told()
    assert launched() == Launched(3, 4, 1)
    told(MASTER_PORT="")
    assert launched() == Launched()


@pytest.mark.parametrize("rank", ["4", "-1", "first"])
def test_variables_that_contradict_each_other(told, rank):
    """Are named."""
    told(RANK=rank)
    with pytest.raises(UsageError, match=f"RANK={rank}, WORLD_SIZE=4"):
        launched()


def test_each_process_has_its_own_gpu(monkeypatch):
    """By its number on the machine; more processes than GPUs are an error."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    assert Launched(5, 8, 1).device("auto") == "cuda:1"
    assert Launched(5, 8, 1).device("cpu") == "cpu"
    with pytest.raises(DeviceError, match="process 3 of this machine has no GPU: there are 2"):
        Launched(6, 8, 2).device("cuda")
    with pytest.raises(UsageError, match="--device cuda:1 is one device for 8 processes"):
        Launched(5, 8, 1).device("cuda:1")


def test_without_gpus_they_share_the_processor(monkeypatch):
    """Unless GPUs were asked for."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)

    assert Launched(1, 2, 1).device("auto") == "cpu"
    with pytest.raises(DeviceError, match="has no GPU"):
        Launched(1, 2, 1).device("cuda")


@pytest.mark.parametrize(("count", "size"), [(7, 3), (2, 4), (8, 2), (0, 2)])
def test_parts_follow_each_other_and_are_alike(count, size):
    """None is lost, and none has two more than another."""
    parts = []
    for rank in range(size):
        team = Team()
        team.rank, team.size = rank, size
        parts.append(team.part(count))
    lengths = [part.stop - part.start for part in parts]

    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, count)
    assert max(lengths) - min(lengths) <= 1
