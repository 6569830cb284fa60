"""How many labels a start is worth: scratch, simulation and ImageNet on three tasks.

    python -m benchmarks.label_efficiency --radio mirabest-train.npz \
        --galaxy-zoo galaxy-zoo-train/ --imagenet mobilenetv2_100.safetensors \
        -o docs/evidence/label-efficiency
    python -m benchmarks.label_efficiency ... --goal        also five folds for each seed

Every number of labels is drawn anew for each of five seeds; 15 % of them choose the epoch,
the others are trained on. Radio and Galaxy Zoo are tested on one of five folds, another for
each seed; the simulated survey on a test set of its own. A finished fine-tuning is a line of
OUTPUT.jsonl and is not done again, so that a run that was stopped goes on. At the end, or with
``--page`` alone, OUTPUT.md and OUTPUT.png are written from that file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .page import write_page
from .runs import Trial, run_one
from .starts import starts_of
from .tasks import FOLDS, galaxy_zoo, radio, shifted_lenses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .runs import Start
    from .tasks import Labelled

SEEDS = 5

#: The start whose accuracy on the radio galaxies has a goal.
GOAL = ("radio", "ImageNet, full")


def main() -> None:
    """Do what is not done yet and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--radio", type=Path, help="MiraBest as npz with x, y and name")
    parser.add_argument("--galaxy-zoo", type=Path, help="folder with a folder for each class")
    parser.add_argument("--imagenet", type=Path, help="weights of timm's mobilenetv2_100")
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--goal", action="store_true", help="all folds for the radio goal")
    parser.add_argument("--page", action="store_true", help="only write the page")
    arguments = parser.parse_args()

    records = arguments.output.with_suffix(".jsonl")
    if not arguments.page:
        with tempfile.TemporaryDirectory() as folder:
            _run_all(arguments, records, Path(folder))
    write_page(read_records(records), arguments.output)


def read_records(path: Path) -> list[dict[str, Any]]:
    """The finished fine-tunings; a last line that was cut off is left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _run_all(arguments: argparse.Namespace, records: Path, scratch: Path) -> None:
    imagenet = adopt(arguments.imagenet, scratch / "imagenet")
    tasks: list[Labelled] = [
        *([radio(arguments.radio)] if arguments.radio else []),
        *([galaxy_zoo(arguments.galaxy_zoo)] if arguments.galaxy_zoo else []),
        shifted_lenses(),
    ]
    done = {_key(record) for record in read_records(records)}
    planned = list(_plan(tasks, imagenet, arguments))
    for number, (task, start, trial) in enumerate(planned, start=1):
        if (task.name, start.name, trial.count, trial.seed, trial.fold) in done:
            continue
        record = run_one(task, start, trial, scratch=scratch)
        with records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        print(f"{number}/{len(planned)} {json.dumps(record)}", flush=True)


def _plan(
    tasks: list[Labelled], imagenet: Path, arguments: argparse.Namespace
) -> Iterator[tuple[Labelled, Start, Trial]]:
    """Seed by seed, so that what is done at any time is spread over all of the table."""
    for seed in range(arguments.seeds):
        for task in tasks:
            for start in starts_of(task, imagenet):
                fold = 0 if task.has_own_test else seed % FOLDS
                for count in task.counts:
                    yield task, start, Trial(count, seed, fold)
                if arguments.goal and (task.name, start.name) == GOAL:
                    for other in range(FOLDS):
                        if other != fold:
                            yield task, start, Trial(None, seed, other)


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("task", "start", "labels", "seed", "fold"))


def adopt(weights: Path, folder: Path) -> Path:
    """A model folder around bare ImageNet weights, by the command that anyone would use."""
    command = [
        sys.executable, "-m", "zoo_core", "adopt", "timm:mobilenetv2_100", str(weights), "-o",
        str(folder), "--argument", "pad_type=same", "--mean", "0.5", "--std", "0.5",
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


if __name__ == "__main__":
    main()
