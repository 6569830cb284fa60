"""How often decided classes are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cards import Metric
from ..errors import InputError
from ._intervals import mean_of_fractions, measure_fraction, sampled_limits

if TYPE_CHECKING:
    import numpy as np

#: Draws behind the sampled interval; their seed is fixed, so a metric repeats exactly.
_DRAWS = 4000
_SEED = 20180212


def measure_accuracy(
    truth: np.ndarray, predicted: np.ndarray, *, conditions: str = ""
) -> Metric:
    """Share of objects whose class is right, Wilson interval.

    Parameters
    ----------
    truth, predicted : numpy.ndarray
        ``(n,)`` class indices or names.
    """
    return measure_fraction(truth == predicted, name="accuracy", conditions=conditions)


def measure_balanced_accuracy(
    truth: np.ndarray, predicted: np.ndarray, *, conditions: str = ""
) -> Metric:
    """Mean over the classes in ``truth`` of the share that is right.

    The 95 % interval adds the Wilson intervals of the classes in quadrature.
    """
    import numpy as np

    classes, place, counts = np.unique(truth, return_inverse=True, return_counts=True)
    hits = np.bincount(place[truth == predicted], minlength=len(classes))
    value, low, high = mean_of_fractions(hits, counts)
    return Metric(
        name="balanced_accuracy",
        value=value,
        n=len(truth),
        low=low,
        high=high,
        conditions=conditions,
    )


def measure_precision(
    positive: np.ndarray, selected: np.ndarray, *, name: str = "precision", conditions: str = ""
) -> Metric:
    """Share of the selected objects that are positive (purity), Wilson interval.

    It holds for data with the same share of positives and nothing else.

    Parameters
    ----------
    positive, selected : numpy.ndarray
        ``(n,)`` bool.

    Raises
    ------
    InputError
        If nothing is selected.
    """
    return measure_fraction(positive[selected], name=name, conditions=conditions)


def measure_balanced_precision(
    positive: np.ndarray,
    selected: np.ndarray,
    *,
    subset: np.ndarray | None = None,
    name: str = "balanced_precision",
    conditions: str = "",
) -> Metric:
    """Precision as it would be with as many negatives as positives.

    Of the positives a share ``c`` is selected, of the negatives a share ``f``; then it is
    ``c / (c + f)``. With ``r`` negatives to a positive it would be ``c / (c + r f)``.

    Parameters
    ----------
    positive, selected : numpy.ndarray
        ``(n,)`` bool.
    subset : numpy.ndarray or None
        ``(n,)`` bool, the negatives that are counted; None counts all. All positives are.

    Returns
    -------
    Metric
        ``n`` is the number of selected objects, among those counted. The 95 % interval
        holds the scatter of both shares, each as Jeffreys' beta distribution of a fraction.

    Raises
    ------
    InputError
        If there is no positive, no negative to count, or nothing of them is selected.
    """
    import numpy as np

    negative = ~positive if subset is None else ~positive & subset
    sizes = [int(group.sum()) for group in (positive, negative)]
    hits = [int((group & selected).sum()) for group in (positive, negative)]
    if not all(sizes) or not any(hits):
        raise InputError(
            f"{name} ({conditions or 'all'}) needs positives, negatives and a selected one of "
            f"either; of {sizes[0]} positives {hits[0]} are selected, of {sizes[1]} negatives "
            f"{hits[1]}."
        )
    shares = [hit / size for hit, size in zip(hits, sizes, strict=True)]
    value = shares[0] / sum(shares)
    generator = np.random.default_rng(_SEED)
    drawn = [
        generator.beta(hit + 0.5, size - hit + 0.5, _DRAWS)
        for hit, size in zip(hits, sizes, strict=True)
    ]
    low, high = sampled_limits(value, drawn[0] / (drawn[0] + drawn[1]))
    return Metric(
        name=name,
        value=value,
        n=sum(hits),
        low=0.0 if value == 0.0 else low,
        high=1.0 if value == 1.0 else high,
        conditions=conditions,
    )


def measure_false_positive_rate(
    positive: np.ndarray,
    selected: np.ndarray,
    *,
    subset: np.ndarray | None = None,
    conditions: str = "",
) -> Metric:
    """Share of the negatives that are selected, Wilson interval.

    Parameters
    ----------
    positive, selected : numpy.ndarray
        ``(n,)`` bool.
    subset : numpy.ndarray or None
        ``(n,)`` bool, the negatives that are counted; None counts all.

    Raises
    ------
    InputError
        If there is no negative to count.
    """
    negative = ~positive if subset is None else ~positive & subset
    return measure_fraction(
        selected[negative], name="false_positive_rate", conditions=conditions
    )


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count objects by ``(true class, predicted class)``, from class indices ``(n,)``."""
    import numpy as np
    from sklearn import metrics

    counts = metrics.confusion_matrix(truth, predicted, labels=np.arange(classes))
    return np.asarray(counts)
