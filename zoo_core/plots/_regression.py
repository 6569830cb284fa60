"""Pictures of numbers that were predicted with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._figure import COLOURS, GUIDE, label, new_figure, new_panels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import matplotlib.figure
    import numpy as np

#: Objects whose intervals are drawn; more would be a grey area.
_DRAWN = 400

_BINS = 20


def truth_figure(
    targets: Sequence[tuple[str, np.ndarray, np.ndarray]],
) -> matplotlib.figure.Figure:
    """Draw predictions with their intervals against the truth, a panel for each target.

    Parameters
    ----------
    targets : sequence of (str, numpy.ndarray, numpy.ndarray)
        Name with unit; truth ``(n,)``; lower limit, prediction and upper limit ``(n, 3)``.
        The first 400 objects are drawn.
    """
    import numpy as np

    figure, panels = new_panels(len(targets))
    for axes, (name, truth, limits) in zip(panels, targets, strict=True):
        true, some = np.asarray(truth)[:_DRAWN], np.asarray(limits)[:_DRAWN]
        ends = [float(np.min([true.min(), some[:, 1].min()]))]
        ends.append(float(np.max([true.max(), some[:, 1].max()])))
        axes.plot(ends, ends, color=GUIDE, linestyle=":", zorder=3)
        errors = np.abs(some[:, [0, 2]] - some[:, [1]]).T
        axes.errorbar(
            true, some[:, 1], yerr=errors, fmt="o", markersize=2.5, linewidth=0.6,
            color=COLOURS[0], alpha=0.5,
        )  # fmt: skip
        margin = 0.05 * (ends[1] - ends[0]) or 1.0
        axes.set_ylim(ends[0] - margin, ends[1] + margin)
        label(axes, x=f"true {name}", y=f"predicted {name}")
    return figure


def coverage_figure(ranks: Mapping[str, np.ndarray]) -> matplotlib.figure.Figure:
    """Draw how often central intervals hold the truth against how often they should.

    Parameters
    ----------
    ranks : mapping of str to numpy.ndarray
        For each target ``(n,)``, from ``probability_ranks``.
    """
    import numpy as np

    figure, (axes,) = new_figure(4.6, 4.4)
    levels = np.linspace(0.0, 1.0, 101)
    axes.plot(levels, levels, color=GUIDE, linestyle=":", label="as it should be")
    for (name, values), colour in zip(ranks.items(), COLOURS, strict=False):
        reach = np.sort(np.abs(2.0 * np.asarray(values) - 1.0))
        held = np.searchsorted(reach, levels, side="right") / len(reach)
        axes.plot(levels, held, color=colour, label=name)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    label(axes, x="stated probability of the interval", y="share that holds the truth")
    return figure


def ranks_figure(ranks: Mapping[str, np.ndarray]) -> matplotlib.figure.Figure:
    """Draw histograms of the ranks of the truth: flat where the distributions are right.

    Grey is what 99 % of the bins of a flat one are within. A hill in the middle says that the
    intervals are too wide, a bowl that they are too narrow, a slope that there is a bias.

    Parameters
    ----------
    ranks : mapping of str to numpy.ndarray
        As for ``coverage_figure``.
    """
    import numpy as np
    from scipy.stats import binom

    figure, panels = new_panels(len(ranks))
    for axes, (name, values), colour in zip(panels, ranks.items(), COLOURS, strict=False):
        count = len(values)
        low, high = (binom.ppf(level, count, 1 / _BINS) for level in (0.005, 0.995))
        axes.axhspan(low, high, color="#E4E4E4", zorder=0)
        axes.hist(np.asarray(values), bins=_BINS, range=(0.0, 1.0), color=colour, alpha=0.7)
        axes.set_xlim(0.0, 1.0)
        label(axes, x="rank of the truth", y=f"objects of {count:,}", title=name)
    return figure
