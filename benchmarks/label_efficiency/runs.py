"""One fine-tuning: a task, a start, a number of labels and a seed."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import zoo_core as zoo
from zoo_core.finetuning import finetune, split_options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .tasks import Labelled

#: Part of the labels that choose the epoch and calibrate; the rest is trained on.
VALIDATION = 0.15


@dataclass(frozen=True)
class Start:
    """Where a training starts from.

    Attributes
    ----------
    name : str
        In the table.
    parent : str
        As ``zoo finetune`` takes it.
    strategy : str
        ``head``, ``full`` or ``scratch``.
    is_grey : bool
        Takes the mean of several bands as its one band.
    options : mapping
        Further options of ``zoo finetune``.
    """

    name: str
    parent: str
    strategy: str
    is_grey: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """Which labels a fine-tuning gets: how many, drawn by which seed, tested on which fold.

    Of the labels, the part ``held`` chooses the epoch and calibrates.
    """

    count: int | None
    seed: int
    fold: int
    held: float = VALIDATION


#: Objects that a training looks at in all, by the number of labels: a shortened schedule.
_VISITS = ((50, 1_600), (200, 2_500), (500, 4_000), (5_000, 8_000))


def epochs_for(labels: int) -> int:
    """Epochs of a training on so many objects.

    Examples
    --------
    >>> epochs_for(32), epochs_for(1000)
    (50, 8)
    """
    visits = next((visits for most, visits in _VISITS if labels < most), _VISITS[-1][1])
    return max(4, round(visits / labels))


def draw_labels(task: Labelled, trial: Trial) -> dict[str, np.ndarray]:
    """Rows to train on, to validate on and to test on; stratified, all labels for None."""
    count = trial.count
    generator = np.random.default_rng([trial.seed, trial.fold, count or 0])
    pool = task.pool(trial.fold)
    share = 1.0 if count is None else count / len(pool)
    train, validation = [], []
    for label in range(len(task.classes)):
        rows = generator.permutation(pool[task.labels[pool] == label])
        rows = rows[: max(3, round(share * len(rows)))]
        held = max(1, round(trial.held * len(rows)))
        validation.append(rows[:held])
        train.append(rows[held:])
    return {
        "train": np.concatenate(train),
        "validation": np.concatenate(validation),
        "test": task.test(trial.fold),
    }


def run_one(task: Labelled, start: Start, trial: Trial, *, scratch: Path) -> dict[str, Any]:
    """Fine-tune and measure; the model and the run are not kept."""
    rows = draw_labels(task, trial)
    epochs = epochs_for(len(rows["train"]) + len(rows["validation"]))
    images = task.images.mean(1, keepdims=True) if start.is_grey else task.images
    chosen = np.concatenate(list(rows.values()))
    data = scratch / "data.npz"
    np.savez(
        data,
        image=images[chosen],
        label=np.array(task.classes)[task.labels[chosen]],
        part=np.concatenate([np.full(len(part), name) for name, part in rows.items()]),
    )
    for folder in ("run", "model"):
        shutil.rmtree(scratch / folder, ignore_errors=True)
    began, processor = time.perf_counter(), time.process_time()
    done = finetune(
        zoo.Zoo.discover(),
        start.parent,
        data,
        name="model",
        run=scratch / "run",
        folder=scratch / "model",
        options=split_options(
            {
                "array": "image",
                "split": "part",
                "positive": task.classes[1],
                "strategy": start.strategy,
                "seed": trial.seed,
                **({} if start.strategy == "head" else {"epochs": epochs, "patience": epochs}),
                **start.options,
            }
        ),
    )
    if done.evaluation is None:
        raise RuntimeError("the test part is empty")
    metrics = {metric.name: metric.value for metric in done.evaluation.metrics}
    return {
        "task": task.name,
        "start": start.name,
        "labels": trial.count,
        "trained": len(rows["train"]),
        "tested": len(rows["test"]),
        "seed": trial.seed,
        "fold": trial.fold,
        "accuracy": metrics["accuracy"],
        "auroc": metrics["auroc"],
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - processor, 1),
    }
