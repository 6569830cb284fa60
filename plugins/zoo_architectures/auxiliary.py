"""Outputs of networks with side heads, and their loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


class WithAuxiliary(NamedTuple):
    """What a network with side heads returns in training mode.

    Attributes
    ----------
    logits : torch.Tensor
        ``(batch, num_outputs)`` of the head.
    auxiliary : tuple of torch.Tensor
        The same of each side head, from input to output.
    """

    logits: torch.Tensor
    auxiliary: tuple[torch.Tensor, ...]


def auxiliary_loss(
    loss: Callable[[Any, Any], torch.Tensor], outputs: Any, target: Any, *, weight: float = 0.3
) -> torch.Tensor:
    """A task's loss, with that of the side heads where there are any.

    Parameters
    ----------
    loss : callable
        Loss of one head's outputs and the target, a scalar.
    outputs : WithAuxiliary or torch.Tensor
        What the network returned in training or in eval mode.
    target : object
        What ``loss`` takes.
    weight : float
        Factor on the loss of each side head (0.3: Szegedy et al. 2014, section 5).

    Examples
    --------
    A task that trains the side heads:

    >>> from zoo_core.tasks import BinaryClassification
    >>> class Classification(BinaryClassification):
    ...     def loss(self, outputs, target):
    ...         return auxiliary_loss(super().loss, outputs, target)
    """
    if not isinstance(outputs, WithAuxiliary):
        return loss(outputs, target)
    whole = loss(outputs.logits, target)
    for side in outputs.auxiliary:
        whole = whole + weight * loss(side, target)
    return whole
