"""Observers of events: who is loaded for one, and what becomes of one that fails."""

import logging
import sys

import pytest

from zoo_core import Zoo
from zoo_core.plugins import ModelLoaded, Stage, State, discover

EVENT = ModelLoaded(name="m", version="1", sha256="0")

#: Keeps what it is told, then does what a test wants.
OBSERVER = """
from zoo_core.plugins import hookimpl

told = []

def make():
    return "made by {name}"

@hookimpl
def zoo_event(event):
    told.append(event)
    %s
"""


def _observer(body="pass"):
    return {"code": OBSERVER % body, "hooks": ["zoo_event"]}


def _told(name):
    return sys.modules[f"fake_{name}"].told


@pytest.fixture
def zoo(site):
    """Two plugins that have nothing to do with each other: only one observes."""
    site.install("observer", **_observer())
    site.install("other")
    return Zoo(discover())


def test_an_observer_hears_events_of_others(zoo):
    """It is loaded for that, though nothing of it was used; no other plugin is."""
    zoo.plugins.send(EVENT)

    assert _told("observer") == [EVENT]
    assert zoo.plugins.named("observer").state is State.LOADED
    assert zoo.plugins.named("other").state is State.LISTED
    assert "fake_other" not in sys.modules


def test_another_hook_does_not_load_it(zoo):
    """Only the hooks that it declares do."""
    zoo.plugins.call("zoo_health_checks")

    assert zoo.plugins.named("observer").state is State.LISTED


@pytest.mark.parametrize("body", ["raise ValueError('no')", "raise SystemExit(2)"])
def test_an_observer_that_fails_is_left_out_and_breaks_nothing(site, caplog, body):
    """One warning, no second call; the others hear, and what it offers can be used."""
    site.install("bad", **_observer(body))
    site.install("good", **_observer())
    zoo = Zoo(discover())
    with caplog.at_level(logging.WARNING):
        zoo.plugins.send(EVENT)
        zoo.plugins.send(EVENT)

    bad = zoo.plugins.named("bad")
    assert (bad.state, bad.stage) == (State.BROKEN, Stage.CALL)
    assert [record.message for record in caplog.records] == [bad.why()]
    assert _told("bad") == [EVENT]
    assert _told("good") == [EVENT, EVENT]
    assert zoo.build("bad-net") == "made by bad"
    assert bad in zoo.plugins.unavailable()


def test_an_observer_that_cannot_be_imported_breaks_nothing(site, caplog):
    """It is broken as it would be if it were used, and the warning says so once."""
    site.install("bad", code="import gone", hooks=["zoo_event"])
    site.install("good", **_observer())
    zoo = Zoo(discover())
    with caplog.at_level(logging.WARNING):
        zoo.plugins.send(EVENT)
        zoo.plugins.send(EVENT)

    assert zoo.plugins.named("bad").stage is Stage.IMPORT
    assert [r.message for r in caplog.records] == [zoo.plugins.named("bad").why()]
    assert _told("good") == [EVENT, EVENT]


def test_a_blocked_observer_hears_nothing(site, monkeypatch):
    """And is not imported."""
    site.install("observer", **_observer())
    monkeypatch.setenv("ZOO_BLOCK", "observer")
    Zoo(discover()).plugins.send(EVENT)

    assert "fake_observer" not in sys.modules
