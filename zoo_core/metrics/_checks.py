"""What every metric asks of its arrays before it counts anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np


def finite(name: str, values: Any, *, ndim: int = 1) -> np.ndarray:
    """``values`` as float64 with ``ndim`` axes.

    Raises
    ------
    InputError
        If there are no values, or NaN or infinite ones, or the wrong number of axes.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or not array.size:
        raise InputError(
            f"a metric needs {name} as a filled array with {ndim} axes, "
            f"got shape {array.shape}."
        )
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise InputError(
            f"{bad} of {array.size} values of {name} are NaN or infinite; "
            "leave flagged rows out before measuring."
        )
    return array


def paired(
    name: str, truth: Any, prediction_name: str, prediction: Any, *, ndim: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """``truth`` as it is and ``prediction`` as float64, with one entry for each object.

    Raises
    ------
    InputError
        If the lengths differ or ``prediction`` is not finite.
    """
    import numpy as np

    array = finite(prediction_name, prediction, ndim=ndim)
    truth = np.asarray(truth)
    if len(truth) != len(array):
        raise InputError(
            f"{name} has {len(truth)} entries and {prediction_name} has {len(array)}; "
            "both must describe the same objects in the same order."
        )
    return truth, array


def two_classes(positive: Any, score: Any) -> tuple[np.ndarray, np.ndarray]:
    """Bool ``positive`` and float64 ``score``, both ``(n,)``, with both classes in them.

    Raises
    ------
    InputError
        Also if only one of the two classes is there.
    """
    truth, score = paired("the truth", positive, "the score", score)
    truth = truth.astype(bool)
    count = int(truth.sum())
    if count in (0, len(truth)):
        present, absent = ("positive", "negative") if count else ("negative", "positive")
        raise InputError(
            f"all {len(truth)} objects are {present} and none is {absent}: how well a score "
            "separates two classes can only be measured on data that hold both."
        )
    return truth, score
