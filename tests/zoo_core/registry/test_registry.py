"""Finding models in registries."""

import json
from pathlib import Path

import pytest
from minimal_card import write_card

import zoo_core
from zoo_core.errors import AmbiguousName, CardError, UnknownName
from zoo_core.plugins import Manifest, Plugin
from zoo_core.registry import (
    Registry,
    embedded_registry,
    find_folder,
    list_folders,
    registries_of,
    user_registry,
)


@pytest.fixture
def registries(tmp_path):
    """Two places with two models each; ``twin`` is in both."""
    for place, names in (("one", ("twin", "zebra")), ("two", ("ant", "twin"))):
        for name in names:
            write_card(tmp_path / place, name)
    return [Registry("one", tmp_path / "one"), Registry("two", tmp_path / "two")]


def _names(lookup):
    return [item.full_name for item in lookup.found]


def test_models_are_listed_in_order(registries):
    """Places as given, names sorted; a place that is not there is empty."""
    listing = list_folders([*registries[::-1], Registry("gone", Path("/gone/for/good"))])

    assert _names(listing) == ["two/ant", "two/twin", "one/twin", "one/zebra"]
    assert listing.problems == ()


def test_what_is_no_model_folder_is_passed_over(registries):
    """Files, and folders without a card."""
    (registries[0].folder / "notes.txt").write_text("")
    (registries[0].folder / "empty").mkdir()

    assert len(list_folders(registries).found) == 4


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1}', ""])
def test_a_broken_card_hides_no_other(registries, text):
    """It becomes a problem that names its file."""
    path = registries[0].folder / "twin" / "config.json"
    path.write_text(text)
    listing = list_folders(registries)

    assert _names(listing) == ["one/zebra", "two/ant", "two/twin"]
    assert [str(path) in str(problem) for problem in listing.problems] == [True]


def test_folder_and_card_must_agree(registries):
    """Otherwise a model would be listed under a name by which it cannot be found."""
    (registries[0].folder / "zebra").rename(registries[0].folder / "horse")

    (problem,) = list_folders(registries).problems
    assert "'zebra'; folder and name must agree" in str(problem)
    with pytest.raises(CardError, match="must agree"):
        find_folder("horse", registries)


def test_a_unique_name_is_found(registries):
    """Short, or with its place."""
    assert find_folder("ant", registries).full_name == "two/ant"
    assert find_folder("one/zebra", registries).card.name == "zebra"


def test_a_name_in_two_places_is_ambiguous(registries):
    """Both folders are named, and the names that tell them apart, which work."""
    with pytest.raises(AmbiguousName) as caught:
        find_folder("twin", registries)

    for registry in registries:
        assert str(registry.folder / "twin") in str(caught.value)
        assert f"{registry.name}/twin" in str(caught.value)
        assert find_folder(f"{registry.name}/twin", registries).place == registry.name


def test_unknown_names_get_the_nearest(registries):
    """And a place that does not have the model is not searched."""
    with pytest.raises(UnknownName, match="Did you mean 'zebra'"):
        find_folder("zebrra", registries)
    with pytest.raises(UnknownName, match="unknown model 'two/zebra'"):
        find_folder("two/zebra", registries)


def test_unreadable_cards_are_mentioned_with_an_unknown_name(registries):
    """The model that is looked for may be the one that cannot be read."""
    path = registries[0].folder / "zebra" / "config.json"
    path.write_text("{")

    with pytest.raises(UnknownName, match=r"Unreadable cards: .*zebra"):
        find_folder("quagga", registries)
    with pytest.raises(CardError, match="cannot be read as JSON"):
        find_folder("zebra", registries)


@pytest.mark.parametrize("form", ["{}", "file:{}"])
def test_a_path_needs_no_registry(registries, form):
    """It is found where it lies, whatever its folder is called."""
    folder = registries[0].folder / "zebra"
    moved = folder.rename(folder.with_name("anything"))
    found = find_folder(form.format(moved), [])

    assert (found.place, found.folder, found.full_name) == ("path", moved, str(moved))
    assert found.card.name == "zebra"


def test_relative_paths(registries, monkeypatch):
    """``./``, ``..`` and ``~`` make a name a path; without them it is a name."""
    folder = registries[0].folder
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))

    for name in ("./zebra", "../one/zebra", "~/zebra", "file:zebra"):
        assert find_folder(name, []).card.name == "zebra"
    with pytest.raises(UnknownName):
        find_folder("zebra", [])
    monkeypatch.chdir(folder / "zebra")
    assert find_folder(".", []).card.name == "zebra"


def test_a_path_is_named_so_that_it_is_found_from_anywhere(registries, monkeypatch):
    """Without its ``./`` it would be the name of a model."""
    monkeypatch.chdir(registries[0].folder)
    name = find_folder("./zebra", []).full_name
    monkeypatch.chdir("/")

    assert find_folder(name, []).card.name == "zebra"


def test_a_path_without_a_card(tmp_path):
    """Is said to be no model folder."""
    with pytest.raises(CardError, match="no model folder"):
        find_folder(str(tmp_path), [])


def test_the_user_may_choose_the_registry(tmp_path, monkeypatch):
    """``ZOO_REGISTRY``, else the folder of the system for data."""
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "mine"))
    assert user_registry() == Registry("user", tmp_path / "mine")
    monkeypatch.delenv("ZOO_REGISTRY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_registry().folder == tmp_path / "astrozoo" / "registry"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / ".local" / "share" / "astrozoo" / "registry"
    assert user_registry().folder == folder


def test_the_users_registry_is_searched(tmp_path, monkeypatch):
    """After the embedded and the plugins'."""
    write_card(tmp_path, "of-the-user")
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path))
    zoo = zoo_core.Zoo.discover()

    assert [registry.name for registry in zoo.registries] == ["embedded", "user"]
    assert zoo.find("of-the-user").place == "user"


def test_the_embedded_registry_is_that_of_the_repository():
    """In a source checkout."""
    assert embedded_registry().folder == Path(zoo_core.__file__).parents[1] / "registry"


def test_plugins_bring_registries(tmp_path):
    """Named after the plugin; one without models brings none."""

    def plugin(name, models):
        manifest = Manifest(
            name=name, summary="", folder=tmp_path, models=models, contributions=()
        )
        return Plugin(name, manifest=manifest)

    found = registries_of([plugin("a", tmp_path / "models"), plugin("b", None)])

    assert found == [Registry("a", tmp_path / "models")]


def test_models_are_filtered(tmp_path):
    """By task, kind of task, or plugin."""
    write_card(tmp_path, "a", plugin="lenses")
    task = {"name": "counting", "kind": "regression", "targets": []}
    write_card(tmp_path, "b", task=task)
    zoo = zoo_core.Zoo(registries=[Registry("here", tmp_path)])

    def names(**wanted):
        return [item.summary.name for item in zoo.list_models(**wanted).found]

    assert names() == ["a", "b"]
    assert names(task="spotting") == names(task="binary-classification") == ["a"]
    assert names(task="regression") == ["b"]
    assert names(plugin="lenses") == ["a"]
    assert names(plugin="lenses", task="counting") == []


def test_the_list_as_json_is_data(tmp_path):
    """What a list says can be written as JSON."""
    write_card(tmp_path)
    (item,) = list_folders([Registry("here", tmp_path)]).found

    assert json.loads(json.dumps(item.summary._asdict()))["size"] == 1234
