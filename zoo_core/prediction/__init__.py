"""Prediction: from inputs to a table, with nothing lost on the way."""

from ._ahead import made_ahead
from ._loop import PredictionInterrupted, predict_inputs
from ._reading import read_blocks
from ._rows import OF_FILES, Rows, is_predicted

__all__ = [
    "OF_FILES",
    "PredictionInterrupted",
    "Rows",
    "is_predicted",
    "made_ahead",
    "predict_inputs",
    "read_blocks",
]
