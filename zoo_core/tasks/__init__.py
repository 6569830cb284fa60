"""Tasks: what a model's outputs mean."""

from ..cards import Target
from ._base import Task
from ._binary import BinaryClassification
from ._features import Features
from ._multiclass import MulticlassClassification

__all__ = ["BinaryClassification", "Features", "MulticlassClassification", "Target", "Task"]
