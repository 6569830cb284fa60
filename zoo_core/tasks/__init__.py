"""Tasks: what a model's outputs mean."""

from ._base import Target, Task
from ._binary import BinaryClassification
from ._multiclass import MulticlassClassification

__all__ = ["BinaryClassification", "MulticlassClassification", "Target", "Task"]
