"""How good probabilities are as probabilities: scores, calibration, temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cards import Metric
from ..errors import InputError
from ._checks import finite, paired
from ._intervals import CONFIDENCE, mean_interval, wilson

if TYPE_CHECKING:
    import numpy as np

#: Bins of equal width in [0, 1] of the calibration error and the reliability curve.
CALIBRATION_BINS = 15

#: Probabilities are cut here before a logarithm: the resolution of float32 near 1.
_SMALLEST = 2.0**-23

#: Temperatures that ``fit_temperature`` looks at. Logits that separate the classes without
#: an error have no best temperature; they get the lower limit.
_TEMPERATURES = (0.05, 20.0)

_DRAWS = 500
_SEED = 20170706


def measure_brier(positive: np.ndarray, probability: np.ndarray) -> Metric:
    """Mean squared difference of probability and truth (0 or 1), normal 95 % interval.

    Parameters
    ----------
    positive : numpy.ndarray
        ``(n,)`` bool.
    probability : numpy.ndarray
        ``(n,)``, 0 to 1, of the positive class.
    """
    truth, p = paired("the truth", positive, "the probability", probability)
    return _mean_metric("brier", (_checked_range(p) - truth.astype(bool)) ** 2, highest=1.0)


def measure_log_loss(probability_of_truth: np.ndarray) -> Metric:
    """Mean of ``-ln p`` of the true class, normal 95 % interval.

    Parameters
    ----------
    probability_of_truth : numpy.ndarray
        ``(n,)``, 0 to 1: the probability that each object's true class was given.
    """
    import numpy as np

    p = _checked_range(finite("the probability of the true class", probability_of_truth))
    return _mean_metric("log_loss", -np.log(np.maximum(p, _SMALLEST)))


def _mean_metric(name: str, losses: np.ndarray, highest: float = math.inf) -> Metric:
    value, low, high = mean_interval(losses)
    return Metric(
        name=name,
        value=value,
        n=len(losses),
        low=max(0.0, low),
        high=min(highest, high) if math.isfinite(min(highest, high)) else None,
    )


def _checked_range(probability: np.ndarray) -> np.ndarray:
    low, high = float(probability.min()), float(probability.max())
    # Softmax in float32 may miss 0 and 1 by a rounding.
    if low < -1e-5 or high > 1.0 + 1e-5:
        raise InputError(
            f"probabilities must lie between 0 and 1, got {low:g} to {high:g}; "
            "were these logits?"
        )
    return probability.clip(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class ReliabilityCurve:
    """Observed frequency against stated probability, in bins of equal width.

    Attributes
    ----------
    edges : numpy.ndarray
        ``(bins + 1,)``, from 0 to 1. A bin holds its lower edge; the last one both.
    counts : numpy.ndarray
        ``(bins,)`` objects.
    probability, frequency : numpy.ndarray
        ``(bins,)`` mean stated probability and share that came true; NaN in empty bins.
    low, high : numpy.ndarray
        ``(bins,)`` Wilson 95 % limits of ``frequency``; NaN in empty bins.
    """

    edges: np.ndarray
    counts: np.ndarray
    probability: np.ndarray
    frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray


def reliability_curve(
    correct: np.ndarray, probability: np.ndarray, *, bins: int = CALIBRATION_BINS
) -> ReliabilityCurve:
    """Compare stated probabilities with what came true.

    Parameters
    ----------
    correct : numpy.ndarray
        ``(n,)`` bool: whether the thing that was given ``probability`` is so.
    probability : numpy.ndarray
        ``(n,)``, 0 to 1.
    """
    import numpy as np

    truth, p, place = _binned(correct, probability, bins)
    counts = np.bincount(place, minlength=bins)
    filled = counts > 0
    columns = np.full((4, bins), np.nan)
    hits = np.bincount(place, weights=truth, minlength=bins)[filled]
    columns[0, filled] = np.bincount(place, weights=p, minlength=bins)[filled] / counts[filled]
    columns[1, filled] = hits / counts[filled]
    columns[2, filled], columns[3, filled] = wilson(hits, counts[filled])
    return ReliabilityCurve(np.linspace(0.0, 1.0, bins + 1), counts, *columns)


def expected_calibration_error(
    correct: np.ndarray, probability: np.ndarray, *, bins: int = CALIBRATION_BINS
) -> float:
    """Mean over objects of |frequency - mean probability| of their bin (equal widths)."""
    import numpy as np

    truth, p, place = _binned(correct, probability, bins)
    return float(np.abs(np.bincount(place, weights=truth - p)).sum()) / len(p)


def measure_calibration_error(
    correct: np.ndarray, probability: np.ndarray, *, bins: int = CALIBRATION_BINS
) -> Metric:
    """Measure the expected calibration error with a bootstrap 95 % interval.

    Noise in the bins can only add to the error: the value stands above that of a set
    without end, and a resampled one above the value. The limits are those of the
    bootstrap's scatter about the value; the lower one is moved down by the bootstrap's
    mean excess as well, so it reaches 0 where the error is no more than noise.
    """
    import numpy as np

    truth, p, place = _binned(correct, probability, bins)
    excess = truth - p
    n = len(p)
    generator = np.random.default_rng(_SEED)
    draws = np.empty(_DRAWS)
    for i in range(_DRAWS):
        rows = generator.integers(0, n, n)
        draws[i] = np.abs(np.bincount(place[rows], weights=excess[rows])).sum() / n
    value = float(np.abs(np.bincount(place, weights=excess)).sum()) / n
    tail = 50.0 * (1.0 - CONFIDENCE)
    below, above = np.percentile(draws, [tail, 100.0 - tail])
    bias = max(0.0, float(draws.mean()) - value)
    return Metric(
        name="ece",
        value=value,
        n=n,
        low=max(0.0, min(value, float(below) - 2.0 * bias)),
        high=min(1.0, max(value, float(above) - bias)),
        conditions=f"{bins} bins of equal width",
    )


def _binned(
    correct: np.ndarray, probability: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth as 0 and 1, probability, and the bin of each object."""
    import numpy as np

    truth, p = paired("the truth", correct, "the probability", probability)
    p = _checked_range(p)
    place = np.minimum((p * bins).astype(np.intp), bins - 1)
    return truth.astype(bool).astype(np.float64), p, place


