"""The record of what references led to: written once, compared ever after."""

import json
import multiprocessing

import pytest

from zoo_core.errors import PlaceError
from zoo_core.places import LockFile, user_lock_file

FACTS = {"commit": "a" * 40, "config.json": "1" * 64}
OTHERS = {"commit": "b" * 40, "config.json": "2" * 64}


@pytest.fixture
def lock(tmp_path):
    return LockFile(tmp_path / "deep" / "places.lock.json")


def test_the_first_facts_are_recorded_and_agreed_with(lock):
    """Nothing is asked then; other references are others."""
    assert lock.get("hf://o/n@main") is None
    lock.check("hf://o/n@main", FACTS)
    lock.check("hf://o/n@main", FACTS)
    lock.check("hf://o/m@main", OTHERS)

    assert lock.entries() == {"hf://o/n@main": FACTS, "hf://o/m@main": OTHERS}


def test_other_facts_are_an_error_that_shows_both_and_the_way_out(lock):
    """And nothing is changed by it."""
    lock.check("hf://o/n@main", FACTS)

    with pytest.raises(PlaceError, match="zoo pull hf://o/n@main --accept") as caught:
        lock.check("hf://o/n@main", OTHERS)
    assert f"{'a' * 40} then, {'b' * 40} now" in str(caught.value)
    assert f"{'1' * 64} then, {'2' * 64} now" in str(caught.value)
    assert lock.get("hf://o/n@main") == FACTS


def test_accepted_facts_replace_the_old(lock):
    """From then on they are compared."""
    lock.check("hf://o/n@main", FACTS)
    lock.check("hf://o/n@main", OTHERS, accept=True)

    assert lock.get("hf://o/n@main") == OTHERS
    with pytest.raises(PlaceError):
        lock.check("hf://o/n@main", FACTS)


def test_a_forgotten_reference_is_new_again(lock):
    """Forgetting what is not there is no error."""
    lock.check("hf://o/n@main", FACTS)
    lock.forget("hf://o/n@main")
    lock.forget("hf://o/n@main")
    lock.check("hf://o/n@main", OTHERS)


def test_the_same_hashes_under_another_commit_are_the_same(lock):
    """The record then names the new commit; what a hash says is not negotiable."""
    lock.check("hf://o/n@main", FACTS)
    lock.check("hf://o/n@main", {**FACTS, "commit": "c" * 40})

    assert lock.get("hf://o/n@main") == {**FACTS, "commit": "c" * 40}
    with pytest.raises(PlaceError):
        lock.check("hf://o/n@main", {**FACTS, "config.json": "2" * 64})


def test_two_first_loads_with_different_answers(lock, monkeypatch):
    """The one that comes second is told, although nothing was recorded when it began."""
    read = LockFile._read

    def read_late(self):
        entries = read(self)
        if not entries:
            monkeypatch.setattr(LockFile, "_read", read)
            LockFile(lock.path).check("hf://o/n@main", FACTS)
        return entries

    monkeypatch.setattr(LockFile, "_read", read_late)
    with pytest.raises(PlaceError, match="is not what it was"):
        lock.check("hf://o/n@main", OTHERS)
    assert lock.get("hf://o/n@main") == FACTS


@pytest.mark.parametrize("content", ["{", "[]", '{"hf://o/n@main": 3}'])
def test_a_damaged_record_is_an_error_with_its_path(lock, content):
    """It is never taken for an empty one."""
    lock.path.parent.mkdir()
    lock.path.write_text(content)

    with pytest.raises(PlaceError, match=r"places\.lock\.json"):
        lock.get("hf://o/n@main")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """With the variable that names another."""
    (tmp_path / "file").write_text("")
    lock = LockFile(tmp_path / "file" / "places.lock.json")

    with pytest.raises(PlaceError, match="ZOO_LOCK"):
        lock.check("hf://o/n@main", FACTS)


def _record(path, number):
    LockFile(path).check(f"hf://o/n{number}@main", FACTS)


def test_processes_that_record_at_once_lose_nothing(lock):
    """Each reads, changes and writes under a lock."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_record, args=(lock.path, number)) for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert len(json.loads(lock.path.read_text())) == 4


def test_the_users_own_is_where_the_variable_says(tmp_path, monkeypatch):
    """Else beside the user's registry."""
    monkeypatch.setenv("ZOO_LOCK", str(tmp_path / "x.json"))
    assert user_lock_file().path == tmp_path / "x.json"
    monkeypatch.delenv("ZOO_LOCK")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_lock_file().path.name == "places.lock.json"
