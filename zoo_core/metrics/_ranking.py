"""How well a score puts positives above negatives.

A tie never helps: all negatives of one score pass a cut together, and positives tied with
the first negative that may not pass do not pass either. Only the area under the curve
counts a tie one half, as it is defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cards import Metric
from ._checks import two_classes
from ._intervals import NORMAL_QUANTILE, measure_fraction, sampled_limits, wilson

if TYPE_CHECKING:
    import numpy as np

#: Draws behind the sampled intervals; their seed is fixed, so a metric repeats exactly.
_DRAWS = 4000
_SEED = 20180211


def auroc(positive: np.ndarray, score: np.ndarray) -> float:
    """Area under the receiver operating characteristic; a tie counts one half.

    Parameters
    ----------
    positive : numpy.ndarray
        ``(n,)`` bool.
    score : numpy.ndarray
        ``(n,)``, higher means more likely positive.
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, score))


def measure_auroc(
    positive: np.ndarray, score: np.ndarray, *, name: str = "auroc", conditions: str = ""
) -> Metric:
    """Area under the receiver operating characteristic with DeLong's 95 % interval.

    The variance is DeLong's, from midranks; the interval is symmetric in the logit of the
    area, so that it stays within 0 and 1. Where DeLong's variance vanishes (no pair out of
    order, or all tied) it is the Wilson interval of as many trials as the smaller class
    has objects.

    Parameters
    ----------
    positive, score
        As in ``auroc``.

    Raises
    ------
    InputError
        If only one class is there, or a score is NaN or infinite.
    """
    import math

    positive, score = two_classes(positive, score)
    value, variance = _delong(positive, score)
    if variance > 1e-15 and 0.0 < value < 1.0:
        centre = math.log(value / (1.0 - value))
        half = NORMAL_QUANTILE * math.sqrt(variance) / (value * (1.0 - value))
        low, high = (1.0 / (1.0 + math.exp(-x)) for x in (centre - half, centre + half))
    else:
        smaller = int(min(positive.sum(), (~positive).sum()))
        low, high = wilson(value * smaller, smaller)
    return Metric(
        name=name, value=value, n=len(score), low=low, high=high, conditions=conditions
    )