def fit_temperature(logits: np.ndarray, target: np.ndarray) -> float:
    """Find the temperature that logits must be divided by to be best calibrated.

    Minimises the log loss, which has a single minimum in the temperature. The order of
    scores within a class stays what it was.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n,)`` of the positive class, or ``(n, class)``.
    target : numpy.ndarray
        ``(n,)`` index of the true class: 0 or 1 for logits ``(n,)``.

    Returns
    -------
    float
        Between 0.05 and 20; above 1 where the logits were too sure.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([4.0, 4.0, 4.0, 4.0])  # says 98 %, and 3 of 4 are right
    >>> print(round(fit_temperature(logits, np.array([1, 1, 1, 0])), 3))
    3.641
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    logits = np.asarray(logits)
    truth, values = paired("the target", target, "the logits", logits, ndim=logits.ndim)
    if values.ndim == 1:
        values = np.stack([np.zeros_like(values), values], axis=1)
    index = truth.astype(np.intp)
    if index.min() < 0 or index.max() >= values.shape[1]:
        raise InputError(
            f"targets must be class indices from 0 to {values.shape[1] - 1}, "
            f"got {index.min()} to {index.max()}."
        )
    # All that matters is how far each class lies above the true one.
    lead = values - np.take_along_axis(values, index[:, None], axis=1)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp.reduce(lead * np.exp(-log_temperature), axis=1).mean())

    bounds = tuple(np.log(_TEMPERATURES))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    return float(np.exp(found.x))


def fit_temperature_and_offset(logits: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Find the temperature and the offset with which logits of two classes are calibrated.

    Minimises the log loss of ``sigmoid(logit / temperature + offset)`` (Platt 1999), which
    has a single minimum. The offset takes up what a temperature cannot: that the positive
    class is rarer, or harder to see, than where the network learned.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n,)`` of the positive class.
    target : numpy.ndarray
        ``(n,)`` 0 or 1.

    Returns
    -------
    tuple of float
        Temperature, between 0.05 and 20, and offset, between -20 and 20.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])  # 1/3 and all but 1/3 are right
    >>> temperature, offset = fit_temperature_and_offset(logits, np.array([0, 0, 1, 0, 1, 1]))
    >>> print(round(temperature, 3), abs(round(offset, 3)))
    1.443 0.0
    """
    import numpy as np
    from scipy.optimize import minimize

    truth, values = paired("the target", target, "the logits", np.asarray(logits))
    if not np.isin(truth, (0, 1)).all():
        raise InputError("targets of two classes must be 0 or 1.")
    sign = 2.0 * truth - 1.0

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        slope, offset = found
        wrong = -sign * (slope * values + offset)
        share = -sign / (1.0 + np.exp(-np.clip(wrong, -700.0, 700.0)))
        gradient = np.array([(share * values).mean(), share.mean()])
        return float(np.logaddexp(0.0, wrong).mean()), gradient

    lowest, highest = _TEMPERATURES
    bounds = [(1.0 / highest, 1.0 / lowest), (-20.0, 20.0)]
    start = np.array([1.0 / fit_temperature(values, truth), 0.0])
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return float(1.0 / found.x[0]), float(found.x[1])
