"""Prediction: from inputs to a table, with nothing lost on the way."""

from ._loop import PredictionInterrupted, predict_inputs
from ._rows import is_predicted

__all__ = [
    "PredictionInterrupted",
    "is_predicted",
    "predict_inputs",
]
