"""Finding engines, what the kit says of them, and workers in other processes."""

import dataclasses
import pickle

import numpy as np
import pytest
import toys
from mosaics import noise, sky, write
from toys import trained_toy

from zoo_core import Zoo, _zoo
from zoo_core.cli import main
from zoo_core.errors import PluginError, ProcessError, UnknownName, UsageError
from zoo_core.survey import (
    PROFILES,
    InProcess,
    Positions,
    WorkerMaker,
    find_engine,
    find_tiles,
    image_input,
)
from zoo_core.tasks import Features
from zoo_core.testing import CheckFailed, plugin_checks

MANIFEST = """
api = 1
name = "{name}"
summary = "Engines"

[[engines]]
name = "other"
target = "%s"
summary = "Another engine"
"""

HASTY = """
from zoo_core.survey import InProcess


class Hasty(InProcess):
    def __init__(self, *, workers=None):
        pass

    def run(self, make, parts, *, progress=None):
        yield from super().run(make, list(parts), progress=progress)


class Lossy(Hasty):
    def run(self, make, parts, *, progress=None):
        for number, table in InProcess.run(self, make, parts, progress=progress):
            if number != 7:
                yield number, table


class Doubling(Hasty):
    def run(self, make, parts, *, progress=None):
        for number, table in InProcess.run(self, make, parts, progress=progress):
            yield number, table
            if number == 7:
                yield number, table


class Mixed(Hasty):
    def run(self, make, parts, *, progress=None):
        for number, table in InProcess.run(self, make, parts, progress=progress):
            yield number ^ 1, table


class Silent(Hasty):
    def run(self, make, parts, *, progress=None):
        yield from InProcess.run(self, make, parts)


def no_engine(*, workers=None):
    return 3
"""


def offering(site, target):
    """A zoo with an engine of a plugin."""
    site.install("moves", manifest=MANIFEST % target, code=HASTY)
    return Zoo.discover()


def conform(zoo):
    for check in plugin_checks("moves", zoo=zoo):
        if "engines" in check.subject:
            check()


def test_the_loop_in_this_process_is_always_there():
    """It is one worker; more are another engine's."""
    assert isinstance(find_engine("in-process"), InProcess)
    assert isinstance(find_engine("in-process", workers=1), InProcess)
    with pytest.raises(UsageError, match="--workers says 2"):
        find_engine("in-process", workers=2)


def test_the_command_says_what_is_wrong_before_it_loads_anything(capsys):
    """Options without tiles, and an engine that is not there."""
    assert main(["predict", "resnet-lens", "a.fits", "-o", "out.csv", "--workers", "2"]) == 2
    assert "--workers is for --tiles" in capsys.readouterr().err
    words = "predict no-model --tiles t*.fits --catalog c.csv -o out --engine rya"
    assert main(words.split()) == 3
    assert "unknown engine 'rya'. Did you mean 'ray'?" in capsys.readouterr().err


def test_an_unknown_one_names_the_nearest(site):
    """Those of plugins among them."""
    plugins = offering(site, "{package}:Hasty").plugins

    with pytest.raises(UnknownName, match="Did you mean 'in-process'"):
        find_engine("in-proces")
    with pytest.raises(UnknownName, match="Did you mean 'other'"):
        find_engine("othr", plugins)
    with pytest.raises(PluginError, match=r"'moves'.*gives a int, which has no method run"):
        find_engine("other", offering_again(site))


def offering_again(site):
    path = site.folder / "fake_moves" / "zoo.toml"
    path.write_text(path.read_text().replace("Hasty", "no_engine"))
    return Zoo.discover().plugins


def test_the_pool_of_the_plugins_page_conforms(site):
    """Under its name, in processes of its own."""
    conform(offering(site, "pool_engine:PoolEngine"))


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("Hasty", "had not given"),
        ("Lossy", "it gives the numbers"),
        ("Doubling", "it gives the numbers"),
        ("Mixed", "part 1 has the rows"),
        ("Silent", "were told as progress"),
    ],
)
def test_engines_that_do_not_keep_their_word_are_found_out(site, engine, told):
    """Each by what it does wrong."""
    with pytest.raises(CheckFailed, match=told):
        conform(offering(site, "{package}:" + engine))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A zoo, its model, tiles and the maker of workers."""
    folder = tmp_path_factory.mktemp("toy")
    zoo, _, _ = trained_toy(folder)
    write(folder / "t.fits", noise(), sky())
    return zoo, find_tiles(str(folder / "t.fits"), ["g"], PROFILES["plain"])


def elsewhere(make, zoo, monkeypatch):
    """The maker as another process has it, which discovers a zoo of its own."""
    monkeypatch.setattr(_zoo, "default_zoo", lambda: zoo)
    return pickle.loads(pickle.dumps(make))


def positions():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform((149.998, 1.998), (150.002, 2.002), (30, 2)).T
    none = np.zeros(30, dtype=bool)
    return Positions(0, np.arange(30), ra, dec, none, none)


def test_a_worker_elsewhere_gives_the_same(toy, monkeypatch):
    """The model is loaded there by its name; no network is sent."""
    zoo, tiles = toy
    model = zoo.load("toy")
    make = WorkerMaker(model, tiles, spec=image_input(model))
    assert len(pickle.dumps(make)) < 10_000
    other = elsewhere(make, zoo, monkeypatch)
    here, there = make().predict(positions()), other(threads=1).predict(positions())

    assert here.meta == there.meta
    for name in here.names:
        np.testing.assert_array_equal(here[name], there[name])
    assert np.isfinite(there["p_spot"]).sum() > 10
    assert other().model is other().model is not model


def test_features_are_features_elsewhere(toy, monkeypatch):
    """A model without its head is one there too."""
    zoo, tiles = toy
    monkeypatch.setattr(toys.TinyNet, "forward_features", lambda self, x: x, raising=False)
    monkeypatch.setattr(
        toys.TinyNet, "forward_head", lambda self, x, pre_logits: x.flatten(1), raising=False
    )
    model = zoo.load("toy").without_head()
    make = WorkerMaker(model, tiles, spec=image_input(model))
    other = elsewhere(make, zoo, monkeypatch)

    assert isinstance(other().model.task, Features)


def test_another_model_of_the_name_is_refused(toy, monkeypatch):
    """On a machine with an older folder, say."""
    zoo, tiles = toy
    model = zoo.load("toy")
    older = dataclasses.replace(model.found.card, version="0.9")
    model.found = dataclasses.replace(model.found, card=older)
    other = elsewhere(WorkerMaker(model, tiles, spec=image_input(model)), zoo, monkeypatch)

    with pytest.raises(ProcessError, match=r"model_version is 1\.0\.0 there and 0\.9 here"):
        other()
