"""Rate of ``zoo predict --tiles --engine ray`` against the loop in one process.

Writes a mosaic of noise and a catalogue of positions on it, as ``survey_rate.py`` does, and
runs both engines over it, on the same cores and with the same threads in all. Start-up is left
out on both sides: the clock begins when the first part of each worker is done. Rounds
alternate; the best of each counts. Beside the rate by the clock stands the one by the time that
all processes of a side have had on a core, which others on the machine do not change (Linux).

    python benchmarks/ray_rate.py
    taskset -c 1 python benchmarks/ray_rate.py --rounds 2

The second line is for a machine of which one core is free.
"""

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from survey_rate import write_survey

import zoo_core as zoo
from zoo_core import Zoo
from zoo_core.models import Model
from zoo_core.survey import (
    IN_PROCESS,
    PROFILES,
    SurveyOptions,
    find_engine,
    find_tiles,
    open_catalog,
    run_survey,
)

#: Clock ticks of a second, as ``/proc`` counts them.
_TICKS = os.sysconf("SC_CLK_TCK")


class Rate(NamedTuple):
    """Objects a second, by the clock and by the time on cores; seconds to the first parts."""

    clock: float
    cores: float
    wait: float


def core_seconds() -> float:
    """What this process and all that it has started have had of the cores."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything.
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
    mine = {os.getpid()}
    while True:
        more = {process for process, parent in parents.items() if parent in mine} | mine
        if more == mine:
            return sum(ticks.get(process, 0) for process in mine) / _TICKS
        mine = more


def rate(
    model: Model, folder: Path, out: str, engine: str, workers: int, part_rows: int
) -> Rate:
    """Of the objects behind the first parts."""
    band = model.card.inputs[0].bands[0].name
    marks: list[tuple[float, float, int]] = []

    def note(done: int, total: int) -> None:
        if done % part_rows == 0 or done == total:
            marks.append((time.perf_counter(), core_seconds(), done))

    start = time.perf_counter()
    run_survey(
        model,
        open_catalog(folder / "objects.parquet"),
        find_tiles(str(folder / "mosaic.fits"), [band], PROFILES["plain"]),
        folder / out,
        options=SurveyOptions(part_rows=part_rows),
        engine=find_engine(
            engine, Zoo.discover().plugins, workers=None if engine == IN_PROCESS else workers
        ),
        progress=note,
    )
    # With several workers, their first parts are done at about the same time.
    skipped = 1 if engine == IN_PROCESS else workers
    begin, used, before = marks[skipped - 1]
    end, used_in_all, done = marks[-1]
    rows = done - before
    return Rate(rows / (end - begin), rows / (used_in_all - used), begin - start)


def main() -> None:
    """Run both sides in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet-lens")
    parser.add_argument("--count", type=int, default=12000)
    parser.add_argument("--part-rows", type=int, default=1000)
    parser.add_argument("--side", type=int, default=5000, help="of the mosaic, pixels")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    found: dict[str, list[Rate]] = {IN_PROCESS: [], "ray": []}
    with tempfile.TemporaryDirectory() as folder:
        write_survey(Path(folder), count=arguments.count, side=arguments.side)
        for turn in range(arguments.rounds):
            for engine, threads in ((IN_PROCESS, cores), ("ray", cores // arguments.workers)):
                found[engine].append(
                    rate(
                        zoo.load(arguments.model, threads=max(1, threads)),
                        Path(folder),
                        f"{engine}-{turn}",
                        engine,
                        arguments.workers,
                        arguments.part_rows,
                    )
                )
    print(f"torch {torch.__version__}, {cores} cores, {arguments.workers} workers of Ray")
    clock = {engine: max(rate.clock for rate in rates) for engine, rates in found.items()}
    core = {engine: max(rate.cores for rate in rates) for engine, rates in found.items()}
    for engine, rates in found.items():
        print(
            f"{engine:10s} {clock[engine]:6.0f} objects/s, {core[engine]:6.0f} per second on a "
            f"core, first part after {min(rate.wait for rate in rates):.1f} s"
        )
    print(
        f"ratio:     {clock['ray'] / clock[IN_PROCESS]:6.2f}             "
        f"{core['ray'] / core[IN_PROCESS]:6.2f}"
    )


if __name__ == "__main__":
    main()
