"""The tables of the challenge."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from .methods import BACKBONES, METHODS, SETS
from .testing import TEST_SEED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD = """\
# The Bologna lens-finding challenge, on our own sets

Methods of the challenge (Metcalf et al. 2019), built again small and trained on simulations of
ours that follow the paper's description. AUROC is the area under the ROC curve; TPR0 and TPR10
are the shares of lenses found before the first, and before the tenth, false positive among all
non-lenses of the test set. Intervals are 95 %.

```
python -m benchmarks.bologna --work runs/bologna -o docs/evidence/bologna
```

Read it with care. All trainings are short: minutes to an hour on one processor core, where the
challenge's entries had hours to days on graphics cards, and not equally short for all, since a
step of one network costs what ten of another do. Settings were not tuned for each method. The
challenge's own numbers belong to its images, which are not these; what can be compared is the
order."""

#: Names of the metrics in the stored rows, with their place in a challenge's entry.
_METRICS = {"auroc": "AUROC", "tpr0": "TPR0", "tpr10": "TPR10"}


def make_page(stored: dict[str, Any]) -> str:
    """All sets."""
    parts = [HEAD]
    for name, found in stored.items():
        parts += [f"## {name.capitalize()} set", conditions(name, found), table(name, found)]
        parts += [line for line in (race_told(found), order(name, found)) if line]
    parts += ["## What is ours", differences()]
    return "\n\n".join(parts) + "\n"


def conditions(name: str, found: dict[str, Any]) -> str:
    """What the numbers hold for."""
    return (
        f"Simulator `{SETS[name]}` version {found['version']}, tested on {found['test']:,} "
        f"cutouts of seed {TEST_SEED}, of which {found['lenses']:,} are lenses."
    )


def table(name: str, found: dict[str, Any]) -> str:
    """A row for each method, best first."""
    lines = [
        "| method | AUROC | TPR0 | TPR10 | trained on | s | challenge: AUROC, TPR0, TPR10 |",
        "|---|---|---|---|---|---|---|",
    ]
    challenge = {method.name: method.challenge.get(name) for method in METHODS}
    for who, row in sorted(found["rows"].items(), key=lambda each: -each[1]["auroc"][0]):
        cells = [cell(row[key]) for key in _METRICS]
        seen = f"{row['seen']:,} | {row['seconds']:,}" if row["seen"] else "its card | "
        numbers = challenge.get(who)
        told = ", ".join(f"{number:.2f}" for number in numbers) if numbers else ""
        lines.append(f"| {who} | {' | '.join(cells)} | {seen} | {told} |")
    return "\n".join(lines)


def race_told(found: dict[str, Any]) -> str:
    """How the backbone was chosen."""
    if not found["race"]:
        return ""
    told = ", ".join(
        f"{backbone} {value:.3f}"
        for backbone, value in sorted(found["race"].items(), key=lambda each: -each[1])
    )
    return (
        f"The backbone is the best of {len(BACKBONES)} after four minutes of training each "
        f"(AUROC on validation cutouts: {told}). A longer race might end otherwise."
    )


def order(name: str, found: dict[str, Any]) -> str:
    """Rank correlation with the challenge."""
    from scipy.stats import spearmanr

    lines = []
    for place, (key, label) in enumerate(_METRICS.items()):
        pairs = list(_pairs(name, found, key, place))
        if len(pairs) < 3 or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
            continue
        ours, theirs = map(list, zip(*pairs, strict=True))
        value = float(spearmanr(ours, theirs).statistic)
        chance = by_chance(ours, theirs, value)
        lines.append(
            f"{label} {value:.2f} ({100 * chance:.0f} % of all orders agree as well or better)"
        )
    if not lines:
        return ""
    return (
        f"Spearman's rank correlation with the challenge, {len(pairs)} entries: "
        f"{'; '.join(lines)}."
    )


def by_chance(ours: Sequence[float], theirs: Sequence[float], value: float) -> float:
    """Share of all orders of our numbers whose rank correlation is ``value`` or more."""
    from scipy.stats import rankdata

    first, second = (rankdata(side) for side in (ours, theirs))
    first, second = ((x - x.mean()) / np.linalg.norm(x - x.mean()) for x in (first, second))
    orders = np.array(list(itertools.permutations(first)))
    return float(np.mean(orders @ second >= value - 1e-9))


def differences() -> str:
    """Where methods depart from what the paper describes."""
    told = [f"- {method.name}: {method.differs}." for method in METHODS if method.differs]
    same = (
        "- All: noise-scaled asinh of the pixels, fresh simulations instead of augmented "
        "copies of a fixed set, AdamW unless said otherwise, a running average of the weights."
    )
    return "\n".join([*told, same])


def cell(numbers: Sequence[float | None]) -> str:
    """A value with its limits."""
    value, low, high = numbers
    limits = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return f"{value:.3f}{limits}"


def _pairs(
    name: str, found: dict[str, Any], key: str, place: int
) -> Iterator[tuple[float, float]]:
    for method in METHODS:
        if name in method.challenge and method.name in found["rows"]:
            yield found["rows"][method.name][key][0], method.challenge[name][place]
