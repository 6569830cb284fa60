"""How transferable are features? Yosinski et al. (2014) repeated on our simulated sky.

    python -m benchmarks.layer_transfer -o docs/evidence/layer-transfer
    python -m benchmarks.layer_transfer -o /tmp/try --fast

A small network is trained on base tasks A and B, two halves of the classes. Then the first
n layers of one of them, or random ones, go into a fresh network that is trained on B: frozen
(BnB, AnB, random) or trained further (BnB+, AnB+). Accuracies on test images are appended to
OUTPUT.json after each training, and a run that was killed goes on where it was. At the end,
or with what is there so far (``--page``), a table, a figure and a statement of what is seen
are written to OUTPUT.md and OUTPUT.png.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

import zoo_core as zoo

from .page import write_page
from .sky import (
    CLASSES,
    FAINTEST,
    LEAST_SIGNAL,
    OPTIONS,
    PREPROCESSING,
    SIMULATOR,
    halves,
    load_tasks,
)
from .training import DATA_SEED, FAST, LAYERS, Runs, Settings, planned

if TYPE_CHECKING:
    from typing import Any

    from zoo_core.simulation import Simulator


def main() -> None:
    """Train what is missing, then write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    parser.add_argument("--cache", type=Path, help="folder for images and base networks")
    parser.add_argument("--seed", type=int, default=DATA_SEED, help="of the images")
    parser.add_argument("--fast", action="store_true", help="everything tiny, for a test")
    parser.add_argument("--page", action="store_true", help="train nothing, write the page")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    settings = replace(FAST if arguments.fast else Settings(), data_seed=arguments.seed)
    simulator = zoo.Zoo.discover().simulator(SIMULATOR, **OPTIONS)
    facts = describe(simulator)
    words = json.dumps([asdict(settings), facts], sort_keys=True)
    root = arguments.cache or Path(tempfile.gettempdir()) / "astrozoo-layer-transfer"
    # What another choice of settings left there is never taken for this one's.
    cache = root / hashlib.sha256(words.encode()).hexdigest()[:12]
    runs = Runs(arguments.output.with_suffix(".json"), cache, settings, facts)
    if not arguments.page:
        finish(runs, simulator)
    command = f"python -m benchmarks.layer_transfer -o {arguments.output}"
    command += f" --seed {arguments.seed}" * (arguments.seed != DATA_SEED)
    command += " --fast" * arguments.fast
    print(write_page(runs.stored, arguments.output, command=command))


def describe(simulator: Simulator) -> dict[str, Any]:
    """What the results depend on beside the settings."""
    return {
        "simulator": simulator.name,
        "version": simulator.version,
        "options": OPTIONS,
        "classes": list(CLASSES),
        "halves": halves(),
        "faintest_magnitude": FAINTEST,
        "least_signal_to_noise": LEAST_SIGNAL,
        "preprocessing": PREPROCESSING.to_json(),
        "layers": list(LAYERS),
    }


def finish(runs: Runs, simulator: Simulator) -> None:
    """Do the runs that have not been done."""
    settings = runs.settings
    missing = [run for run in planned(settings) if run not in runs.done]
    if not missing:
        return
    start = time.perf_counter()
    tasks = load_tasks(
        simulator,
        runs.cache / "images.npz",
        train=settings.train_per_class,
        test=settings.test_per_class,
        seed=settings.data_seed,
    )
    print(f"images: {time.perf_counter() - start:.0f} s, {runs.cache}", flush=True)
    for index, run in enumerate(missing, start=1):
        result = runs.go(run, tasks)
        print(
            f"{index}/{len(missing)} seed {run.seed} {run.column:<13} n={run.n}: "
            f"{result['accuracy']:.4f} ({result['seconds']} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
