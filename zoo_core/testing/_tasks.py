"""Checks of a task, with the outputs of an untrained network that a recipe uses it with."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from ..metrics import Metric
from ._check import NotApplicable, require

if TYPE_CHECKING:
    from ._uses import Use, Uses


def kind_agrees_with_the_recipe(uses: Uses, name: str) -> None:
    """A list of models is filtered by the kind on the cards."""
    use = _use(uses, name)
    require(
        use.task.kind == use.recipe.task.kind,
        f"the task is a {use.task.kind!r}, its recipe says {use.recipe.task.kind!r}",
    )


def columns_match_decode(uses: Uses, name: str) -> None:
    """Decoding gives the declared columns, in their order: an entry an object, text or not."""
    use = _use(uses, name)
    decoded = use.task.decode(use.outputs, use.examples.arrays)
    names = [column.name for column in use.task.columns]
    require(list(decoded) == names, f"decode gives {list(decoded)}, columns are {names}")
    for key, values in decoded.items():
        require(
            len(values) == len(use.examples),
            f"the column {key!r} has {len(values)} entries for {len(use.examples)} objects",
        )
    for column in use.task.columns:
        holds_text = decoded[column.name].dtype.kind in "UO"
        require(
            holds_text == column.is_text,
            f"the column {column.name!r} decodes to {decoded[column.name].dtype}, but its "
            f"is_text is {column.is_text}",
        )


def ranking_is_a_column(uses: Uses, name: str) -> None:
    """Predictions are sorted by it."""
    task = _use(uses, name).task
    if task.ranking is None:
        raise NotApplicable("the task ranks nothing")
    names = [column.name for column in task.columns]
    require(task.ranking in names, f"ranking is {task.ranking!r}, columns are {names}")


def loss_is_a_finite_scalar(uses: Uses, name: str) -> None:
    """Float32, of real outputs and of ones that are far off."""
    import torch

    use = _use(uses, name)
    if not isinstance(use.outputs, torch.Tensor):
        raise NotApplicable("the outputs are no tensor")
    for factor in (1.0, 1e3):
        loss = use.task.loss(factor * use.outputs, use.target)
        require(
            loss.shape == () and loss.dtype == torch.float32,
            f"the loss is {tuple(loss.shape)} {loss.dtype}, must be a float32 scalar",
        )
        require(bool(loss.isfinite()), f"the loss of {factor:g} times the outputs is {loss}")


def monitor_gives_numbers(uses: Uses, name: str) -> None:
    """At least one, each finite."""
    use = _use(uses, name)
    watched = use.task.monitor(use.outputs, use.target)
    require(watched, "monitor gives nothing to watch")
    bad = [key for key, value in watched.items() if not math.isfinite(value)]
    require(not bad, f"monitor gives numbers that are not finite: {', '.join(bad)}")


def calibration_is_taken_back(uses: Uses, name: str) -> None:
    """What ``calibrate`` finds are finite numbers that the task accepts from a card."""
    use = _use(uses, name)
    found = use.task.calibrate(use.outputs, use.target)
    bad = [key for key, value in found.items() if not math.isfinite(value)]
    require(not bad, f"calibrate gives numbers that are not finite: {', '.join(bad)}")
    uses.zoo.task(dataclasses.replace(use.recipe.task, calibration=found))


def metrics_are_sound(uses: Uses, name: str) -> None:
    """``Metric`` objects, at least one, with finite values inside their intervals."""
    use = _use(uses, name)
    truth = use.examples.told(use.task.target_names)
    metrics = use.task.metrics(truth, use.task.decode(use.outputs))
    require(metrics, "the task measures nothing")
    for metric in metrics:
        require(isinstance(metric, Metric), f"{metric!r} is no Metric")
        require(math.isfinite(metric.value) and metric.n > 0, f"not a measurement: {metric}")
        if metric.low is not None and metric.high is not None:
            inside = metric.low <= metric.value <= metric.high
            require(inside, f"outside its own interval: {metric}")
    keys = [(metric.name, metric.conditions) for metric in metrics]
    require(len(set(keys)) == len(keys), "two metrics have the same name and conditions")


def _use(uses: Uses, name: str) -> Use:
    return uses.of("tasks", name)


CHECKS = (
    kind_agrees_with_the_recipe,
    columns_match_decode,
    ranking_is_a_column,
    loss_is_a_finite_scalar,
    monitor_gives_numbers,
    calibration_is_taken_back,
    metrics_are_sound,
)
