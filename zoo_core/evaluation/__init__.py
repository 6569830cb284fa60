"""Evaluation: a model against data with known truth."""

from ._evaluate import Evaluation, evaluate
from ._labelled import evaluate_labelled

__all__ = ["Evaluation", "evaluate", "evaluate_labelled"]
