"""Running a recipe: build, train, calibrate, test, and write the model folder."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from .._errors import OutputError, UsageError
from ._data import SimulatedData
from ._trainer import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from .._zoo import Zoo
    from ._recipe import Recipe


def make_trainer(zoo: Zoo, recipe: Recipe, folder: Path, *, device: str = "cpu") -> Trainer:
    """Set up the training of a recipe in a folder, resuming what lies there.

    Raises
    ------
    UsageError
        The folder holds a run of another recipe.
    OutputError
        The folder cannot be made.
    """
    import torch

    _claim(folder, recipe)
    settings = recipe.training
    task = zoo.task(recipe.task)
    simulator = zoo.simulator(recipe.simulator, **recipe.simulator_options)
    torch.manual_seed(settings.seed)
    network = zoo.build(recipe.architecture.name, **recipe.architecture.arguments)
    return Trainer(
        network,
        task,
        preprocessing=recipe.preprocessing,
        data=SimulatedData(simulator, task, settings.seed, settings.examples_per_epoch),
        validation=SimulatedData(
            simulator, task, settings.validation_seed, settings.validation_examples
        ),
        settings=settings,
        folder=folder,
        device=device,
    )


def _claim(folder: Path, recipe: Recipe) -> None:
    """Remember in the folder whose run it is, so that another recipe does not mix in."""
    text = f"{recipe.path.read_text(encoding='utf-8')}\n{recipe.training}"
    claim = {
        "model": recipe.name,
        "recipe_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    path = folder / "run.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if any(folder.iterdir()):
                raise UsageError(
                    f"{folder} is not empty and holds no run of a training. "
                    "Choose another folder."
                )
            path.write_text(json.dumps(claim, indent=1), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}).") from error
    found = json.loads(path.read_text(encoding="utf-8"))
    if found != claim:
        raise UsageError(
            f"{folder} holds a run of {found.get('model')!r} with another recipe or other "
            "settings. Choose an empty folder, or go on with the recipe that it was begun with."
        )
