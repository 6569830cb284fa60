"""What an architecture or a task is used with: the recipes that name it.

A network by itself does not say what it takes. A recipe does, and its simulator gives
real examples, so that the checks need not assume images or a certain loss.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ._check import NotApplicable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from .._zoo import Zoo
    from ..simulation import Simulated, Simulator
    from ..tasks import Task
    from ..training import Recipe

_OBJECTS = 48
_SEED = 20260101


class Use:
    """A recipe with its parts made and a few examples drawn, each when first needed."""

    def __init__(self, zoo: Zoo, recipe: Recipe):
        self.zoo = zoo
        self.recipe = recipe

    @cached_property
    def task(self) -> Task:
        """The task, uncalibrated."""
        return self.zoo.task(self.recipe.task)

    @cached_property
    def simulator(self) -> Simulator:
        """The simulator with the recipe's options."""
        return self.zoo.simulator(self.recipe.simulator, **self.recipe.simulator_options)

    @cached_property
    def examples(self) -> Simulated:
        """A few simulated objects."""
        drawn = self.simulator.chunk(0, seed=_SEED).first(_OBJECTS)
        arrays = {name: values.clone() for name, values in drawn.arrays.items()}
        return type(drawn)(arrays=arrays, truth=drawn.truth, maps=drawn.maps)

    @cached_property
    def inputs(self) -> list[torch.Tensor]:
        """What the network takes, preprocessed, in its order."""
        steps = self.recipe.preprocessing
        return [steps[name](self.examples.arrays[name]) for name in steps]

    @cached_property
    def target(self) -> Any:
        """What the loss takes."""
        return self.task.encode(self.examples.told(self.task.target_names))

    def network(self, seed: int = 0, **arguments: Any) -> torch.nn.Module:
        """An untrained network with the recipe's arguments, or others."""
        return seeded_build(
            self.zoo,
            self.recipe.architecture.name,
            {**self.recipe.architecture.arguments, **arguments},
            seed=seed,
        )

    @cached_property
    def outputs(self) -> Any:
        """Outputs of an untrained network in eval mode."""
        import torch

        with torch.inference_mode():
            return self.network().eval()(*self.inputs)


class Uses:
    """The uses of everything in a zoo."""

    def __init__(self, zoo: Zoo):
        self.zoo = zoo

    @cached_property
    def all(self) -> list[Use]:
        """One for each recipe that can be read."""
        found = []
        for contribution in self.zoo.plugins.contributions("recipes"):
            with contextlib.suppress(Exception):  # a broken recipe fails its own checks
                name = f"{contribution.plugin}/{contribution.name}"
                found.append(Use(self.zoo, self.zoo.recipe(name)))
        return found

    def of(self, kind: str, name: str) -> Use:
        """The first use of an architecture, a task or a simulator.

        Raises
        ------
        NotApplicable
            No recipe names it.
        """
        for use in self.all:
            recipe = use.recipe
            named = {
                "architectures": recipe.architecture.name,
                "tasks": recipe.task.name,
                "simulators": recipe.simulator,
            }[kind]
            if named.rpartition("/")[2] == name:
                return use
        raise NotApplicable(
            f"no recipe of an installed plugin uses {name!r}, so its inputs are not known"
        )


def seeded_build(
    zoo: Zoo, name: str, arguments: dict[str, Any], *, seed: int
) -> torch.nn.Module:
    """Build a network from a seed and leave torch's random state as it was."""
    with seeded(seed):
        return zoo.build(name, **arguments)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch inside and leave its random state as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
