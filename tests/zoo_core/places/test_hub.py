"""Models from a hub: fetched once, verified, recorded, and used without a network.

The hub is the zoo's own mirror, the client huggingface_hub itself.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from serving import serve
from toys import SIZE, trained_toy

from zoo_core import Zoo
from zoo_core.cards import CARD_FILE
from zoo_core.cli import main
from zoo_core.errors import CardError, PlaceError, UnknownName, UsageError, WeightsCorrupt
from zoo_core.models import verify_model
from zoo_core.places import choose_cached, list_cached, publish, remove_cached, user_lock_file
from zoo_core.registry import Registry

NAME = "hf://team/toy"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A zoo with a trained toy in its registry."""
    folder = tmp_path_factory.mktemp("zoo")
    return trained_toy(folder)[0], folder / "registry" / "toy"


@pytest.fixture
def mirror(trained, tmp_path):
    """A folder that a mirror serves, with the toy published into it."""
    zoo, _ = trained
    publish(zoo.find("toy"), str(tmp_path / "mirror" / "team" / "toy"))
    return tmp_path / "mirror"


NOBODY = "http://127.0.0.1:9"


def _images():
    return np.random.default_rng(0).normal(size=(5, 1, SIZE, SIZE)).astype("f4")


def _edit_card(folder, **fields):
    path = folder / CARD_FILE
    card = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps(card))


def test_the_same_predictions_to_the_bit_and_then_without_a_network(trained, mirror, machine):
    """Published, served, loaded with an empty cache, verified; again with no server."""
    zoo, _ = trained
    expected = zoo.load("toy").predict(_images())
    with serve(mirror) as url:
        machine(url)
        model = zoo.load(NAME)
        there = model.predict(_images())
        checks = verify_model(zoo, zoo.find(NAME))
    machine(NOBODY)
    again = zoo.load(NAME).predict(_images())

    assert np.array_equal(there["p_spot"], expected["p_spot"])
    assert np.array_equal(again["p_spot"], expected["p_spot"])
    assert there.meta["weights_sha256"] == expected.meta["weights_sha256"]
    assert all(check.passed for check in checks)
    assert model.found.full_name.startswith("hf://team/toy@")


def test_nothing_is_asked_for_what_is_in_the_cache(trained, mirror, machine, monkeypatch):
    """Not even whether there is something newer."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        zoo.load(NAME)
    monkeypatch.setattr("socket.socket.connect", _no_network)

    zoo.load(NAME)


def _no_network(*args):
    raise AssertionError("the network was used")


def test_no_network_and_no_cache_is_told_at_once(trained, machine):
    """Within three seconds: the command for a machine with a network, and the folder."""
    zoo, _ = trained
    machine(NOBODY)
    began = time.monotonic()

    with pytest.raises(PlaceError, match="zoo pull hf://team/toy@main") as caught:
        zoo.load(NAME)
    assert time.monotonic() - began < 3.0
    assert "models--team--toy" in str(caught.value)


def test_the_choice_to_be_offline_is_heeded(trained, mirror, machine, monkeypatch):
    """With a server that would have answered."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")

        with pytest.raises(PlaceError, match="HF_HUB_OFFLINE"):
            zoo.load(NAME)


def test_a_branch_that_moved_is_not_followed(trained, mirror, machine):
    """What was loaded first is loaded again, from the cache, as long as it is there."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        first = zoo.load(NAME).found.full_name
        _edit_card(mirror / "team" / "toy", version="2.0.0")

        assert zoo.load(NAME).found.full_name == first


def test_a_branch_that_moved_is_an_error_where_the_cache_is_gone(trained, mirror, machine):
    """Both commits are shown; it is taken when it is accepted."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        first = zoo.find(NAME)
        _edit_card(mirror / "team" / "toy", version="2.0.0")
        shutil.rmtree(huggingface_hub.constants.HF_HUB_CACHE)

        with pytest.raises(PlaceError, match="--accept") as caught:
            zoo.find(NAME)
        assert first.folder.name in str(caught.value)
        accepted = zoo.find(NAME, accept=True)
        assert accepted.card.version == "2.0.0"
        assert accepted.folder.name in str(caught.value)
        assert zoo.find(NAME).card.version == "2.0.0"


