"""What ``layer_transfer`` found: table, figure, and which signatures are seen."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.stats import t as student

from zoo_core.plots import COLOURS, new_figure

from .training import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    import matplotlib.figure

#: Of the margins. Where the largest of several differences counts, they share it.
CONFIDENCE = 0.95

SEEN, NOT_SEEN, UNDECIDED = "seen", "not seen", "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Accuracies, 0 to 1.

    Attributes
    ----------
    base : tuple of float
        Of base B, one a training.
    cells : mapping of (str, int) to tuple of float
        Of a column of the table and a number of copied layers, in the order of the seeds.
    depth : int
        Largest number of copied layers.
    chance : float
        Of guessing.
    """

    base: tuple[float, ...]
    cells: Mapping[tuple[str, int], tuple[float, ...]]
    depth: int
    chance: float

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> Results:
        """From the JSON file."""
        runs = sorted(stored["runs"], key=lambda run: int(run["seed"]))
        cells: dict[tuple[str, int], tuple[float, ...]] = {}
        for run in runs:
            key = (run["column"], run["n"])
            cells[key] = (*cells.get(key, ()), run["accuracy"])
        return cls(
            base=cells.pop(("base B", 0), ()),
            cells={key: values for key, values in cells.items() if key[0] in COLUMNS},
            depth=len(stored["data"]["layers"]) - 1,
            chance=1.0 / len(stored["data"]["halves"]["B"]),
        )

    @property
    def middle(self) -> int:
        """Number of copied layers at which the second half begins."""
        return (self.depth + 1) // 2

    def column(self, name: str) -> list[tuple[float, ...]]:
        """Accuracies of a column, from n = 1 on."""
        return [self.cells[name, n] for n in range(1, self.depth + 1)]

    def missing(self) -> list[str]:
        """What has been trained less than twice, so that it has no spread."""
        wanted = [(name, n) for name in COLUMNS for n in range(1, self.depth + 1)]
        few = [
            f"{name}, n = {n}" for name, n in wanted if len(self.cells.get((name, n), ())) < 2
        ]
        return few + ([] if len(self.base) > 1 else ["base B"])


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two means and the half width of its confidence interval."""

    value: float
    margin: float

    @property
    def is_above(self) -> bool:
        """More than zero, by more than the margin."""
        return self.value > self.margin

    @property
    def is_below(self) -> bool:
        """Less than zero, by more than the margin."""
        return self.value < -self.margin

    def __str__(self) -> str:
        return f"{100 * self.value:+.1f} ± {100 * self.margin:.1f} points"


@dataclass(frozen=True, slots=True)
class Signature:
    """Whether something is seen, and the numbers that say so."""

    name: str
    verdict: str
    reason: str


def compare(
    first: Sequence[float],
    second: Sequence[float],
    *,
    like: Iterable[Sequence[float]] = (),
    comparisons: int = 1,
) -> Difference:
    """Mean of ``first`` minus mean of ``second`` with a margin.

    Parameters
    ----------
    first, second : sequence of float
        Accuracies of independent trainings.
    like : iterable of sequences of float
        Further cells of the table that tell the spread of trainings; three seeds alone
        tell little. The two themselves always count.
    comparisons : int
        How many margins share the confidence (Bonferroni).
    """
    groups = {id(group): group for group in (first, second, *like)}.values()
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum((x - statistics.fmean(group)) ** 2 for group in groups for x in group)
    error = math.sqrt(squares / freedom * (1 / len(first) + 1 / len(second)))
    value = statistics.fmean(first) - statistics.fmean(second)
    return Difference(value, error * _quantile(freedom, comparisons))


def signatures(results: Results) -> list[Signature]:
    """The signatures of the paper, each seen, not seen or undecided.

    A difference counts if it is larger than its margin, which comes from the spread of the
    trainings. With a cell that has been trained less than twice nothing can be said.
    """
    found = [
        ("(a) fine-tuned transfer is at or above base B", _gain),
        ("(b) frozen transfer falls after the middle", _fall),
        ("(c) random frozen layers collapse", _collapse),
        ("co-adaptation: frozen self-transfer dips in the middle", _dip),
    ]
    missing = results.missing()
    if missing:
        reason = f"{len(missing)} cells have less than two trainings ({missing[0]}, ...)"
        return [Signature(name, UNDECIDED, reason) for name, _ in found]
    if not _has_learnt(results):
        reason = "Base B is not better than guessing"
        return [Signature(name, UNDECIDED, reason) for name, _ in found]
    return [Signature(name, *judge(results)) for name, judge in found]


def _has_learnt(results: Results) -> bool:
    """Whether base B is above guessing by more than its margin."""
    count = len(results.base)
    margin = statistics.stdev(results.base) / math.sqrt(count) * _quantile(count - 1)
    return statistics.fmean(results.base) - results.chance > margin


def _quantile(freedom: int, comparisons: int = 1) -> float:
    """Half width of the confidence interval in standard errors, after Student."""
    return float(student.ppf(1.0 - (1.0 - CONFIDENCE) / 2 / comparisons, freedom))


def _gain(results: Results) -> tuple[str, str]:
    """Fine-tuned transfer: above base B on average over n, and below it at no n.

    A network with copied layers has been trained twice as long in all. What that alone gives
    is in BnB+, so a gain is ascribed to the other task only as far as it exceeds that.
    """
    column = results.column("AnB+")
    seeds, own = _mean_over_n(column), _mean_over_n(results.column("BnB+"))
    mean = compare(seeds, results.base)
    each = [
        compare(cell, results.base, like=column, comparisons=results.depth) for cell in column
    ]
    n, least = min(enumerate(each, start=1), key=lambda pair: pair[1].value)
    text = f"AnB+ minus base B is {mean} on average over n, and {least} at its lowest, n = {n}"
    if least.is_below or mean.is_below:
        return NOT_SEEN, f"{text}: it is worse"
    if mean.is_above:
        return SEEN, f"{text}: it is better. {_credit(seeds, own, results.base)}"
    return UNDECIDED, f"{text}: nothing that the spread does not explain"


def _mean_over_n(column: Sequence[Sequence[float]]) -> list[float]:
    """Mean of a column for each seed."""
    return [statistics.fmean(values) for values in zip(*column, strict=False)]


def _credit(other: Sequence[float], own: Sequence[float], base: Sequence[float]) -> str:
    """Whether fine-tuning what another task taught gives more than training on."""
    control, gap = compare(own, base), compare(other, own)
    text = f"BnB+ minus base B is {control} and AnB+ minus BnB+ {gap} on average over n"
    if gap.is_above:
        return f"{text}: layers of the other task give more than longer training"
    if gap.is_below:
        return f"{text}: longer training on the task itself gives more"
    if control.is_above:
        return f"{text}: longer training alone gives as much"
    return f"{text}: which of the two it is cannot be told"


def _fall(results: Results) -> tuple[str, str]:
    """Frozen transfer: lower at the end than in the middle, and no rise between."""
    column = results.column("AnB frozen")
    late = column[results.middle - 1 :]
    fall = compare(late[-1], late[0], like=column)
    text = f"AnB frozen changes by {fall} from n = {results.middle} to n = {results.depth}"
    steps = [
        compare(after, before, like=column, comparisons=len(late) - 1)
        for before, after in pairwise(late)
    ]
    n, steepest = min(enumerate(steps, start=results.middle), key=lambda pair: pair[1].value)
    text += f", most in one step from n = {n} to {n + 1} ({steepest})"
    rises = [n for n, step in enumerate(steps, start=results.middle) if step.is_above]
    own = results.column("BnB frozen")
    gap = compare(column[-1], own[-1], like=[*column, *own])
    side = "below" if gap.is_below else "above" if gap.is_above else "as good as"
    text += f"; at n = {results.depth} it is {side} BnB frozen ({gap})"
    if rises:
        return NOT_SEEN, f"{text}, but it rises after n = {rises[0]}"
    return (SEEN if fall.is_below else NOT_SEEN), text


def _collapse(results: Results) -> tuple[str, str]:
    """Random frozen layers: more than half of the lead over guessing is lost at the end."""
    column = results.column("random frozen")
    lead = statistics.fmean(results.base) - results.chance
    lost = compare(column[-1], results.base, like=column)
    share = -lost.value / lead
    text = f"With {results.depth} random layers the accuracy is {lost} from base B"
    if not lost.is_below:
        return NOT_SEEN, f"{text}: no fall"
    text += f", {100 * share:.0f} % of its lead over guessing is lost"
    if -lost.value - lost.margin > 0.5 * lead:
        return SEEN, f"{text}: more than half"
    return NOT_SEEN, f"{text}: a fall, but not clearly more than half"


def _dip(results: Results) -> tuple[str, str]:
    """Frozen self-transfer: lower at some inner n than base B and than both ends."""
    column = results.column("BnB frozen")
    inner = list(enumerate(column[1:-1], start=2))
    n, lowest = min(inner, key=lambda pair: statistics.fmean(pair[1]))
    below = compare(lowest, results.base, like=column, comparisons=len(inner))
    down = compare(lowest, column[0], like=column, comparisons=len(inner))
    back = compare(column[-1], lowest, like=column, comparisons=len(inner))
    text = (
        f"BnB frozen is {below} from base B at its lowest inner n = {n}; it changes by {down} "
        f"from n = 1 to there and by {back} from there to n = {results.depth}"
    )
    if not below.is_below:
        return NOT_SEEN, f"{text}: it is not below"
    if not (down.is_below and back.is_above):
        return NOT_SEEN, f"{text}: it is below, but not lower than at both ends"
    return SEEN, text


def table(results: Results) -> str:
    """A Markdown table: mean and standard deviation of each cell."""
    lines = [
        f"| layers copied | {' | '.join(COLUMNS)} |",
        f"|---{'|---' * len(COLUMNS)}|",
    ]
    for n in range(1, results.depth + 1):
        cells = [_cell(results.cells.get((name, n), ())) for name in COLUMNS]
        lines.append(f"| {n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figure(results: Results) -> matplotlib.figure.Figure:
    """Accuracy over the number of copied layers; bars are standard deviations."""
    drawn, (axes,) = new_figure(5.6, 3.8)
    base = statistics.fmean(results.base) if results.base else float("nan")
    axes.axhline(base, color="0.3", linewidth=1, label="base B", zorder=1)
    axes.axhline(results.chance, color="0.6", linestyle=":", linewidth=1, label="guessing")
    for index, (name, (_, freezes)) in enumerate(COLUMNS.items()):
        found = [n for n in range(1, results.depth + 1) if results.cells.get((name, n))]
        axes.errorbar(
            # Side by side, so that bars do not hide each other.
            [n + 0.05 * (index - 2) for n in found],
            [statistics.fmean(results.cells[name, n]) for n in found],
            [_spread(results.cells[name, n]) for n in found],
            color=COLOURS[index],
            linestyle="-" if freezes else "--",
            marker="o" if freezes else "s",
            markersize=4,
            capsize=2,
            label=name,
        )
    axes.set_xlabel("layers copied")
    axes.set_ylabel("accuracy on test images of task B")
    axes.set_xticks(range(1, results.depth + 1))
    axes.legend(frameon=False, fontsize=8, ncols=2)
    return drawn


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    spread = f" ± {_spread(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.4f}{spread}"


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
