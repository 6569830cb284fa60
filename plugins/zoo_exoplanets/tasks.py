"""Detecting transits: binary classification with the question of how shallow they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo_core import metrics
from zoo_core.tasks import BinaryClassification

if TYPE_CHECKING:
    from collections.abc import Mapping

    import matplotlib.figure

    from zoo_core.metrics import Metric

#: Depth over noise is told in steps of this width.
STEP = 0.25

#: Kind of light curves without a transit and without an event.
_QUIET = "quiet"


class TransitDetection(BinaryClassification):
    """Binary classification that asks how shallow a transit may be.

    A truth table with the column ``depth_over_noise``, the depth of a transit in units of the
    noise of one sample, adds recall and accuracy at each of its values, in steps of 0.25; one
    with ``kind`` adds how often each kind of event is taken for a transit. Light curves
    without a transit have a ``depth_over_noise`` too: what a transit there would have.
    """

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Those of a binary classification, recall, false positives, and by depth / noise.

        ``false_positive_share`` and ``false_negative_share`` are of *all* light curves, as
        Pearson et al. (2018) count them.
        """
        positive, score = self.compared(truth, predictions)
        selected = score > 0.5
        found = [
            *super().metrics(truth, predictions),
            metrics.measure_fraction(selected[positive], name="recall", conditions="p > 0.5"),
            metrics.measure_fraction(
                ~positive & selected, name="false_positive_share", conditions="p > 0.5"
            ),
            metrics.measure_fraction(
                positive & ~selected, name="false_negative_share", conditions="p > 0.5"
            ),
        ]
        steps = _steps(truth)
        if steps is not None:
            found += _over_steps(positive, selected, steps)
        if "kind" in truth:
            found += _by_kind(positive, selected, truth["kind"])
        return found

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """Those of a binary classification, and ``depth_over_noise``."""
        positive, score = self.compared(truth, predictions)
        found = super().figures(truth, predictions)
        steps = _steps(truth)
        if steps is not None and np.isfinite(steps).any():
            found["depth_over_noise"] = _figure(positive, score > 0.5, steps)
        return found


def _steps(truth: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Depth over noise ``(n,)`` in whole steps, NaN where unknown; None without a column."""
    if "depth_over_noise" not in truth:
        return None
    values = np.ma.asarray(truth["depth_over_noise"]).astype(np.float64)
    rounded: np.ndarray = np.round(np.ma.filled(values, np.nan) / STEP) * STEP
    return rounded


def _over_steps(positive: np.ndarray, selected: np.ndarray, steps: np.ndarray) -> list[Metric]:
    """Recall of the transits, and accuracy of all, at each step."""
    found = []
    for step in np.unique(steps[np.isfinite(steps)]):
        here = steps == step
        told = f"depth/noise = {step:g}"
        if (here & positive).any():
            hits = selected[here & positive]
            found.append(metrics.measure_fraction(hits, name="recall", conditions=told))
        right = positive[here] == selected[here]
        found.append(metrics.measure_fraction(right, name="accuracy", conditions=told))
    return found


def _by_kind(positive: np.ndarray, selected: np.ndarray, kinds: np.ndarray) -> list[Metric]:
    """How often each kind of event without a transit is taken for one."""
    names = np.char.strip(np.asarray(kinds).astype(str))
    events = sorted(set(names[~positive].tolist()))
    if events in ([], [_QUIET]):
        return []
    return [
        metrics.measure_false_positive_rate(
            positive, selected, subset=names == name, conditions=f"kind = {name}"
        )
        for name in events
    ]


def _figure(
    positive: np.ndarray, selected: np.ndarray, steps: np.ndarray
) -> matplotlib.figure.Figure:
    """Recall and accuracy over depth / noise, with 95 % intervals."""
    from zoo_core.plots import COLOURS, new_figure

    figure, (axes,) = new_figure()
    groups = {
        "transits found (recall)": (positive, selected),
        "right of all (accuracy)": (np.ones_like(positive), selected == positive),
    }
    for colour, (name, (counted, right)) in zip(COLOURS, groups.items(), strict=False):
        counted = counted & np.isfinite(steps)
        if not counted.any():
            continue
        places, place = np.unique(steps[counted], return_inverse=True)
        total = np.bincount(place)
        hits = np.bincount(place, weights=right[counted].astype(float)).astype(int)
        share = hits / total
        low, high = metrics.wilson(hits, total)
        reach = np.maximum(0.0, [share - low, high - share])
        axes.errorbar(
            places, share, yerr=reach, marker="o", markersize=4.5, color=colour, label=name
        )
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("depth / noise of one sample", fontsize=10)
    axes.set_ylabel("share at p > 0.5", fontsize=10)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    return figure