def test_a_commit_is_loaded_without_being_recorded(trained, mirror, machine):
    """It can lead to nothing else."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        commit = zoo.find(NAME).full_name
        machine(url, "second")

        assert zoo.find(commit).full_name == commit
        assert user_lock_file().entries() == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf://team/nothing", "no repository team/nothing"),
        ("hf://team/toy@v9", "no revision 'v9'"),
        ("hf://team/empty", "no file config.json"),
    ],
)
def test_what_the_hub_does_not_have_is_told(trained, mirror, machine, name, message):
    """Repository, revision and file are told apart."""
    zoo, _ = trained
    (mirror / "team" / "empty").mkdir()
    (mirror / "team" / "empty" / "notes.md").write_text("no model")
    with serve(mirror) as url:
        machine(url)

        with pytest.raises(PlaceError, match=message):
            zoo.load(name)


def test_weights_that_are_not_the_cards_are_refused(trained, mirror, machine):
    """Whoever delivers them: expected and found hash are shown."""
    zoo, _ = trained
    path = mirror / "team" / "toy" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with serve(mirror) as url:
        machine(url)

        with pytest.raises(WeightsCorrupt, match=r"(?s)expected:.*found:"):
            zoo.load(NAME)


def test_a_damaged_cache_is_repaired(trained, mirror, machine):
    """The file is fetched once more, and nothing else is said about it."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        found = zoo.load(NAME).found
        blob = (found.folder / "model.safetensors").resolve()
        blob.write_bytes(blob.read_bytes()[:100])

        assert zoo.load(NAME).report.loaded > 0
    assert len(blob.read_bytes()) > 100


def test_a_card_with_a_path_in_it_is_refused(trained, mirror, machine):
    """A file name is a name, wherever it comes from."""
    zoo, _ = trained
    folder = mirror / "team" / "toy"
    weights = json.loads((folder / CARD_FILE).read_text())["weights"]
    with serve(mirror) as url:
        for file in ("../model.safetensors", "/etc/passwd", "a/../../b"):
            _edit_card(folder, weights={**weights, "file": file})
            machine(url, file.replace("/", "_"))

            with pytest.raises(CardError, match="file"):
                zoo.load(NAME)


