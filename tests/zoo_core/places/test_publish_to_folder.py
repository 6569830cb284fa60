"""Publishing into a folder that a mirror serves: the old model or the new one, nothing else."""

import json
import shutil
from pathlib import Path

import pytest
from toys import trained_toy

from zoo_core.cards import CARD_FILE, read_card, readme
from zoo_core.cli import main
from zoo_core.errors import OutputError, UsageError
from zoo_core.places import publish


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A zoo with a trained toy in its registry."""
    folder = tmp_path_factory.mktemp("zoo")
    return trained_toy(folder)[0], folder / "registry" / "toy"


@pytest.fixture
def mine(trained, tmp_path):
    """A copy of the toy that may be changed."""
    return Path(shutil.copytree(trained[1], tmp_path / "mine"))


@pytest.fixture
def target(tmp_path):
    return tmp_path / "mirror" / "team" / "toy"


def _edit_card(folder, **fields):
    path = folder / CARD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_hidden_entries_of_the_place_stay(trained, mine, target):
    """A history, notes of a program; what was published and is gone from the model is gone."""
    zoo, _ = trained
    (mine / "more.md").write_text("first")
    publish(zoo.find(str(mine)), str(target))
    (target / ".git" / "objects").mkdir(parents=True)
    (target / ".git" / "objects" / "pack").write_text("history")
    (target / ".git" / "link").symlink_to("objects")
    (target / "figures" / ".kept").write_text("")
    (mine / "more.md").unlink()
    publish(zoo.find(str(mine)), str(target))

    assert (target / ".git" / "objects" / "pack").read_text() == "history"
    assert (target / ".git" / "link").is_symlink()
    assert (target / "figures" / ".kept").is_file()
    assert not (target / "more.md").exists()
    assert sorted(path.name for path in target.parent.iterdir()) == ["toy"]


def test_a_folder_is_not_published_onto_itself(trained, mine):
    """However the same folder is written, nor into it; nothing of it is lost."""
    zoo, _ = trained
    (mine / ".git").mkdir()
    link = mine.with_name("link")
    link.symlink_to(mine)
    before = sorted(path.name for path in mine.iterdir())

    for same in (mine, link, mine / "." / "figures" / "..", mine / "copy"):
        with pytest.raises(UsageError, match="is to be published"):
            publish(zoo.find(str(mine)), str(same))
    assert sorted(path.name for path in mine.iterdir()) == before


def test_a_link_is_followed(trained, target, tmp_path):
    """The link stays one, and the folder behind it has the model."""
    zoo, _ = trained
    real = tmp_path / "disk" / "toy"
    real.mkdir(parents=True)
    target.parent.mkdir(parents=True)
    target.symlink_to(real)
    publish(zoo.find("toy"), str(target))

    assert target.is_symlink()
    assert (real / CARD_FILE).is_file()


def test_a_folder_that_was_left_aside_is_put_back(trained, mine, target):
    """After a process that ended between the two renames: its hidden files are there again."""
    zoo, _ = trained
    publish(zoo.find("toy"), str(target))
    (target / ".git").mkdir()
    target.rename(target.with_name(".toy.old"))
    publish(zoo.find("toy"), str(target))

    assert (target / ".git").is_dir()
    target.rename(target.with_name(".toy.old"))
    _edit_card(mine, name="other")
    with pytest.raises(OutputError, match="holds the model 'toy'"):
        publish(zoo.find(str(mine)), str(target))
    assert read_card(target).name == "toy"


def test_what_cannot_be_put_in_place_leaves_the_old(trained, mine, target, monkeypatch):
    """The second rename fails: the first is undone."""
    zoo, _ = trained
    publish(zoo.find("toy"), str(target))
    _edit_card(mine, version="2.0.0")
    rename = Path.rename

    def fail(path, place):
        if path.name.endswith(".new"):
            raise PermissionError(13, "Permission denied")
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="cannot be written"):
        publish(zoo.find(str(mine)), str(target))
    assert read_card(target).version == "1.0.0"


def test_the_command_that_is_printed_loads_it(trained, mine, target, capsys, monkeypatch):
    """From any folder, although a relative path was given."""
    zoo, _ = trained
    target.parent.mkdir(parents=True)
    monkeypatch.chdir(target.parents[1])
    assert main(["publish", str(mine), "team/toy"]) == 0
    command = capsys.readouterr().err.strip().rpartition("zoo load ")[2]

    monkeypatch.chdir("/")
    assert command == str(target)
    assert zoo.load(command).card.name == "toy"


def test_the_readme_says_how_a_mirror_serves_it(trained, target):
    """By organisation and name; the rest is the card's own."""
    zoo, _ = trained
    publish(zoo.find("toy"), str(target))
    text = (target / "README.md").read_text()

    assert 'zoo.load("hf://team/toy")' in text
    assert text == readme(read_card(target), reference="hf://team/toy")


def test_what_is_removed_is_told(trained, mine, target, capsys):
    """In the dry run too, which leaves it there."""
    zoo, _ = trained
    publish(zoo.find(str(mine)), str(target))
    (target / "notes.md").write_text("mine")
    (target / ".hidden").write_text("")

    assert main(["publish", str(mine), str(target), "--dry-run"]) == 0
    assert f"would be removed from {target}: notes.md\n" in capsys.readouterr().err
    assert (target / "notes.md").is_file()


def test_a_card_without_a_hash_is_published_with_it(trained, mine, target, machine):
    """Who loads it from there has something to check the weights by."""
    zoo, folder = trained
    machine("http://127.0.0.1:9")
    weights = json.loads((mine / CARD_FILE).read_text())["weights"]
    open_ = {**weights, "sha256": None, "size": None, "sources": ["hf://team/weights"]}
    _edit_card(mine, weights=open_)
    publish(zoo.find(str(mine)), str(target))

    assert read_card(target).weights.ref == read_card(folder).weights.ref
    assert read_card(folder).weights.ref.sha256 in (target / "README.md").read_text()
