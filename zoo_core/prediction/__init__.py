"""Prediction: from inputs to a table, with nothing lost on the way."""

from ._arrays import ArrayInputs, open_any
from ._loop import PredictionInterrupted, predict_inputs, prediction_columns

__all__ = [
    "ArrayInputs",
    "PredictionInterrupted",
    "open_any",
    "predict_inputs",
    "prediction_columns",
]
