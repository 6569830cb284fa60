"""Running a recipe: build, train, calibrate, test, and write the model folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._checkpoint import CHECKPOINT, checkpoint_epoch
from ._claim import claim
from ._data import SimulatedData
from ._published import check_published
from ._trainer import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from .._zoo import Zoo
    from ._adversary import Adversary
    from ._recipe import Recipe


def make_trainer(zoo: Zoo, recipe: Recipe, folder: Path, *, device: str = "cpu") -> Trainer:
    """Set up the training of a recipe in a folder, resuming what lies there.

    Raises
    ------
    UsageError
        The folder holds a run of something else.
    OutputError
        The folder cannot be made.
    RecipeError
        An auxiliary loss asks for what the simulator or the network does not have, or a
        published number has no metric to stand beside.
    """
    import torch

    from ..plugins import EpochEnded

    def ended(record: dict[str, float]) -> None:
        zoo.plugins.send(EpochEnded(model=recipe.name, record=record))

    settings = recipe.training
    task = zoo.task(recipe.task)
    simulator = zoo.simulator(recipe.simulator, **recipe.simulator_options)
    claim(folder, recipe, simulator, epoch=checkpoint_epoch(folder / CHECKPOINT))
    for target in recipe.auxiliary:
        target.check(simulator)
    torch.manual_seed(settings.seed)
    network = zoo.build(recipe.architecture.name, **recipe.architecture.arguments)
    of_test = zoo.simulator(recipe.simulator, **recipe.options_for(recipe.test))
    check_published(recipe, task=task, simulator=of_test, network=network)
    return Trainer(
        network,
        task,
        preprocessing=recipe.preprocessing,
        data=SimulatedData(
            simulator, task, settings.seed, settings.examples_per_epoch, recipe.auxiliary
        ),
        validation=SimulatedData(
            simulator, task, settings.validation_seed, settings.validation_examples
        ),
        settings=settings,
        auxiliary=recipe.auxiliary,
        adversary=_adversary(zoo, recipe, device),
        folder=folder,
        device=device,
        epoch_ended=ended,
    )


def _adversary(zoo: Zoo, recipe: Recipe, device: str) -> Adversary | None:
    """The network that judges the outputs, if the recipe has one."""
    from ._adversary import Adversary

    settings = recipe.adversary
    if settings is None:
        return None
    return Adversary(
        zoo.build(settings.architecture.name, **settings.architecture.arguments),
        settings,
        device=device,
        precision=recipe.training.precision,
    )
