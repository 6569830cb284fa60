"""How far predicted numbers are off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..cards import Metric
from ._checks import finite, paired
from ._intervals import NORMAL_QUANTILE, mean_interval

if TYPE_CHECKING:
    import numpy as np


def measure_rmse(
    truth: np.ndarray, predicted: np.ndarray, *, name: str = "rmse", conditions: str = ""
) -> Metric:
    """Root of the mean squared error, in the unit of the data.

    The limits are the roots of the normal 95 % limits of the mean squared error.

    Parameters
    ----------
    truth, predicted : numpy.ndarray
        ``(n,)``, finite.

    Raises
    ------
    InputError
        If the lengths differ or a value is NaN or infinite.
    """
    truth, predicted = paired("the truth", truth, "the prediction", predicted)
    square, low, high = mean_interval((finite("the truth", truth) - predicted) ** 2)
    return Metric(
        name=name,
        value=math.sqrt(square),
        n=len(truth),
        low=math.sqrt(max(0.0, low)),
        high=math.sqrt(high) if math.isfinite(high) else None,
        conditions=conditions,
    )


def measure_bias(
    truth: np.ndarray, predicted: np.ndarray, *, name: str = "bias", conditions: str = ""
) -> Metric:
    """Mean of prediction minus truth, with its normal 95 % interval; arrays as of the RMSE."""
    truth, predicted = paired("the truth", truth, "the prediction", predicted)
    value, low, high = mean_interval(predicted - finite("the truth", truth))
    is_known = math.isfinite(low)
    return Metric(
        name=name,
        value=value,
        n=len(truth),
        low=low if is_known else None,
        high=high if is_known else None,
        conditions=conditions,
    )


def measure_error_quantile(
    truth: np.ndarray,
    predicted: np.ndarray,
    share: float,
    *,
    name: str,
    conditions: str = "",
) -> Metric:
    """The absolute error that a share of the objects do not exceed.

    The limits are order statistics: those errors whose ranks hold the wanted quantile with
    95 % (binomial, normal approximation), whatever the distribution of the errors is.

    Parameters
    ----------
    truth, predicted : numpy.ndarray
        ``(n,)``, finite.
    share : float
        Between 0 and 1.
    """
    import numpy as np

    truth, predicted = paired("the truth", truth, "the prediction", predicted)
    errors = np.sort(np.abs(predicted - finite("the truth", truth)))
    count = len(errors)
    half = NORMAL_QUANTILE * math.sqrt(count * share * (1.0 - share))
    ranks = (math.floor(count * share - half) - 1, math.ceil(count * share + half))
    low, high = (float(errors[min(max(rank, 0), count - 1)]) for rank in ranks)
    value = float(np.quantile(errors, share))
    return Metric(name=name, value=value, n=count, low=low, high=high, conditions=conditions)
