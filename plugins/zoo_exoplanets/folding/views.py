"""Folded light curves in bins: the two views that AstroNet takes.

As Shallue & Vanderburg (2018) have them: the global view is the whole orbit in 2001 bins, the
local view four durations to both sides of the transit in 201 bins that overlap. A bin is the
median of its samples; then the median of a view is brought to 0 and its minimum to -1.
"""

from __future__ import annotations

import numpy as np

from zoo_core.errors import InputError

GLOBAL_BINS, LOCAL_BINS = 2001, 201

#: Reach of the local view to both sides, and width of its bins, in durations.
LOCAL_REACH, LOCAL_WIDTH = 4.0, 0.16


def fold(time: np.ndarray, period: float, mid_transit: float) -> np.ndarray:
    """Time since the nearest mid-transit ``(n,)``, from ``-period / 2`` to ``period / 2``.

    >>> fold(np.array([1.0, 2.9, 4.0]), 2.0, 1.0).round(6).tolist()
    [0.0, -0.1, -1.0]
    """
    folded: np.ndarray = np.mod(time - mid_transit + period / 2.0, period) - period / 2.0
    return folded


def global_view(folded: np.ndarray, flux: np.ndarray, period: float) -> np.ndarray:
    """The whole orbit ``(2001,)`` float32.

    Parameters
    ----------
    folded : numpy.ndarray
        ``(n,)``: time since mid-transit, of ``fold``.
    flux : numpy.ndarray
        ``(n,)``, without the star's slow variability; NaN is missing.
    period : float
        In the unit of ``folded``.

    Raises
    ------
    InputError
        No sample, or none that differs from the others.
    """
    width = period / GLOBAL_BINS
    return _view(folded, flux, GLOBAL_BINS, width, reach=period / 2.0)


def local_view(
    folded: np.ndarray, flux: np.ndarray, period: float, duration: float
) -> np.ndarray:
    """The transit and what is around it ``(201,)`` float32; arguments as ``global_view``."""
    reach = min(period / 2.0, LOCAL_REACH * duration)
    return _view(folded, flux, LOCAL_BINS, LOCAL_WIDTH * duration, reach=reach)


def median_bins(
    place: np.ndarray, values: np.ndarray, *, bins: int, width: float, reach: float
) -> np.ndarray:
    """Medians ``(bins,)`` of values in bins from ``-reach`` to ``reach``; NaN where empty.

    The bins have one width and lie evenly; where it is larger than their distance they
    overlap.

    Examples
    --------
    >>> place, values = np.array([-0.9, -0.8, 0.5]), np.array([1.0, 3.0, 5.0])
    >>> median_bins(place, values, bins=2, width=1.0, reach=1.0).tolist()
    [2.0, 5.0]
    """
    order = np.argsort(place, kind="stable")
    place, values = place[order], values[order]
    step = (2.0 * reach - width) / (bins - 1)
    low = -reach + step * np.arange(bins)
    # A rounding must put no sample between two bins that touch.
    low = np.append(low, low[-1] + step) if width <= step * (1.0 + 1e-9) else low
    first = np.searchsorted(place, low)
    if len(low) > bins:
        first, last = first[:-1], first[1:]
    else:
        last = np.searchsorted(place, low + width)
    return _medians(values, first, last)


def _medians(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Medians of ``values[first[k]:last[k]]``."""
    counts = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(first)), counts)
    start = np.cumsum(counts) - counts
    members = values[np.arange(len(owner)) - start[owner] + first[owner]]
    members = members[np.lexsort((members, owner))]
    filled = counts > 0
    middle = start[filled] + (counts[filled] - 1) // 2
    above = start[filled] + counts[filled] // 2
    medians = np.full(len(first), np.nan)
    medians[filled] = (members[middle] + members[above]) / 2.0
    return medians


def _view(
    folded: np.ndarray, flux: np.ndarray, bins: int, width: float, *, reach: float
) -> np.ndarray:
    there = np.isfinite(flux) & np.isfinite(folded)
    if not there.any():
        raise InputError("no sample of the light curve is a finite number.", flag="all-nan")
    view = median_bins(folded[there], flux[there], bins=bins, width=width, reach=reach)
    view = np.where(np.isfinite(view), view, np.median(flux[there]))
    view = view - np.median(view)
    deepest = abs(view.min())
    if not deepest > 0:
        raise InputError("the folded light curve is constant.", flag="constant")
    scaled: np.ndarray = (view / deepest).astype(np.float32)
    return scaled
