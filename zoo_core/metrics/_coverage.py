"""Whether intervals hold the truth as often as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InputError
from ._checks import finite, paired
from ._intervals import measure_fraction

if TYPE_CHECKING:
    import numpy as np

    from ..cards import Metric


def measure_coverage(
    truth: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    name: str = "coverage",
    conditions: str = "",
) -> Metric:
    """Share of intervals that hold the truth, with its Wilson interval.

    Parameters
    ----------
    truth, low, high : numpy.ndarray
        ``(n,)``, finite; the limits belong to the interval.
    """
    truth, low = paired("the truth", finite("the truth", truth), "the lower limit", low)
    truth, high = paired("the truth", truth, "the upper limit", high)
    return measure_fraction((low <= truth) & (truth <= high), name=name, conditions=conditions)


def probability_ranks(truth: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Share of each stated distribution that lies below the truth.

    Uniform between 0 and 1 where the distributions are right, over any set of objects
    (simulation-based calibration, Talts et al. 2018). Between the quantiles the score of a
    normal variable is linear in the value, and so it goes on beyond them: exact for a normal
    distribution.

    Parameters
    ----------
    truth : numpy.ndarray
        ``(n,)``, finite.
    quantiles : numpy.ndarray
        ``(n, 2k + 1)``, increasing: at -k, ..., 0, ..., k standard deviations of a normal
        variable, k at least 1.

    Returns
    -------
    numpy.ndarray
        ``(n,)``, float64.

    Raises
    ------
    InputError
        An array is not finite or of the wrong shape, or quantiles fall.

    Examples
    --------
    >>> probability_ranks([0.0, 1.0], [[-1.0, 0.0, 1.0], [0.0, 2.0, 4.0]]).round(4).tolist()
    [0.5, 0.3085]
    """
    import numpy as np
    from scipy.special import ndtr

    truth = finite("the truth", truth)
    limits = finite("the quantiles", quantiles, ndim=2)
    steps = limits.shape[1] // 2
    if len(limits) != len(truth) or limits.shape[1] % 2 == 0 or steps < 1:
        raise InputError(
            f"quantiles of shape {limits.shape} for {len(truth)} objects: needs one row for "
            "each, with an odd number of them, 3 or more."
        )
    gaps = np.diff(limits, axis=1)
    if (gaps < 0).any():
        row = int(np.flatnonzero((gaps < 0).any(axis=1))[0])
        raise InputError(f"the quantiles of row {row} fall: {limits[row].tolist()}.")
    # The interval that the truth is in; the outermost go on to infinity.
    place = (truth[:, None] >= limits[:, 1:-1]).sum(1)
    rows = np.arange(len(truth))
    start, gap = limits[rows, place], gaps[rows, place]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (truth - start) / gap
    # Of no width: a step.
    along = np.where(gap > 0, along, np.where(truth > start, np.inf, 0.0))
    ranks: np.ndarray = ndtr(place - steps + along)
    return ranks
