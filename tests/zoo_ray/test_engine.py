"""Runs by Ray: the same output, whoever dies on the way."""

import importlib.util
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray_runs
from fake_plugins import Site
from survey_runs import make_survey

from zoo_core import UsageError, Zoo
from zoo_core.survey import find_engine

SCRIPT = Path(ray_runs.__file__)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Tiles, a catalogue, a model, and the plugin that it needs."""
    folder = make_survey(tmp_path_factory.mktemp("survey"))
    Site(folder / "site").install("toys", manifest=ray_runs.MANIFEST, code="")
    return folder


@pytest.fixture(scope="module")
def environment(survey, tmp_path_factory):
    """Where drivers find the cluster of these tests, and the model."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("the extra ray is not installed")
    given = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(survey / "site"), str(SCRIPT.parent)]),
        "RAY_ADDRESS": "local",
        # Of this cluster alone; without one, Ray would make one for all of the user's.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    with subprocess.Popen(
        [sys.executable, SCRIPT, "cluster"],
        env=given,
        # Not where the runs begin: names of tiles are relative to that.
        cwd=tmp_path_factory.mktemp("cluster"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as cluster:
        address = cluster.stdout.readline().strip()
        assert address, "Ray did not start: see what it has said"
        yield {
            **given,
            "RAY_ADDRESS": address,
            "RAY_TEST_CLUSTER": str(cluster.pid),
            # The cluster does not have this one.
            "ZOO_REGISTRY": str(survey / "zoo" / "registry"),
        }


@pytest.fixture
def drive(survey, environment):
    """Run a driver; gives how it has ended."""

    def go(*words):
        command = [sys.executable, "-W", "error", SCRIPT, *words]
        return subprocess.run(
            command, cwd=survey, env=environment, capture_output=True, text=True, timeout=120
        )

    return go


@pytest.fixture(scope="module")
def whole(survey, environment):
    """What the loop in one process writes."""
    command = [sys.executable, SCRIPT, "run", "in-process", "whole"]
    subprocess.run(command, cwd=survey, env=environment, check=True)
    return contents(survey / "whole")


def contents(folder):
    """The parts of an output, to the last byte."""
    return {path.name: path.read_bytes() for path in folder.glob("part-*.parquet")}


def test_a_worker_that_is_killed_costs_nothing(survey, drive, whole):
    """Its part is computed by another; one line tells of it, and nothing else is said."""
    ended = drive("run", "ray", "killed-worker", "worker")

    assert (ended.returncode, ended.stdout) == (0, "")
    told = r"a worker of Ray has died while computing part \d: another one does it\n"
    assert re.fullmatch(told, ended.stderr)
    assert contents(survey / "killed-worker") == whole
    assert len(whole) == 10


def test_one_engine_goes_on_where_another_was_stopped(survey, drive, whole, environment):
    """From Ctrl-C in one process to Ray, and from a killed driver of Ray to one process.

    Its workers end with the driver, and the parts that it has written are used.
    """
    ended = drive("run", "in-process", "moved", "interrupt:160")
    assert "KeyboardInterrupt" in ended.stderr
    first = contents(survey / "moved")
    ended = drive("run", "ray", "moved", "kill:280", "resume")
    assert ended.returncode == -signal.SIGKILL
    second = contents(survey / "moved")
    assert set() < set(first) < set(second) < set(whole)
    ended = drive("run", "in-process", "moved", "nothing", "resume")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert contents(survey / "moved") == whole
    deadline = time.monotonic() + 30
    cluster = int(environment["RAY_TEST_CLUSTER"])
    while ray_runs.members(cluster) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert ray_runs.members(cluster) == []


def test_deaths_are_borne_to_a_limit(drive, tmp_path):
    """Two for each part; the third is an error that names the part."""
    ended = drive("doomed", str(tmp_path))
    assert ended.returncode == 0
    assert ended.stderr.count("has died") == 2 + 1 + 1 + 2
    borne, given, error = json.loads(ended.stdout)

    assert borne == [[number, [number]] for number in range(8)]
    assert (tmp_path / "1").read_text() == "xxx"
    assert {10, 11, 12} <= set(given)
    assert 13 not in given
    assert re.match(r"3 workers .* computing part 13: .* --resume", error)


def test_without_ray_it_says_what_to_install(monkeypatch):
    """Before anything else is done."""
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(UsageError, match=r"pip install 'astrozoo\[ray\]'"):
        find_engine("ray", Zoo.discover().plugins)
