"""The slow part of a light curve, divided out: what is left is what comes and goes fast."""

from __future__ import annotations

import numpy as np

#: Rounds of leaving out what lies far from the curve, and how far, in standard deviations.
_ROUNDS, _FAR = 5, 3.0

#: Samples that a piece of the light curve needs for a curve; fewer are divided by their median.
_LEAST = 8


def without_trend(
    time: np.ndarray,
    flux: np.ndarray,
    *,
    knot_spacing: float,
    gap: float,
    kept_out: np.ndarray | None = None,
) -> np.ndarray:
    """Flux over a smooth curve through it ``(n,)``, about 1; NaN where it is missing.

    The curve is a cubic spline of its own for each piece between gaps, as Shallue &
    Vanderburg (2018) have it, with knots at one distance. Samples far from it do not draw it,
    nor do those of ``kept_out``.

    Parameters
    ----------
    time : numpy.ndarray
        ``(n,)`` float64, ascending.
    flux : numpy.ndarray
        ``(n,)`` float64; NaN is missing.
    knot_spacing : float
        Between the knots of the spline, in the unit of ``time``. What is shorter stays.
    gap : float
        From this distance of two samples on, they belong to different pieces.
    kept_out : numpy.ndarray, optional
        ``(n,)`` bool: samples that the curve must pass by, such as those of a transit.
    """
    flat = np.full(len(flux), np.nan)
    there = np.flatnonzero(np.isfinite(flux))
    if not len(there):
        return flat
    drawing = np.ones(len(flux), bool) if kept_out is None else ~kept_out
    starts = np.flatnonzero(np.diff(time[there]) > gap) + 1
    for piece in np.split(there, starts):
        curve = _curve(time[piece], flux[piece], drawing[piece], knot_spacing)
        with np.errstate(divide="ignore", invalid="ignore"):
            flat[piece] = flux[piece] / curve
    flat[~np.isfinite(flat)] = np.nan
    return flat


def _curve(
    time: np.ndarray, flux: np.ndarray, drawing: np.ndarray, spacing: float
) -> np.ndarray:
    """The smooth curve through one piece ``(n,)``."""
    used = drawing.copy()
    curve = np.full(len(flux), np.median(flux[used] if used.any() else flux))
    for _ in range(_ROUNDS):
        if used.sum() < _LEAST:
            break
        curve = _spline(time, flux, used, spacing)
        off = flux - curve
        # 1.4826 times the median of the distances is the deviation of Gaussian noise.
        deviation = 1.4826 * np.median(np.abs(off[used]))
        again = drawing & (np.abs(off) <= _FAR * deviation)
        if deviation <= 0 or (again == used).all():
            break
        used = again
    return curve


def _spline(time: np.ndarray, flux: np.ndarray, used: np.ndarray, spacing: float) -> np.ndarray:
    """Least squares over the samples in use, at the times of all."""
    from scipy.interpolate import LSQUnivariateSpline

    x, first = np.unique(time[used], return_index=True)
    y = flux[used][first]
    count = int((x[-1] - x[0]) / spacing)
    knots = np.linspace(x[0], x[-1], count + 2)[1:-1]
    # A spline needs samples between its knots.
    before = np.searchsorted(x, knots, side="right")
    filled = np.diff(np.concatenate([[0], before])) >= 4
    knots = knots[filled & (len(x) - before >= 4)]
    if len(x) < len(knots) + _LEAST:
        return np.full(len(flux), np.median(y))
    curve: np.ndarray = LSQUnivariateSpline(x, y, knots, k=3, ext="const")(time)
    return curve
