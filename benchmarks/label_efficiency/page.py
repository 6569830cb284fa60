"""The page of the label-efficiency benchmark: tables, a picture and what they say."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

from .tasks import FOLDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Records = list[dict[str, Any]]

#: 97.5 % points of Student's t by degrees of freedom.
_STUDENT = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776}

GOAL = 0.94
_FEW = 300


def mean_and_half_width(values: list[float]) -> tuple[float, float]:
    """Mean over seeds and half of its 95 % interval (Student's t); infinite for one value.

    Examples
    --------
    >>> mean_and_half_width([0.5])
    (0.5, inf)
    """
    mean = statistics.fmean(values)
    if len(values) == 1:
        return mean, math.inf
    error = statistics.stdev(values) / math.sqrt(len(values))
    return mean, _STUDENT.get(len(values) - 1, 2.0) * error


def of(records: Iterable[dict[str, Any]], **wanted: Any) -> Records:
    """Records of the table that have these values; those of further folds are left out."""
    return [
        record
        for record in records
        if all(record[key] == value for key, value in wanted.items()) and _is_in_table(record)
    ]


def _is_in_table(record: dict[str, Any]) -> bool:
    is_first: bool = record["fold"] == record["seed"] % FOLDS
    return is_first or record["task"] == "shifted-survey"


def write_page(records: Records, output: Path) -> None:
    """Write OUTPUT.md and OUTPUT.png."""
    tasks = list(dict.fromkeys(record["task"] for record in records))
    parts = [_HEAD]
    parts += [
        _table(records, task, measure) for task in tasks for measure in ("accuracy", "auroc")
    ]
    parts += ["## What they say", *few_against_all(records), goal(records)]
    picture(records, output.with_suffix(".png"))
    parts.append(f"![accuracy by number of labels]({output.name}.png)")
    parts.append(_COMMAND)
    output.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


_HEAD = """# How many labels a start is worth

The same labels are given to three starts: random weights (scratch), our own network of
simulated lenses (simulation), and ImageNet. Scratch and simulation are the network of
`resnet-lens`, ImageNet is MobileNetV2. *Head* trains the last layer on frozen features, *full*
all layers. A number is the mean over seeds with its 95 % interval; each seed draws other
labels and, for the real data, tests on another of five folds (radio sources of one place stay
in one fold). Of the labels, 15 % choose the epoch and calibrate. Predictions of radio galaxies
are averages over flips and quarter turns. The schedule is short, so that all of it runs on a
laptop in hours: longer ones would lift the lines from scratch most."""

_COMMAND = """Printed again by

```bash
python -m benchmarks.label_efficiency --radio mirabest-train.npz \\
    --galaxy-zoo galaxy-zoo-train/ --imagenet mobilenetv2_100.safetensors \\
    --goal -o label-efficiency
```"""


def _table(records: Records, task: str, measure: str) -> str:
    mine = of(records, task=task)
    counts = sorted({r["labels"] for r in mine}, key=lambda count: count or math.inf)
    largest = max(r["trained"] for r in mine)
    names = [str(count) if count else f"all ({largest} trained on)" for count in counts]
    seeds = len({r["seed"] for r in mine})
    lines = [
        f"## {task}: {measure} ({seeds} seeds, tested on {_range(mine)})",
        "",
        "| start | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for start in dict.fromkeys(r["start"] for r in mine):
        cells = [
            _cell([r[measure] for r in of(mine, start=start, labels=count)]) for count in counts
        ]
        lines.append(f"| {start} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(records: Records) -> str:
    low, high = (f(r["tested"] for r in records) for f in (min, max))
    return f"{low}" if low == high else f"{low} to {high}"


def _cell(values: list[float]) -> str:
    if not values:
        return "not run"
    mean, half = mean_and_half_width(values)
    return f"{mean:.3f}" + (f" ± {half:.3f}" if math.isfinite(half) else " (one seed)")


def few_against_all(records: Records) -> list[str]:
    """Whether a pretrained start at 300 labels is at least as good as scratch with all."""
    said, met, tried = [], 0, 0
    for task in dict.fromkeys(record["task"] for record in records):
        mine = of(records, task=task)
        most = max((r["labels"] or math.inf for r in mine), default=0)
        scratch = [r for r in of(mine, start="scratch") if (r["labels"] or math.inf) == most]
        few = of(mine, labels=_FEW)
        starts = {r["start"] for r in few} - {"scratch"}
        if not scratch or not starts:
            continue
        tried += 1
        reference = statistics.fmean(r["auroc"] for r in scratch)
        best, value = max(
            ((s, statistics.fmean(r["auroc"] for r in of(few, start=s))) for s in starts),
            key=lambda pair: pair[1],
        )
        is_met = value >= reference
        met += is_met
        said.append(
            f"**{task}.** {best} with {_FEW} labels: AUROC {value:.3f}; scratch with all "
            f"labels ({scratch[0]['trained']} trained on): {reference:.3f}. "
            + ("At least as good." if is_met else f"Short by {reference - value:.3f}.")
        )
    verdict = "met" if met >= 2 else "missed"
    said.append(
        f"The goal was a pretrained start at {_FEW} labels that is at least as good as scratch "
        f"with all on two of three tasks: {verdict} ({met} of {tried})."
    )
    return said


def goal(records: Records) -> str:
    """Accuracy of the radio goal: mean over seeds of the mean over five folds."""
    full = [
        r
        for r in records
        if (r["task"], r["start"], r["labels"]) == ("radio", "ImageNet, full", None)
    ]
    by_seed: dict[int, list[dict[str, Any]]] = {}
    for record in full:
        by_seed.setdefault(record["seed"], []).append(record)
    whole = {seed: rows for seed, rows in by_seed.items() if len(rows) == FOLDS}
    if not whole:
        return "Accuracy over five whole folds was not run."
    accuracies = [
        sum(r["accuracy"] * r["tested"] for r in rows) / sum(r["tested"] for r in rows)
        for rows in whole.values()
    ]
    mean, half = mean_and_half_width(accuracies)
    interval = f" ± {half:.4f}" if math.isfinite(half) else ""
    said = "met" if mean >= GOAL else f"missed by {GOAL - mean:.4f}"
    return (
        f"**FRI against FRII, all labels, ImageNet, full, five grouped folds:** accuracy "
        f"{mean:.4f}{interval} (mean of {len(accuracies)} seeds, "
        f"{sum(r['tested'] for r in next(iter(whole.values())))} sources each). The goal of "
        f"{GOAL} is {said}."
    )


def picture(records: Records, path: Path) -> None:
    """Accuracy by number of labels, a panel for each task."""
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(record["task"] for record in records))
    figure = Figure(figsize=(4.2 * len(tasks), 3.6), layout="constrained")
    for number, task in enumerate(tasks, start=1):
        axes = figure.add_subplot(1, len(tasks), number)
        mine = of(records, task=task)
        for start in dict.fromkeys(r["start"] for r in mine):
            points: dict[int, list[float]] = {}
            for record in of(mine, start=start):
                labels = record["labels"] or round(record["trained"] / 0.85)
                points.setdefault(labels, []).append(record["accuracy"])
            counts = sorted(points)
            means = [mean_and_half_width(points[count]) for count in counts]
            axes.errorbar(
                counts,
                [mean for mean, _ in means],
                yerr=[half if math.isfinite(half) else 0.0 for _, half in means],
                label=start, marker="o", markersize=3, capsize=2, linewidth=1,
            )  # fmt: skip
        axes.set(xscale="log", title=task, xlabel="labels", ylabel="accuracy")
        axes.grid(alpha=0.3)
    if tasks:
        axes.legend(fontsize=7)
    figure.savefig(path, dpi=90)
