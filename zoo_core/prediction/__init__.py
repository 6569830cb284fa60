"""Prediction: from inputs to a table, with nothing lost on the way."""

from ._loop import PredictionInterrupted, predict_inputs, prediction_columns

__all__ = [
    "PredictionInterrupted",
    "predict_inputs",
    "prediction_columns",
]
