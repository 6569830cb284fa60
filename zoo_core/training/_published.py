"""A paper's numbers need a metric of the same name and conditions to stand beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import torch

    from ..metrics import Metric
    from ..simulation import Simulator
    from ..tasks import Task
    from ._recipe import Recipe

#: Objects of the test data that are looked at first.
_FEW = 512


def check_published(
    recipe: Recipe, *, task: Task, simulator: Simulator, network: torch.nn.Module
) -> None:
    """Find out before a training whether each published number will have its metric.

    What a task measures depends on the truth. So it measures random outputs on the first
    objects of the test data and, only where a metric is missing, on all of them.

    Parameters
    ----------
    recipe : Recipe
        With the published numbers.
    task, simulator
        Its task and its source of data.
    network : torch.nn.Module
        Its network, untrained; tells the shape of the outputs.

    Raises
    ------
    RecipeError
        Names those that have none, and the conditions under which there is one.
    InputError
        The test data cannot be measured at all.
    """
    if not recipe.published:
        return
    problem = ""
    for count in sorted({min(_FEW, recipe.test.examples), recipe.test.examples}):
        truth, guesses = _guess(recipe, task, simulator, network, count)
        try:
            metrics = task.metrics(truth, guesses)
        except InputError:
            if count == recipe.test.examples:
                raise
            continue
        problem = unmatched(recipe, metrics)
        if not problem:
            return
    raise RecipeError(f"{recipe.path}: {problem}")


def unmatched(recipe: Recipe, metrics: Iterable[Metric]) -> str:
    """What is wrong with the published numbers that no metric stands beside, if any."""
    measured = [(metric.name, metric.conditions) for metric in metrics]
    told = []
    for number in recipe.published:
        if (number.metric, number.conditions) in measured:
            continue
        there = [repr(conditions) for name, conditions in measured if name == number.metric]
        told.append(
            f"no metric {number.metric!r} with the conditions {number.conditions!r} is "
            "measured, beside which the published number could stand; "
            + (
                f"its conditions are {', '.join(there)}"
                if there
                else f"there are {', '.join(sorted({name for name, _ in measured}))}"
            )
        )
    return f"{'. And '.join(told)}. Correct or remove that [[published]] entry." if told else ""


def _guess(
    recipe: Recipe, task: Task, simulator: Simulator, network: torch.nn.Module, count: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Truth of the first objects of the test data, and what random outputs decode to."""
    import torch

    generator = torch.Generator().manual_seed(recipe.test.seed)
    example = None
    truths, guesses = [], []
    for chunk in simulator.stream(count, seed=recipe.test.seed):
        if example is None:
            example = _example(recipe, network, chunk.first(1).arrays)
        outputs = _random_like(example, len(chunk), generator)
        guesses.append(task.decode(outputs, chunk.arrays))
        truths.append(chunk.truth)
    return _joined(truths), _joined(guesses)


def _example(
    recipe: Recipe, network: torch.nn.Module, arrays: Mapping[str, torch.Tensor]
) -> Any:
    """What the network gives in eval mode; it is left in the mode it was in."""
    import torch

    mode = network.training
    with torch.inference_mode():
        prepared = [steps(arrays[name]) for name, steps in recipe.preprocessing.items()]
        output = network.eval()(*prepared)
    network.train(mode)
    return output


def _random_like(example: Any, count: int, generator: torch.Generator) -> Any:
    """Normal numbers in the shape of an output, for ``count`` objects."""
    import torch
    from torch.utils import _pytree

    def scores(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return torch.randn(count, *leaf.shape[1:], generator=generator).to(leaf.dtype)

    return _pytree.tree_map(scores, example)


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    import numpy as np

    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