def test_processes_that_load_at_once_all_succeed(mirror, tmp_path):
    """Each waits for the one that downloads."""
    with serve(mirror) as url:
        environment = {
            **os.environ,
            "HF_ENDPOINT": url,
            "HF_HUB_CACHE": str(tmp_path / "shared"),
            "ZOO_LOCK": str(tmp_path / "shared.json"),
        }
        command = [sys.executable, "-m", "zoo_core", "pull", NAME, "--json"]
        running = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(3)
        ]
        told = [json.loads(process.communicate(timeout=60)[0]) for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert told[0] == told[1] == told[2]
    blobs = tmp_path / "shared" / "models--team--toy" / "blobs"
    assert not [path for path in blobs.iterdir() if path.suffix == ".incomplete"]


def test_the_cache_is_listed_and_emptied(trained, mirror, machine):
    """By repository or revision; what is not there is an error."""
    zoo, _ = trained
    with serve(mirror) as url:
        machine(url)
        found = zoo.find(NAME)
        found.read(found.card.weights.ref)
    (cached,) = list_cached(user_lock_file())

    assert (cached.reference.repository, cached.names) == ("team/toy", ("main",))
    assert cached.is_recorded
    assert cached.size > found.card.weights.ref.size
    with pytest.raises(UnknownName, match="hf://team/toy"):
        choose_cached([cached], ["hf://team/toi"])
    assert remove_cached(choose_cached([cached], ["hf://team/toy"])) > 0
    assert list_cached(user_lock_file()) == []
    assert not Path(cached.folder).exists()


def test_an_empty_cache_is_no_error(machine):
    """Nothing was fetched yet."""
    machine(NOBODY)

    assert list_cached(user_lock_file()) == []


def test_a_published_folder_is_replaced_by_its_own_model_only(trained, tmp_path):
    """Other models and other things are left alone."""
    zoo, _ = trained
    target = tmp_path / "team" / "toy"
    publish(zoo.find("toy"), str(target))
    publish(zoo.find("toy"), str(target))
    _edit_card(target, name="other")

    with pytest.raises(OSError, match="holds the model 'other'"):
        publish(zoo.find("toy"), str(target))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("chapter one")
    with pytest.raises(OSError, match="holds other things"):
        publish(zoo.find("toy"), str(tmp_path / "full"))
    with pytest.raises(UsageError, match="hf://org/name or a folder"):
        publish(zoo.find("toy"), "ftp://host/toy")


@pytest.fixture
def split(trained, tmp_path):
    """A zoo whose registry holds the toy without its weights, which a hub has."""
    zoo, folder = trained
    shutil.copytree(folder, tmp_path / "split" / "toy")
    (tmp_path / "split" / "toy" / "model.safetensors").unlink()
    return Zoo(zoo.plugins.plugins, [Registry("split", tmp_path / "split")])


def _name_sources(tmp_path, *sources):
    folder = tmp_path / "split" / "toy"
    weights = json.loads((folder / CARD_FILE).read_text())["weights"]
    _edit_card(folder, weights={**weights, "sources": list(sources)})


def test_weights_come_from_the_sources_of_the_card_in_order(split, mirror, machine, tmp_path):
    """The first that has them; verified against the card that is here."""
    _name_sources(tmp_path, "hf://team/gone", "hf://team/toy")
    with serve(mirror) as url:
        machine(url)

        assert split.load("toy").report.loaded > 0
    machine(NOBODY)
    assert split.load("toy").report.loaded > 0


def test_a_source_with_other_weights_is_refused(split, mirror, machine, tmp_path):
    """Both hashes are shown, as for a file that was changed."""
    _name_sources(tmp_path, "hf://team/toy")
    path = mirror / "team" / "toy" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with serve(mirror) as url:
        machine(url)

        with pytest.raises(WeightsCorrupt, match=r"(?s)expected:.*found:"):
            split.load("toy")


def test_a_commit_that_a_mirror_does_not_have(split, mirror, machine, tmp_path):
    """The card's hash tells whether its main is the same; without one the error says why."""
    source = f"hf://team/toy@{'a' * 40}"
    _name_sources(tmp_path, source)
    with serve(mirror) as url:
        machine(url)

        assert split.load("toy").report.loaded > 0
        with pytest.raises(PlaceError, match="A mirror has no revision but main"):
            split.find(source)
    path = mirror / "team" / "toy" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with serve(mirror) as url:
        machine(url, "second")
        with pytest.raises(WeightsCorrupt, match=r"(?s)expected:.*found:"):
            split.load("toy")


def test_what_the_record_needs_is_not_pruned(split, mirror, machine, tmp_path, capsys):
    """Weights whose hash only the record knows, of a commit that no branch leads to."""
    folder = tmp_path / "split" / "toy"
    weights = json.loads((folder / CARD_FILE).read_text())["weights"]
    open_ = {**weights, "sha256": None, "size": None, "sources": ["hf://team/toy"]}
    _edit_card(folder, weights=open_)
    with serve(mirror) as url:
        cache = machine(url)
        split.load("toy")
    shutil.rmtree(cache / "models--team--toy" / "refs")
    assert main(["cache", "--prune"]) == 0

    machine(NOBODY)
    assert split.load("toy").report.loaded > 0


def test_no_source_at_all_is_told_of_each(split, machine, tmp_path):
    """And one that is written wrongly is the card's fault."""
    machine(NOBODY)
    _name_sources(tmp_path, "hf://team/a", "hf://team/b")
    with pytest.raises(PlaceError, match=r"(?s)team/a.*team/b"):
        split.load("toy")
    _name_sources(tmp_path, "https://example.org/model.safetensors")
    with pytest.raises(CardError, match="hf://org/name"):
        split.load("toy")
    _name_sources(tmp_path)
    with pytest.raises(WeightsCorrupt, match="cannot be read"):
        split.load("toy")
