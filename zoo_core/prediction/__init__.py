"""Prediction: from inputs to a table, with nothing lost on the way."""

from ._ahead import made_ahead
from ._loop import PredictionInterrupted, predict_inputs
from ._rows import Rows, is_predicted

__all__ = [
    "PredictionInterrupted",
    "Rows",
    "is_predicted",
    "made_ahead",
    "predict_inputs",
]
