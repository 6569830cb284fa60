"""Tasks: what a model's outputs mean."""

from ..cards import Target
from ._base import Task
from ._binary import BinaryClassification
from ._built_in import built_in_task
from ._features import Features
from ._multiclass import MulticlassClassification
from ._regression import Regression
from ._restoration import Restoration

__all__ = [
    "BinaryClassification",
    "Features",
    "MulticlassClassification",
    "Regression",
    "Restoration",
    "Target",
    "Task",
    "built_in_task",
]
