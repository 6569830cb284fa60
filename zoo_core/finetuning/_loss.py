"""Losses with label smoothing and class weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..tasks import BinaryClassification, MulticlassClassification

if TYPE_CHECKING:
    import torch

    from ..tasks import Task


def class_weights(labels: Any, classes: int) -> torch.Tensor:
    """Weights ``(classes,)`` inverse to the frequencies, one on the average object.

    >>> class_weights([0, 0, 0, 1], 2).tolist()
    [0.6666666865348816, 2.0]
    """
    import torch

    counts = torch.bincount(torch.as_tensor(labels), minlength=classes).float()
    return counts.sum() / (classes * counts.clamp_min(1.0))


def loss_share(target: Any, own: slice, weights: torch.Tensor | None) -> float:
    """What the mean loss of some objects counts in the mean loss of all.

    Parameters
    ----------
    target : torch.Tensor
        Encoded truth of all objects ``(n, ...)``.
    own : slice
        Those that are meant; possibly none.
    weights : torch.Tensor, optional
        Of the classes; then means are weighted ones.

    Examples
    --------
    >>> import torch
    >>> truth, weights = torch.tensor([0, 0, 0, 1]), torch.tensor([1.0, 3.0])
    >>> loss_share(truth, slice(2, 4), None), loss_share(truth, slice(2, 4), weights)
    (0.5, 0.6666666666666666)
    """
    if weights is None:
        return len(target[own]) / len(target)
    each = weights.double()[target.long()]
    return float(each[own].sum() / each.sum())


def smoothed_loss(
    task: Task,
    outputs: Any,
    target: Any,
    *,
    smoothing: float = 0.0,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """The task's loss, with smoothed labels and weighted classes where it is asked for.

    Raises
    ------
    UsageError
        Asked for with a task that is no classification.
    """
    import torch
    from torch.nn import functional

    if not smoothing and weights is None:
        return task.loss(outputs, target)
    if isinstance(task, BinaryClassification):
        wanted = target * (1.0 - smoothing) + 0.5 * smoothing
        each = None if weights is None else weights.to(target.device)[target.long()]
        loss = functional.binary_cross_entropy_with_logits(
            outputs[:, 0].float(), wanted, reduction="none"
        )
        return loss.mean() if each is None else (loss * each).sum() / each.sum()
    if isinstance(task, MulticlassClassification):
        told = None if weights is None else weights.to(outputs.device)
        return functional.cross_entropy(
            outputs.float(), target.to(torch.int64), weight=told, label_smoothing=smoothing
        )
    raise UsageError(
        f"label smoothing and class weights are for classifications, not for {task.kind}."
    )
