"""Training a head alone: features once, then a convex problem that takes seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ..distributed import Team
from ..errors import UsageError
from ._loss import smoothed_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import torch

    from ..preprocessing import Preprocessing
    from ..tasks import Task
    from ._augment import Augmentation
    from ._plan import FinetunePlan

#: Strengths of the pull towards zero weights that are tried, strongest first.
_PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)

#: Objects that are augmented and preprocessed at a time.
_PIECE = 256


@dataclass(frozen=True, slots=True)
class HeadFit:
    """The best head and how it was found.

    ``weight`` is ``(outputs, features)``, ``bias`` ``(outputs,)``; ``history`` has a row for
    each penalty that was tried, ``best`` is the row that was taken.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    history: list[dict[str, float]]
    best: int


def has_linear_head(network: torch.nn.Module) -> bool:
    """Whether the head is one linear layer on what ``forward_head(pre_logits=True)`` gives."""
    from torch import nn

    find: Any = network.get_classifier
    return isinstance(find(), nn.Linear)


def compute_features(
    network: torch.nn.Module,
    preprocessing: Preprocessing,
    array: np.ndarray,
    *,
    device: str,
    precision: str,
    augmentation: Augmentation | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    team: Team | None = None,
) -> torch.Tensor:
    """Features ``(n, num_features)`` of images before the head, float32.

    Parameters
    ----------
    network : torch.nn.Module
        In eval mode.
    preprocessing : Preprocessing
        Of its input.
    array : numpy.ndarray
        Raw data ``(n, channel, *axes)``.
    device, precision : str
        As ``InferenceEngine`` takes them.
    augmentation : Augmentation, optional
        Applied before the preprocessing.
    seed : int
        Of the augmentation.
    progress : callable, optional
        Told the number of objects of each piece that is done.
    team : Team, optional
        Processes that share the pieces; each gets all features.
    """
    import torch

    from ..devices import InferenceEngine
    from ..models import without_head

    engine = InferenceEngine(without_head(network), device=device, precision=precision)
    team = team or Team()
    parts = []
    for index, piece in pieces(array, first=team.rank, step=team.size):
        # Of each piece its own, for another process may have those before it.
        generator = torch.Generator().manual_seed(seed * 65_537 + index)
        with torch.inference_mode():
            images = augmentation(piece, generator) if augmentation else piece
            inputs = preprocessing(images)
        parts.append(engine([inputs]).float())
        if progress:
            progress(len(piece))
    turns = zip_longest(*team.gather(parts, patiently=True))
    return torch.cat([part for turn in turns for part in turn if part is not None])


def pieces(
    array: np.ndarray, *, first: int = 0, step: int = 1
) -> Iterator[tuple[int, torch.Tensor]]:
    """The rows of an array, some at a time, as float32 tensors, with the piece's number.

    Begins with piece ``first`` and takes every ``step``-th.
    """
    import numpy as np
    import torch

    for index in range(first, -(-len(array) // _PIECE), step):
        rows = array[index * _PIECE : (index + 1) * _PIECE]
        yield index, torch.from_numpy(rows.astype(np.float32))


def fit_head(
    task: Task,
    train: tuple[torch.Tensor, Any],
    validation: tuple[torch.Tensor, Any],
    *,
    plan: FinetunePlan,
    weights: torch.Tensor | None = None,
    after_step: Callable[[dict[str, float]], None] | None = None,
) -> HeadFit:
    """Fit a linear head, with the penalty that suits the validation data best.

    Features are standardised; for each of several penalties on the weights the loss is
    minimised to the end (L-BFGS), beginning from the solution of the one before. The scale
    is folded back into the weights.

    Parameters
    ----------
    task : Task
        Owns the loss and the numbers to watch.
    train, validation : tuple of torch.Tensor
        Features ``(n, d)`` and encoded truth.
    plan : FinetunePlan
        Label smoothing.
    weights : torch.Tensor, optional
        Of the classes.
    after_step : callable, optional
        Told each row of the history.
    """
    import torch

    features, target = train
    mean, deviation = features.mean(0), features.std(0).clamp_min(1e-6)
    scaled = (features - mean) / deviation
    held_out = (validation[0] - mean) / deviation
    weight = torch.zeros(task.num_outputs, features.shape[1], requires_grad=True)
    bias = torch.zeros(task.num_outputs, requires_grad=True)
    history: list[dict[str, float]] = []
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    for index, penalty in enumerate(_PENALTIES):
        began = time.monotonic()

        def loss() -> torch.Tensor:
            return smoothed_loss(
                task,
                scaled @ weight.T + bias,
                target,
                smoothing=plan.label_smoothing,
                weights=weights,
            )

        _minimise(loss, weight, bias, penalty=penalty)
        with torch.inference_mode():
            outputs = held_out @ weight.T + bias
            row = {
                "epoch": float(index + 1),
                "penalty": penalty,
                "training_loss": float(task.loss(scaled @ weight.T + bias, target)),
                "validation_loss": float(task.loss(outputs, validation[1])),
                **task.monitor(outputs, validation[1]),
                "seconds": time.monotonic() - began,
            }
        history.append(row)
        found.append((weight.detach().clone(), bias.detach().clone()))
        if after_step:
            after_step(row)
    best = min(range(len(history)), key=lambda i: history[i]["validation_loss"])
    chosen, offset = found[best]
    folded = chosen / deviation
    return HeadFit(folded, offset - folded @ mean, history, best)


def _minimise(
    loss: Callable[[], torch.Tensor],
    weight: torch.Tensor,
    bias: torch.Tensor,
    *,
    penalty: float,
) -> None:
    """Change weight and bias, in place, until the penalised loss is smallest."""
    import torch

    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=200, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        whole = loss() + 0.5 * penalty * weight.square().sum()
        whole.backward()
        return whole

    optimizer.step(closure)


def put_on(network: torch.nn.Module, fit: HeadFit) -> None:
    """Write a fitted head into the network."""
    import torch

    find: Any = network.get_classifier
    head = find()
    if head.bias is None:
        raise UsageError(
            f"the head of {type(network).__name__} has no bias; train it with --strategy "
            "last-k instead."
        )
    with torch.no_grad():
        head.weight.copy_(fit.weight)
        head.bias.copy_(fit.bias)
