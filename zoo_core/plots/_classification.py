"""Pictures of classifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..metrics import measure_auroc, reliability_curve
from ._figure import COLOURS, GUIDE, label, new_figure
from ._grid import grid_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import matplotlib.figure
    import numpy as np

    from ..metrics import ReliabilityCurve


def roc_figure(
    positive: np.ndarray, score: np.ndarray, *, name: str = "positive"
) -> matplotlib.figure.Figure:
    """Draw the receiver operating characteristic over a logarithmic false-positive rate.

    Parameters
    ----------
    positive : numpy.ndarray
        ``(n,)`` bool.
    score : numpy.ndarray
        ``(n,)``, higher means more likely positive.
    name : str
        Of the positive class, for the labels.
    """
    import numpy as np
    from sklearn.metrics import roc_curve

    false_positive, true_positive, _ = roc_curve(positive, score, drop_intermediate=False)
    negatives = int((~np.asarray(positive, dtype=bool)).sum())
    metric = measure_auroc(positive, score)
    # A logarithm has no zero: what passes with no false positive is drawn half a negative
    # from the left edge.
    left = 0.5 / negatives
    figure, (axes,) = new_figure()
    axes.axvspan(left, 1.0 / negatives, color="#F1F1F1", zorder=0)
    chance = np.geomspace(left, 1.0, 200)
    axes.plot(chance, chance, color=GUIDE, linestyle=":", label="chance")
    axes.plot(
        np.maximum(false_positive, left),
        true_positive,
        drawstyle="steps-post",
        color=COLOURS[0],
        label=f"AUROC {metric.value:.4f} [{metric.low:.4f}, {metric.high:.4f}]",
    )
    for rejection, colour in ((0.99, COLOURS[1]), (0.999, COLOURS[2])):
        rate = 1.0 - rejection
        if rate * negatives >= 1.0:
            reached = true_positive[false_positive <= rate + 1e-12].max()
            axes.plot(
                [rate],
                [reached],
                "o",
                color=colour,
                label=f"{reached:.3f} at {100 * rejection:g} % rejection",
            )
    axes.set_xscale("log")
    axes.set_xlim(left, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8.5, loc="best")
    label(
        axes,
        x=f"false-positive rate ({negatives:,} negatives; grey: none passes)",
        y=f"completeness ({name})",
    )
    return figure


def reliability_figure(
    correct: np.ndarray, probability: np.ndarray, *, x: str, y: str = "share that came true"
) -> matplotlib.figure.Figure:
    """Draw observed frequency against stated probability, with the counts below.

    Parameters
    ----------
    correct : numpy.ndarray
        ``(n,)`` bool: whether the thing that was given ``probability`` is so.
    probability : numpy.ndarray
        ``(n,)``, 0 to 1.
    x, y : str
        Labels.
    """
    curve = reliability_curve(correct, probability)
    figure, (top, bottom) = new_figure(4.8, 5.2, rows=2, heights=(3.0, 1.0))
    top.plot([0, 1], [0, 1], color=GUIDE, linestyle=":", label="perfectly calibrated")
    _draw_reliability(top, curve)
    top.set_xlim(0.0, 1.0)
    top.set_ylim(-0.02, 1.02)
    top.legend(frameon=False, fontsize=8.5, loc="upper left")
    label(top, y=y)
    bottom.stairs(curve.counts, curve.edges, color=COLOURS[0], fill=True, alpha=0.55)
    bottom.set_yscale("log")
    bottom.set_ylim(0.7, 2.0 * curve.counts.max())
    label(bottom, x=x, y="objects")
    return figure


def _draw_reliability(axes: matplotlib.axes.Axes, curve: ReliabilityCurve) -> None:
    import numpy as np

    filled = curve.counts > 0
    frequency = curve.frequency[filled]
    below, above = frequency - curve.low[filled], curve.high[filled] - frequency
    axes.errorbar(
        curve.probability[filled],
        frequency,
        # A rounding below zero is refused by matplotlib.
        yerr=np.maximum(0.0, [below, above]),
        marker="o",
        markersize=4.5,
        linewidth=1.2,
        elinewidth=1.2,
        capsize=2,
        color=COLOURS[0],
        label="observed, 95 % intervals",
    )


def score_figure(groups: Mapping[str, np.ndarray], *, x: str) -> matplotlib.figure.Figure:
    """Draw the distribution of a probability in two or three groups.

    Parameters
    ----------
    groups : mapping of str to numpy.ndarray
        Probabilities ``(n,)``, 0 to 1, of each group; none empty.
    x : str
        Label.
    """
    import numpy as np

    edges = np.linspace(0.0, 1.0, 41)
    figure, (axes,) = new_figure(5.6, 4.2)
    smallest = 0.5 / max(len(values) for values in groups.values())
    for colour, (name, values) in zip(COLOURS, groups.items(), strict=False):
        share = np.histogram(values, edges)[0] / len(values)
        axes.stairs(share, edges, baseline=smallest, fill=True, color=colour, alpha=0.15)
        # An empty bin is drawn on the floor: a logarithmic axis has no zero.
        axes.stairs(
            np.maximum(share, smallest),
            edges,
            baseline=smallest,
            color=colour,
            linewidth=1.6,
            label=f"{name} ({len(values):,})",
        )
    axes.set_yscale("log")
    axes.set_ylim(smallest, 1.5)
    axes.set_xlim(0.0, 1.0)
    figure.legend(loc="outside upper right", ncols=len(groups), frameon=False, fontsize=9)
    label(axes, x=x, y="share of the class per bin of 0.025")
    return figure


def confusion_figure(counts: np.ndarray, names: Sequence[str]) -> matplotlib.figure.Figure:
    """Draw a confusion matrix: shares of each true class, and counts.

    Parameters
    ----------
    counts : numpy.ndarray
        ``(true class, predicted class)``.
    names : sequence of str
        Of the classes.
    """
    import numpy as np

    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)
    text = [
        [f"{share:.2f}\n{count:,}" if count else "0" for share, count in zip(*row, strict=True)]
        for row in zip(shares, counts, strict=True)
    ]
    return grid_figure(
        shares,
        text,
        columns=names,
        rows=names,
        x="predicted class",
        y="true class",
        bar="share of the true class",
    )
