"""Whose run a folder holds, so that two recipes never mix."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError
from ._hold import LOCK_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from ..simulation import Simulator
    from ._recipe import Recipe

CLAIM_FILE = "run.json"

#: Settings that a run on the plateau of its schedule does not depend on yet.
_LENGTH = ("training.epochs", "training.decay_epochs")


def claim(folder: Path, recipe: Recipe, simulator: Simulator, *, epoch: int) -> None:
    """Write down what a folder's run depends on, or compare it with what is written there.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run; made if it is not there.
    recipe : Recipe
        What is to be trained.
    simulator : Simulator
        Its source of data.
    epoch : int
        Epochs that the folder's checkpoint has behind it. If the learning rate has not
        begun to fall by then, the run may be given another length.

    Raises
    ------
    UsageError
        The folder holds a run of something else, or other files; says what differs.
    OutputError
        The folder cannot be written.
    """
    wanted = _facts(recipe, simulator)
    path = folder / CLAIM_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() and any(file.name != LOCK_FILE for file in folder.iterdir()):
            raise UsageError(
                f"{folder} is not empty and holds no run of a training. Choose another folder."
            )
        if not epoch:  # nothing is trained yet that another recipe could mix with
            _write(path, wanted)
            return
        found = _read(path)
        if found == wanted:
            return
        differ = [key for key in sorted({*found, *wanted}) if found.get(key) != wanted.get(key)]
        if set(differ) <= set(_LENGTH):
            plateau = min(_plateau(found), recipe.training.plateau_epochs)
            if epoch <= plateau:
                _write(path, wanted)
                return
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}).") from error
    told = "; ".join(
        f"{key}: {found.get(key)!r} there, {wanted.get(key)!r} here" for key in differ
    )
    raise UsageError(
        f"{folder} holds a run of {found.get('model')!r} with another recipe or other settings "
        f"({told}). Choose an empty folder, or go on with what it was begun with."
    )


def _facts(recipe: Recipe, simulator: Simulator) -> dict[str, Any]:
    """All that the weights depend on, flat; nothing of the recipe's prose."""
    preprocessing = {name: steps.to_json() for name, steps in recipe.preprocessing.items()}
    facts: dict[str, Any] = {
        "model": recipe.name,
        "architecture": asdict(recipe.architecture),
        "task": recipe.task.to_json(),
        "simulator": simulator.name,
        "simulator_version": simulator.version,
        "simulator_options": dict(recipe.simulator_options),
        "preprocessing": preprocessing,
        "auxiliary": [asdict(each) for each in recipe.auxiliary],
    }
    for name, value in asdict(recipe.training).items():
        facts[f"training.{name}"] = value
    # As they are read again: tuples become lists.
    whole: dict[str, Any] = json.loads(json.dumps(facts))
    return whole


def _plateau(facts: dict[str, Any]) -> int:
    """Epochs before the learning rate falls in the run that a folder holds."""
    epochs, decay = (facts[key] for key in _LENGTH)
    return int(epochs) - int(epochs if decay is None else decay)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(
            f"{path} is damaged ({error}). Put it back, or choose an empty folder."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} describes no run. Choose an empty folder.")
    return found


def _write(path: Path, facts: dict[str, Any]) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    fresh.replace(path)
