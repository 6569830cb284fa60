"""A cluster of Ray for tests, survey runs on it, and workers that die.

As a script: ``cluster`` keeps one until its input ends; ``run ENGINE OUT`` is a run in the
current folder, of ``make_survey``, with what is to happen to it on the way;
``doomed FOLDER`` runs workers that die.
"""

import json
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from zoo_core.survey import Positions
from zoo_core.tables import Column, PredictionTable

MANIFEST = """
api = 1
name = "toys"
summary = "Toys"

[[architectures]]
name = "tiny"
target = "toys:TinyNet"

[[tasks]]
name = "spotting"
target = "zoo_core.tasks:BinaryClassification"
"""


class Doomed:
    """Makes workers that die of some parts: of each as often as it says."""

    device = "cpu"
    threads = 1

    def __init__(self, folder, deaths):
        self.folder = folder
        self.deaths = deaths

    def __call__(self, *, threads=None):
        return self

    def predict(self, positions, *, progress=None):
        number = int(positions.ids[0])
        trace = Path(self.folder) / str(number)
        with trace.open("a") as opened:
            opened.write("x")
        if trace.stat().st_size <= self.deaths.get(number, 0):
            os.kill(os.getpid(), signal.SIGKILL)
        return PredictionTable([Column("id")], {"id": positions.ids})


def parts(count):
    """Parts of one row each."""
    none = np.zeros(1, dtype=bool)
    for number in range(count):
        yield number, Positions(number, np.array([number]), none * 1.0, none * 1.0, none, none)


def members(cluster):
    """Processes of workers in the cluster of the tests."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            is_one = path.read_bytes().startswith(b"ray::Member")
        except OSError:
            continue
        if is_one and cluster in _ancestors(path.parent.name):
            found.append(int(path.parent.name))
    return found


def _ancestors(process):
    while process not in ("0", "1"):
        yield int(process)
        text = Path(f"/proc/{process}/stat").read_text()
        process = text.rpartition(")")[2].split()[1]


def _cluster():
    from zoo_ray._cluster import connected

    with connected(cores=2) as ray:
        sys.stdout.write(f"{ray.get_runtime_context().gcs_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _run(engine, out, happening="nothing", *more):
    from zoo_core._zoo import default_zoo
    from zoo_core.survey import (
        PROFILES,
        SurveyOptions,
        find_engine,
        find_tiles,
        open_catalog,
        run_survey,
    )

    calls = []
    kind, _, moment = happening.partition(":")
    signals = {"interrupt": signal.SIGINT, "kill": signal.SIGKILL}

    def progress(done, total):
        calls.append(done)
        if happening == "worker" and len(calls) == 1:
            os.kill(members(int(os.environ["RAY_TEST_CLUSTER"]))[0], signal.SIGKILL)
        if moment and done >= int(moment):
            os.kill(os.getpid(), signals[kind])
            time.sleep(60)

    zoo = default_zoo()
    run_survey(
        zoo.load("toy", threads=1),
        open_catalog("objects.parquet"),
        find_tiles("t*.fits", ["g"], PROFILES["plain"]),
        out,
        options=SurveyOptions(part_rows=40),
        engine=find_engine(engine, zoo.plugins),
        resumes="resume" in more,
        progress=progress,
    )


def _doomed(folder):
    from zoo_core import Zoo
    from zoo_core.errors import ProcessError
    from zoo_core.survey import find_engine

    # As the workers find it, not as a class of the main module.
    sys.modules["ray_runs"] = sys.modules["__main__"]
    Doomed.__module__ = "ray_runs"
    engine = find_engine("ray", Zoo.discover().plugins, workers=2)
    with closing(engine.run(Doomed(folder, {1: 2, 2: 1, 5: 1}), parts(8))) as tables:
        borne = sorted((number, table["id"].tolist()) for number, table in tables)
    given = []
    try:
        with closing(engine.run(Doomed(folder, {13: 99}), list(parts(16))[10:])) as tables:
            given += (number for number, _ in tables)
    except ProcessError as error:
        sys.stdout.write(json.dumps([borne, given, str(error)]))


if __name__ == "__main__":
    {"cluster": _cluster, "doomed": _doomed, "run": _run}[sys.argv[1]](*sys.argv[2:])
