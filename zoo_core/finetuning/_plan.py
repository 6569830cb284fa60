"""The plan of a fine-tuning: who is frozen, how fast the rest learns, for how long."""

from __future__ import annotations

import fnmatch
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from torch import nn

#: What is trained, by strategy.
STRATEGIES = {
    "head": "the head alone, on features that are computed once",
    "last-k": "the last k layers and the head",
    "full": "everything, lower layers more slowly",
    "scratch": "everything, from random weights",
}

#: Objects that a training looks at in all, where nothing else is asked for.
_VISITS = 20_000
_FEWEST_EPOCHS, _MOST_EPOCHS = 4, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetunePlan:
    """How a network is fine-tuned; plugins may replace it (``zoo_plan_finetune``).

    Parameters
    ----------
    strategy : str
        One of ``STRATEGIES``.
    last_k : int
        Layers that are trained besides the head, of ``last-k``.
    frozen : tuple of str
        Parameters that are not trained either, by name, with ``*`` and ``?`` as in file names,
        such as ``conv1.*``; not of the head, and without effect from scratch.
    epochs : int
        Passes over the training data, at most.
    patience : int
        Epochs without a smaller validation loss before it ends.
    batch_size : int
        Objects a step.
    learning_rate : float
        Of the head.
    layer_decay : float
        Factor of the learning rate from each layer to the one before it; 1 for all alike.
    weight_decay : float
        Of AdamW; biases and normalisations are exempt.
    warmup_epochs : float
        Length of the linear rise of the learning rate; at least 50 steps, if that is no more
        than a third of the run, unless it is 0.
    label_smoothing : float
        Share of the target that is spread over all classes.
    balance_classes : bool
        Weigh classes by the inverse of their frequency.
    clip_norm : float
        Largest norm of the gradient.
    ema_decay : float
        Of the running average of the weights, which is what is kept.
    augment : str
        Name of the augmentation, see ``AUGMENTATIONS``.
    copies : int
        Augmented copies of each object whose features a head is trained on.
    holds_statistics : bool
        Keep the parent's statistics in batch normalisations; without effect from scratch.
    fits_head_first : bool
        Begin with the best linear head for the features as they are, so that a random one
        does not spoil them; without effect from scratch and for a head that is kept.
    precision : str
        ``bfloat16`` or ``float32``.
    """

    strategy: str
    last_k: int = 1
    frozen: tuple[str, ...] = ()
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    layer_decay: float
    weight_decay: float = 0.05
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.0
    balance_classes: bool = False
    clip_norm: float = 1.0
    ema_decay: float = 0.99
    augment: str = "safe"
    copies: int = 1
    holds_statistics: bool = True
    fits_head_first: bool = True
    precision: str = "bfloat16"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises
        ------
        UsageError
            An unknown strategy, or a number out of its range.
        """
        if self.strategy not in STRATEGIES:
            raise UsageError(
                f"the strategy is one of {', '.join(STRATEGIES)}, not {self.strategy!r}."
            )
        for name in ("last_k", "epochs", "patience", "batch_size", "copies"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, is {getattr(self, name)}.")
        if not 0 < self.learning_rate < math.inf:
            raise UsageError(f"learning_rate must be positive, is {self.learning_rate}.")
        for name in ("weight_decay", "warmup_epochs"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} must not be negative, is {getattr(self, name)}.")
        if not self.clip_norm > 0:
            raise UsageError(f"clip_norm must be positive, is {self.clip_norm}.")
        if not 0 <= self.ema_decay < 1:
            raise UsageError(f"ema_decay must be in [0, 1), is {self.ema_decay}.")
        if not 0 < self.layer_decay <= 1:
            raise UsageError(f"layer_decay must be in (0, 1], is {self.layer_decay}.")
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(f"label_smoothing must be in [0, 1), is {self.label_smoothing}.")
        if self.precision not in ("bfloat16", "float32"):
            raise UsageError(
                f"precision must be 'bfloat16' or 'float32', is {self.precision!r}."
            )


def default_plan(strategy: str, examples: int, **wanted: Any) -> FinetunePlan:
    """The plan for a number of training objects; ``wanted`` replaces what is not None.

    From about 100 to 100,000 objects the training looks at a similar number of them in all,
    so that the time is similar too; few objects are seen often, many a few times.

    Raises
    ------
    UsageError
        As ``FinetunePlan``.

    Examples
    --------
    >>> default_plan("full", 300).epochs, default_plan("full", 100_000).epochs
    (60, 4)
    """
    epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, _VISITS // max(1, examples)))
    epochs = wanted.get("epochs") or epochs
    settings: dict[str, Any] = {
        "strategy": strategy,
        "epochs": epochs,
        "patience": max(5, epochs // 3),
        "batch_size": 16 if examples < 500 else 32 if examples < 5_000 else 64,
        "learning_rate": 1e-3 if strategy == "scratch" else 3e-4,
        "layer_decay": 1.0 if strategy == "scratch" else 0.75,
        "copies": 4 if examples < 2_000 else 1,
    }
    settings.update({name: value for name, value in wanted.items() if value is not None})
    return FinetunePlan(**settings)


def layer_of_parameters(network: nn.Module) -> dict[str, int]:
    """Layer of each parameter, from 0 at the input; the head is the highest.

    From the network's ``group_matcher``, in coarse groups (stem, stages, head).
    """
    from timm.models import group_parameters

    matcher: Any = network.group_matcher
    groups = group_parameters(network, matcher(coarse=True))
    # timm counts from 0; parameters that no pattern matches go to the end with the head.
    order = {group: layer for layer, group in enumerate(sorted(groups))}
    return {name: order[group] for group, names in groups.items() for name in names}


def frozen_parameters(network: nn.Module, plan: FinetunePlan) -> set[str]:
    """Names of the parameters that a plan does not train.

    Raises
    ------
    UsageError
        The network has fewer layers than are to be trained, or nothing of a name that is to
        be frozen, or it is the head's.
    """
    return _frozen_by_strategy(network, plan) | _frozen_by_name(network, plan)


def _frozen_by_name(network: nn.Module, plan: FinetunePlan) -> set[str]:
    head = head_parameters(network)
    names = [name for name, _ in network.named_parameters()]
    found = {pattern: set(fnmatch.filter(names, pattern)) for pattern in plan.frozen}
    for pattern, those in found.items():
        if not those or those & head:
            what = "the head, which is always trained" if those else "no parameter"
            raise UsageError(
                f"frozen {pattern!r} names {what} of {type(network).__name__}; its parameters "
                f"begin with {', '.join(sorted({name.partition('.')[0] for name in names}))}."
            )
    return set().union(*found.values())


def _frozen_by_strategy(network: nn.Module, plan: FinetunePlan) -> set[str]:
    head = head_parameters(network)
    names = [name for name, _ in network.named_parameters()]
    if plan.strategy == "head":
        return {name for name in names if name not in head}
    if plan.strategy == "last-k":
        layers = layer_of_parameters(network)
        body = sorted({layers[name] for name in names if name not in head})
        if plan.last_k > len(body):
            raise UsageError(
                f"--strategy last-{plan.last_k}: {type(network).__name__} has {len(body)} "
                "layers besides the head. --strategy full trains all of them."
            )
        trained = set(body[-plan.last_k :])
        return {name for name in names if name not in head and layers[name] not in trained}
    return set()


def head_parameters(network: nn.Module) -> set[str]:
    """Names of the parameters of the network's classifiers.

    Raises
    ------
    UsageError
        The network has none.
    """
    from torch import nn

    find: Any = network.get_classifier
    found = find()
    heads = found if isinstance(found, tuple | list) else [found]
    of_heads = {
        id(parameter)
        for head in heads
        if isinstance(head, nn.Module)
        for parameter in head.parameters()
    }
    names = {name for name, p in network.named_parameters() if id(p) in of_heads}
    if not names:
        raise UsageError(
            f"{type(network).__name__} has no classifier to put on: get_classifier() gives "
            f"{found!r}."
        )
    return names
