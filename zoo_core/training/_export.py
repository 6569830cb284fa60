"""From a finished training to a model folder whose card is measured on what is shipped."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..cards import SCHEMA
from ..errors import RecipeError
from ..models import (
    GOLDEN_OBJECTS,
    NO_GOLDEN,
    describe_circumstances,
    finish_folder,
    open_unfinished,
    replacing_folder,
    store_weights,
    write_golden,
)
from ..simulation import format_options
from ._history import write_history
from ._published import unmatched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .._zoo import Zoo
    from ..evaluation import Evaluation
    from ..models import Model
    from ..simulation import Simulator
    from ._recipe import Recipe
    from ._trainer import Trainer


def export_model(
    zoo: Zoo,
    recipe: Recipe,
    trainer: Trainer,
    folder: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Calibrate, test and write the model folder.

    The weights are stored in half precision first; calibration, golden output and every
    metric come from the stored file, loaded as a user's would be.

    Parameters
    ----------
    zoo : Zoo
        Resolves the recipe's names.
    recipe : Recipe
        What was trained.
    trainer : Trainer
        Finished.
    folder : pathlib.Path
        Written as a whole; its last part is the model's name.
    progress : callable, optional
        Called with (objects done, objects in all) while testing.

    Returns
    -------
    Evaluation
        On the test data.

    Raises
    ------
    RecipeError
        A published number has no metric to stand beside. The folder is written all the
        same, for ``make_trainer`` looks for that before a training.
    """
    with replacing_folder(folder) as fresh:
        evaluation = _write(zoo, recipe, trainer, fresh, progress=progress)
    problem = unmatched(recipe, evaluation.metrics)
    if problem:
        raise RecipeError(f"{folder} is written and whole, but {problem}")
    return evaluation


def _write(
    zoo: Zoo,
    recipe: Recipe,
    trainer: Trainer,
    folder: Path,
    *,
    progress: Callable[[int, int], None] | None,
) -> Evaluation:
    weights = store_weights(trainer.average.model, folder)
    (folder / "recipe.toml").write_text(recipe.text, encoding="utf-8")
    write_history(trainer.history, folder / "history.csv")
    card = _card(recipe, trainer, weights)
    of_calibration, of_test = (
        zoo.simulator(recipe.simulator, **recipe.options_for(data))
        for data in (recipe.calibration, recipe.test)
    )
    raw = of_test.chunk(0, seed=recipe.test.seed).first(GOLDEN_OBJECTS).arrays
    write_golden(open_unfinished(zoo, folder, card), raw, card)
    calibration = _calibration(recipe, of_calibration, open_unfinished(zoo, folder, card))
    card["task"]["calibration"] = calibration
    model = open_unfinished(zoo, folder, card)
    evaluation = model.evaluate(
        of_test, count=recipe.test.examples, seed=recipe.test.seed, progress=progress
    )
    figures = evaluation.save_figures(folder / "figures")
    card["figures"] = {path.stem: f"figures/{path.name}" for path in figures}
    card["metrics"] = _metrics(recipe, evaluation)
    card["measured_with"] = describe_circumstances(model)
    finish_folder(folder, card)
    return evaluation


def _card(recipe: Recipe, trainer: Trainer, weights: dict[str, Any]) -> dict[str, Any]:
    """The card so far: without calibration, golden output and metrics."""
    training = recipe.training
    simulator = trainer.data.simulator
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "version": recipe.version,
        "summary": recipe.summary,
        "plugin": recipe.plugin,
        "architecture": asdict(recipe.architecture),
        "task": recipe.task.to_json(),
        "inputs": [
            {**asdict(spec), "preprocessing": recipe.preprocessing[spec.name].to_json()}
            for spec in recipe.inputs
        ],
        "weights": {
            **weights,
            "license": recipe.license,
            "sources": [],
        },
        "head_keys": list(recipe.head_keys),
        "views": recipe.views,
        "trained_on": [
            {
                "name": simulator.name,
                "version": simulator.version,
                "kind": "simulator",
                "examples": training.steps * training.batch_size,
                "seed": training.seed,
            }
        ],
        "parent": None,
        "metrics": [],
        "measured_with": None,
        "golden": dict(NO_GOLDEN),
        "citation": list(recipe.citation),
        "limits": list(recipe.limits),
        "figures": {},
    }


def _calibration(recipe: Recipe, simulator: Simulator, model: Model) -> dict[str, float]:
    """Calibration numbers found on data that is neither trained nor tested on."""
    from ..devices import join_rows

    engine = model.engine()
    outputs, targets = [], []
    for chunk in simulator.stream(recipe.calibration.examples, seed=recipe.calibration.seed):
        outputs.append(engine(model.prepare(chunk.arrays)))
        targets.append(model.task.encode(chunk.told(model.task.target_names)))
    return model.task.calibrate(join_rows(outputs), join_rows(targets))


def _metrics(recipe: Recipe, evaluation: Evaluation) -> list[dict[str, Any]]:
    words = ["zoo", "evaluate", recipe.name, f"simulator:{recipe.simulator}"]
    for option in format_options(recipe.options_for(recipe.test)):
        words += ["--option", option]
    words += ["-n", str(recipe.test.examples), "--seed", str(recipe.test.seed)]
    command = shlex.join(words)
    published = {(p.metric, p.conditions): p for p in recipe.published}
    entries = []
    for metric in evaluation.metrics:
        entry = {**asdict(metric), "data": evaluation.data, "role": "test", "command": command}
        paper = published.get((metric.name, metric.conditions))
        if paper:
            entry["published"] = {"value": paper.value, "source": paper.source}
        entries.append(entry)
    return entries
