"""The Bologna lens-finding challenge on our own sets: its methods side by side.

    python -m benchmarks.bologna --work runs/bologna -o docs/evidence/bologna
    python -m benchmarks.bologna --work runs/bologna -o docs/evidence/bologna --set ground
    python -m benchmarks.bologna -o docs/evidence/bologna --page
    python -m benchmarks.bologna --work /tmp/b -o /tmp/b/page --share 0.003 --test 1024

Methods of the challenge (Metcalf et al. 2019) are built again, small, and trained on
simulations as long as a few hours for all of them allow. Four backbones of timm run a short
race first, and the best of them is trained in full. All methods of a set are then shown the
same test cutouts, which are drawn once and not kept.

Every step can be killed: a training goes on from its last epoch, a machine that is fitted is
kept, scores are kept for every few thousand test cutouts, and what is finished is not done
again. With the default numbers a set takes about four hours of training and three and a half
of testing on one core. ``--share 0.1 --train-only`` shows in half an hour whether every
network learns; give it a folder of its own.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from .methods import METHODS, SETS
from .page import make_page
from .preparing import Budget, prepare, race
from .testing import measure, shipped


def main() -> None:
    """Train what is missing, test, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    parser.add_argument("--work", type=Path, help="folder of the trainings and scores")
    parser.add_argument("--set", choices=sorted(SETS), nargs="+", default=sorted(SETS))
    parser.add_argument("--share", type=float, default=1.0, help="of all training examples")
    parser.add_argument("--test", type=int, default=100_000, help="cutouts to be judged by")
    parser.add_argument(
        "--model", action="append", default=[], help="a model of the ground set's input, too"
    )
    parser.add_argument("--train-only", action="store_true", help="do not test yet")
    parser.add_argument("--page", action="store_true", help="only write the page")
    arguments = parser.parse_args()
    if arguments.work is None and not arguments.page:
        parser.error("--work FOLDER is needed to train and test.")
    file = arguments.output.with_suffix(".json")
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not arguments.page:
        for name in arguments.set:
            found = run(name, arguments)
            if found:
                stored[name] = found
                file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    if stored:
        text = make_page(stored)
        print(text)
        arguments.output.with_suffix(".md").write_text(text, encoding="utf-8")


def run(name: str, arguments: argparse.Namespace) -> dict[str, object] | None:
    """All methods of a set, on the same cutouts; None if they were only to be trained."""
    # First, so that a name that is wrong is told before hours of training.
    models = [shipped(model) for model in arguments.model] if name == "ground" else []
    budget = Budget(work=arguments.work, share=arguments.share)
    raced = race(name, budget)
    entries = [*(prepare(method, name, budget, raced=raced) for method in METHODS), *models]
    if arguments.train_only:
        return None
    return measure(name, entries, raced=raced, count=arguments.test, work=arguments.work)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