def _delong(positive: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    """Area and its variance: 0 if a class has a single object.

    For each positive the share of negatives below it, and for each negative the share of
    positives above it, follow from its rank among all and its rank within its class. The
    variances of the mean of the two add up.
    """
    from scipy.stats import rankdata

    ranks = rankdata(score)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    below = (ranks[positive] - rankdata(score[positive])) / negatives
    above = 1.0 - (ranks[~positive] - rankdata(score[~positive])) / positives
    variance = 0.0
    for shares in (below, above):
        if len(shares) > 1:
            variance += float(shares.var(ddof=1)) / len(shares)
    return float(below.mean()), variance


def threshold_at_false_positives(
    positive: np.ndarray, score: np.ndarray, allowed: int
) -> float:
    """Find the lowest cut ``score > t`` that at most ``allowed`` negatives pass.

    All negatives of one score enter together, so the cut lies at the score of negative
    number ``allowed + 1`` from the top, and objects tied with it do not pass.
    Minus infinity if there are no more negatives than allowed.
    """
    import numpy as np

    negatives = np.sort(score[~positive])[::-1]
    return float(negatives[allowed]) if len(negatives) > allowed else -np.inf


def allowed_false_positives(negatives: int, rejection: float) -> int:
    """How many of ``negatives`` may pass a cut that rejects at least ``rejection`` of them.

    >>> allowed_false_positives(10_000, 0.999)
    10
    """
    import math

    return math.floor((1.0 - rejection) * negatives + 1e-9)


def threshold_at_rejection(positive: np.ndarray, score: np.ndarray, rejection: float) -> float:
    """Find the lowest cut ``score > t`` that rejects at least a share of the negatives."""
    allowed = allowed_false_positives(int((~positive).sum()), rejection)
    return threshold_at_false_positives(positive, score, allowed)


def completeness_at_rejection(
    positive: np.ndarray, score: np.ndarray, rejection: float
) -> float:
    """Fraction of positives above the cut that rejects at least ``rejection`` of negatives.

    Examples
    --------
    >>> import numpy as np
    >>> positive = np.array([True, True, False, False])
    >>> completeness_at_rejection(positive, np.array([0.9, 0.4, 0.5, 0.1]), 1.0)
    0.5
    """
    cut = threshold_at_rejection(positive, score, rejection)
    return float((score[positive] > cut).mean())


def measure_tpr(
    positive: np.ndarray, score: np.ndarray, *, false_positives: int, name: str
) -> Metric:
    """Highest true-positive rate with at most ``false_positives`` negatives passing.

    ``TPR0`` of the Bologna lens challenge has ``false_positives=0``; its ``TPR10``, *fewer
    than ten*, has 9. The Wilson interval is that of the positives alone: the value belongs
    to these negatives and falls as their number grows.

    Raises
    ------
    InputError
        If only one class is there, or a score is NaN or infinite.
    """
    positive, score = two_classes(positive, score)
    cut = threshold_at_false_positives(positive, score, false_positives)
    return measure_fraction(score[positive] > cut, name=name)


def measure_threshold(
    positive: np.ndarray, score: np.ndarray, rejection: float, *, name: str
) -> Metric:
    """Measure the cut ``score > t`` that rejects ``rejection`` of the negatives.

    The 95 % interval is the sampling scatter of that order statistic of the negatives.

    Raises
    ------
    InputError
        If only one class is there, or a score is NaN or infinite.
    """
    import numpy as np

    positive, score = two_classes(positive, score)
    negatives = np.sort(score[~positive])[::-1]
    cut = threshold_at_rejection(positive, score, rejection)
    low, high = sampled_limits(cut, _resampled_thresholds(negatives, rejection))
    return Metric(name=name, value=cut, n=len(negatives), low=low, high=high)


def measure_completeness(
    positive: np.ndarray,
    score: np.ndarray,
    rejection: float,
    *,
    name: str,
    subset: np.ndarray | None = None,
    conditions: str = "",
) -> Metric:
    """Fraction of positives above the cut that rejects ``rejection`` of *all* negatives.

    Parameters
    ----------
    positive, score : numpy.ndarray
        ``(n,)``; the cut is set on all negatives among them.
    rejection : float
        Share of negatives that must not pass, 0 to 1.
    subset : numpy.ndarray or None
        ``(n,)`` bool; the positives that are counted. None counts all.

    Returns
    -------
    Metric
        ``n`` is the number of positives counted. The 95 % interval holds both scatters:
        that of the cut, as a bootstrap over the negatives gives it, and that of the
        positives at each such cut, as Jeffreys' beta distribution of a fraction, which,
        unlike resampled positives, keeps a width at 0 and 1.

    Raises
    ------
    InputError
        If only one class is there, a score is NaN or infinite, or no positive is counted.
    """
    import numpy as np

    positive, score = two_classes(positive, score)
    counted = np.sort(score[positive if subset is None else positive & np.asarray(subset)])
    total = len(counted)
    cut = threshold_at_rejection(positive, score, rejection)
    point = measure_fraction(counted > cut, name=name, conditions=conditions)
    negatives = np.sort(score[~positive])[::-1]
    cuts = _resampled_thresholds(negatives, rejection)
    passed = total - np.searchsorted(counted, cuts, side="right")
    generator = np.random.default_rng(_SEED + 1)
    fractions = generator.beta(passed + 0.5, total - passed + 0.5)
    low, high = sampled_limits(point.value, fractions)
    low = 0.0 if point.value == 0.0 else low
    high = 1.0 if point.value == 1.0 else high
    return Metric(
        name=name, value=point.value, n=total, low=low, high=high, conditions=conditions
    )


def _resampled_thresholds(negatives: np.ndarray, rejection: float) -> np.ndarray:
    """Cuts of bootstrap samples of ``negatives``, which are sorted from the highest.

    The (k+1)-th highest of n draws with replacement is again one of the n values; which
    one follows from the (k+1)-th lowest of n uniform numbers, and that is distributed as
    beta(k+1, n-k). So no sample needs to be drawn or sorted.
    """
    import numpy as np

    n = len(negatives)
    allowed = allowed_false_positives(n, rejection)
    if allowed >= n:
        return np.full(_DRAWS, -np.inf)
    quantile = np.random.default_rng(_SEED).beta(allowed + 1, n - allowed, _DRAWS)
    rows = np.minimum((quantile * n).astype(int), n - 1)
    return np.asarray(negatives[rows])
