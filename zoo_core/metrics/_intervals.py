"""Intervals of fractions, means and sampled quantities; 95 % throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cards import Metric
from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95

#: Half-width of the interval of a normal variable, in standard deviations.
NORMAL_QUANTILE = 1.959963984540054


def wilson(hits: Any, trials: Any) -> tuple[Any, Any]:
    """Wilson score interval of fractions, 95 %.

    Parameters
    ----------
    hits, trials : int or numpy.ndarray
        Counts of the same shape, ``0 <= hits <= trials``, ``trials >= 1``.

    Returns
    -------
    low, high : float or numpy.ndarray
        Never of zero width, also for no hit or no miss.

    Examples
    --------
    >>> low, high = wilson(0, 10)
    >>> print(round(low, 3), round(high, 3))
    0.0 0.278
    """
    import numpy as np
    from astropy.stats import binom_conf_interval

    low, high = binom_conf_interval(
        hits, trials, confidence_level=CONFIDENCE, interval="wilson"
    )
    # Rounding can put a limit on the wrong side of a share of 0 or 1.
    share = np.divide(hits, trials)
    low, high = np.minimum(low, share), np.maximum(high, share)
    if np.ndim(low):
        return low, high
    return float(low), float(high)


def measure_fraction(hits: Any, *, name: str, conditions: str = "") -> Metric:
    """Share of True with its Wilson interval.

    Parameters
    ----------
    hits : numpy.ndarray
        ``(n,)`` bool.

    Raises
    ------
    InputError
        If there is no object.
    """
    import numpy as np

    hits = np.asarray(hits, dtype=bool)
    if not hits.size:
        raise InputError(f"{name} ({conditions or 'all'}) has no object to be measured on.")
    low, high = wilson(int(hits.sum()), hits.size)
    return Metric(
        name=name,
        value=float(hits.mean()),
        n=hits.size,
        low=low,
        high=high,
        conditions=conditions,
    )


def sampled_limits(value: float, draws: np.ndarray) -> tuple[float, float]:
    """Central 95 % of ``draws``, widened to hold ``value``."""
    import numpy as np

    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(draws, [tail, 100.0 - tail])
    return min(float(low), value), max(float(high), value)


def measure_mean(values: np.ndarray, *, name: str, conditions: str = "") -> Metric:
    """Mean of a number of each object ``(n,)`` with its normal 95 % interval.

    Raises
    ------
    InputError
        No value, or one that is not finite.
    """
    import math

    from ._checks import finite

    checked = finite(name, values)
    value, low, high = mean_interval(checked)
    is_known = math.isfinite(low)
    return Metric(
        name=name,
        value=value,
        n=len(checked),
        low=low if is_known else None,
        high=high if is_known else None,
        conditions=conditions,
    )


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean of independent values ``(n,)`` and its normal 95 % interval."""
    import math

    value = float(values.mean())
    if len(values) < 2:
        return value, -math.inf, math.inf
    half = NORMAL_QUANTILE * float(values.std(ddof=1)) / math.sqrt(len(values))
    return value, value - half, value + half


def mean_of_fractions(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float, float]:
    """Unweighted mean of independent fractions ``(n,)`` with a 95 % interval.

    The distances from each fraction to its Wilson limits add in quadrature (Newcombe's
    square-and-add rule), so the interval keeps a width where all fractions are 0 or 1.
    """
    import numpy as np

    fractions = hits / trials
    low, high = wilson(hits, trials)
    value = float(fractions.mean())
    below = float(np.sqrt(((fractions - low) ** 2).sum())) / len(trials)
    above = float(np.sqrt(((high - fractions) ** 2).sum())) / len(trials)
    return value, max(0.0, value - below), min(1.0, value + above)
