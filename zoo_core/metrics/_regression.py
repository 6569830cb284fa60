"""How far predicted numbers are off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..cards import Metric
from ._checks import finite, paired
from ._intervals import mean_interval

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
