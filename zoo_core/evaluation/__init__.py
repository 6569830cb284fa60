"""Evaluation: a model against data with known truth."""

from ._evaluate import Evaluation, evaluate
from ._labelled import evaluate_labelled
from ._record import check_recordable, record_metrics

__all__ = [
    "Evaluation",
    "check_recordable",
    "evaluate",
    "evaluate_labelled",
    "record_metrics",
]
