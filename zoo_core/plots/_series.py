"""Series with what a model says of their windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._figure import COLOURS, GUIDE, label, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import matplotlib.figure
    import numpy as np

#: Series on one figure.
MOST_SERIES = 24

#: Inches of each.
_WIDTH, _HEIGHT = 9.0, 2.9


@dataclass(frozen=True, slots=True)
class Scanned:
    """A series and the scores of its windows.

    Parameters
    ----------
    name : str
        Stands above it.
    times, values : numpy.ndarray
        ``(n,)`` each; NaN leaves a gap.
    places, scores : numpy.ndarray
        ``(window,)`` each: middles of the windows in the order of time, and their scores
        from 0 to 1. A single window is told above the series, not drawn.
    width : float
        Length of a window, in the unit of ``times``.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    places: np.ndarray
    scores: np.ndarray
    width: float


def find_peaks(
    places: np.ndarray, scores: np.ndarray, *, width: float, threshold: float = 0.5
) -> np.ndarray:
    """Positions of the windows that are the best within half a width around, best first.

    Where neighbours have the same score, as a probability of 1.000 often is, the middle one
    of them is taken.

    Parameters
    ----------
    places, scores : numpy.ndarray
        ``(window,)`` each, by ascending place; a score may be NaN.
    width : float
        In the unit of ``places``.
    threshold : float
        Windows with this score or less are none.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([0.1, 0.7, 0.9, 0.9, 0.9, 0.6, 0.2, 0.8])
    >>> find_peaks(np.arange(8.0), scores, width=5.0).tolist()
    [3, 7]
    """
    import numpy as np

    left = np.where(np.isfinite(scores), scores, -np.inf)
    found = []
    while len(left) and left.max() > threshold:
        best = int(left.argmax())
        equal = np.flatnonzero((left == left[best]) & (abs(places - places[best]) <= width / 2))
        # Only those that follow each other belong to one event.
        run = equal[equal - np.arange(len(equal)) == equal[0]]
        middle = int(run[len(run) // 2])
        found.append(middle)
        left[abs(places - places[middle]) <= width / 2] = -np.inf
    return np.array(found, dtype=int)


def series_figure(
    series: Sequence[Scanned],
    *,
    score: str,
    value: str = "value",
    time: str = "time",
    title: str = "",
) -> matplotlib.figure.Figure:
    """Draw series below each other, with the scores of their windows and the best marked.

    Parameters
    ----------
    series : sequence of Scanned
        At most ``MOST_SERIES``.
    score, value, time, title : str
        Labels.

    Raises
    ------
    UsageError
        None, or too many.
    """
    if not 1 <= len(series) <= MOST_SERIES:
        raise UsageError(f"a figure takes 1 to {MOST_SERIES} series, not {len(series)}.")
    figure, _ = new_figure(_WIDTH, _HEIGHT * len(series) + (0.4 if title else 0.0))
    figure.clear()
    # Each has axes of its own: series of two objects share no time.
    heights = [part for _ in series for part in (2.2, 1.0)]
    axes = figure.subplots(2 * len(series), 1, gridspec_kw={"height_ratios": heights})
    for position, one in enumerate(series):
        curve, scores = axes[2 * position], axes[2 * position + 1]
        scores.sharex(curve)
        _draw(curve, scores, one)
        label(curve, y=value, title=_told(one, score))
        label(scores, x=time if position == len(series) - 1 else "", y=score)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def _draw(curve: matplotlib.axes.Axes, scores: matplotlib.axes.Axes, one: Scanned) -> None:
    for axes in (curve, scores):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color="#E4E4E4", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
    curve.tick_params(labelbottom=False)
    many = len(one.times) > 2000
    curve.plot(one.times, one.values, ".", color="#444444", markersize=1.2 if many else 3)
    peaks = find_peaks(one.places, one.scores, width=one.width)
    for place in one.places[peaks]:
        curve.axvspan(
            place - one.width / 2, place + one.width / 2, color=COLOURS[1], alpha=0.15, lw=0
        )
        scores.axvline(place, color=COLOURS[1], linewidth=0.8)
    scores.axhline(0.5, color=GUIDE, linestyle=":", linewidth=1.0)
    marker = "o" if len(one.places) == 1 else None
    scores.plot(*_with_gaps(one.places, one.scores), color=COLOURS[0], lw=1.0, marker=marker)
    scores.set_ylim(-0.03, 1.03)


def _with_gaps(places: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """No line is drawn where windows were left out."""
    import numpy as np

    steps = np.diff(places)
    if not len(steps):
        return places, scores
    after = np.flatnonzero(steps > 1.5 * np.median(steps)) + 1
    return np.insert(places, after, np.nan), np.insert(scores, after, np.nan)


def _told(one: Scanned, score: str) -> str:
    """What stands above a series."""
    import numpy as np

    if not np.isfinite(one.scores).any():
        return one.name
    peaks = find_peaks(one.places, one.scores, width=one.width)
    return f"{one.name}, best {score} {np.nanmax(one.scores):.4f}, {len(peaks)} above 0.5"
