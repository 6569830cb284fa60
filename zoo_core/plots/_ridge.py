"""Distributions of a probability in many groups, one above the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._figure import COLOURS, label, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import matplotlib.figure
    import numpy as np

_TICKS = (1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999)

#: Logit at the ends of the axis; what lies beyond is drawn in the outermost bins.
_END = 12.0

#: Share of a group per bin that has no height; a share of 1 has the height of a row.
_FLOOR = 1e-4


def ridge_figure(
    groups: Mapping[str, np.ndarray],
    *,
    x: str,
    cut: float,
    cut_label: str,
) -> matplotlib.figure.Figure:
    """Draw the distribution of a probability in each group and the share above a cut.

    The axis is linear in the logit, so that both ends can be seen. Heights are logarithmic
    and the same in all rows, so that the few above the cut can be seen too.

    Parameters
    ----------
    groups : mapping of str to numpy.ndarray
        Probabilities ``(n,)``, 0 to 1, from top to bottom; empty groups are left out.
    x : str
        Label.
    cut : float
        The threshold ``p > cut`` that is marked.
    cut_label : str
        What it is.
    """
    import numpy as np

    filled = {name: np.asarray(values) for name, values in groups.items() if len(values)}
    edges = np.linspace(-_END, _END, 61)
    figure, (axes,) = new_figure(6.4, 1.5 + 0.52 * len(filled))
    for row, values in enumerate(filled.values()):
        bottom = len(filled) - 1 - row
        clipped = np.clip(values.astype(np.float64), 1e-9, 1.0 - 1e-9)
        places = np.clip(np.log(clipped / (1.0 - clipped)), -_END, _END)
        share = np.histogram(places, edges)[0] / len(values)
        scaled = 1.0 - np.log(np.maximum(share, _FLOOR)) / math.log(_FLOOR)
        heights = bottom + 0.9 * scaled
        # The first group is set off from those that it is compared with.
        colour = COLOURS[0] if row else COLOURS[1]
        axes.stairs(heights, edges, baseline=bottom, fill=True, color=colour, alpha=0.35)
        axes.stairs(heights, edges, baseline=bottom, color=colour, linewidth=1.2)
        axes.text(
            1.02,
            bottom + 0.3,
            f"{100.0 * (values > cut).mean():.2f} % of {len(values):,}",
            transform=axes.get_yaxis_transform(),
            fontsize=9,
            va="center",
        )
    place = min(max(_logit(cut), -_END), _END)
    axes.axvline(place, color="black", linewidth=1.0, linestyle="--", label=cut_label)
    axes.set_xticks([_logit(p) for p in _TICKS], [f"{p:g}" for p in _TICKS])
    axes.set_yticks(np.arange(len(filled))[::-1] + 0.3, list(filled))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(-_END, _END)
    axes.set_ylim(-0.05, len(filled))
    axes.text(1.02, len(filled) - 0.05, "above the cut", transform=axes.get_yaxis_transform(),
              fontsize=9, va="center", weight="bold")  # fmt: skip
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=9,
        borderaxespad=0.2,
    )
    label(axes, x=f"{x}\n(heights: share per bin, logarithmic, {_FLOOR:g} to 1)")
    return figure


def _logit(p: float) -> float:
    """``ln(p / (1 - p))``; infinite at 0, 1 and beyond."""
    if p <= 0.0:
        return -math.inf
    return math.log(p / (1.0 - p)) if p < 1.0 else math.inf
