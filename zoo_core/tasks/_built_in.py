"""Tasks that are general enough to be used without a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._binary import BinaryClassification
from ._features import Features
from ._multiclass import MulticlassClassification
from ._regression import Regression
from ._restoration import Restoration

if TYPE_CHECKING:
    from ._base import Task


def built_in_task(name: str) -> type[Task] | None:
    """The class of a task that goes by the name of its kind; None for any other name.

    >>> built_in_task("binary-classification")
    <class 'zoo_core.tasks._binary.BinaryClassification'>
    """
    known: tuple[type[Task], ...] = (
        BinaryClassification, Features, MulticlassClassification, Regression,
        Restoration,
    )  # fmt: skip
    return {task.kind: task for task in known}.get(name)
