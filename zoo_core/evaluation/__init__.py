"""Evaluation: predictions compared with the truth."""

from ._evaluate import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
