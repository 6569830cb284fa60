"""From a finished training to a model folder whose card is measured on what is shipped."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..cards import CARD_FILE, SCHEMA, MeasuredWith, read_card, readme
from ..errors import RecipeError
from ..models import named_outputs
from ..registry import ModelFolder
from ..simulation import format_options
from ..weights import file_ref, write_tensors
from ._published import unmatched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from .._zoo import Zoo
    from ..evaluation import Evaluation
    from ..models import Model
    from ._recipe import Recipe
    from ._trainer import Trainer

_WEIGHTS = "model.safetensors"
_GOLDEN = "golden.safetensors"
_GOLDEN_OBJECTS = 8

#: Buffers are kept whole: running variances may leave the range of half precision.
_STORED_DTYPE = "float16"


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
    fresh = folder.with_name(f".{folder.name}.new") / recipe.name
    shutil.rmtree(fresh.parent, ignore_errors=True)
    fresh.mkdir(parents=True)
    _store_weights(trainer.average.model, fresh / _WEIGHTS)
    (fresh / "recipe.toml").write_text(recipe.text, encoding="utf-8")
    trainer.write_history(fresh / "history.csv")
    card = _card(recipe, trainer, fresh)
    _write_golden(zoo, recipe, card, fresh)
    card["task"]["calibration"] = _calibration(zoo, recipe, _model(zoo, fresh, card))
    model = _model(zoo, fresh, card)
    simulator = zoo.simulator(recipe.simulator, **recipe.simulator_options)
    evaluation = model.evaluate(
        simulator, count=recipe.test.examples, seed=recipe.test.seed, progress=progress
    )
    figures = evaluation.save_figures(fresh / "figures")
    card["figures"] = {path.stem: f"figures/{path.name}" for path in figures}
    card["metrics"] = _metrics(recipe, evaluation)
    card["measured_with"] = _measured_with(model)
    _write_card(fresh, card)
    (fresh / "README.md").write_text(readme(read_card(fresh)), encoding="utf-8")
    if folder.exists():
        folder.rename(fresh.parent / "old")
    fresh.rename(folder)
    shutil.rmtree(fresh.parent)
    problem = unmatched(recipe, evaluation.metrics)
    if problem:
        raise RecipeError(f"{folder} is written and whole, but {problem}")
    return evaluation


def _store_weights(network: torch.nn.Module, path: Path) -> None:
    buffers = {name for name, _ in network.named_buffers()}
    tensors = {
        name: value.cpu() if name in buffers else value.half().cpu()
        for name, value in network.state_dict().items()
    }
    write_tensors(path, tensors)


def _card(recipe: Recipe, trainer: Trainer, folder: Path) -> dict[str, Any]:
    """The card so far: without calibration, golden output and metrics."""
    training = recipe.training
    network = trainer.average.model
    task = recipe.task
    simulator = trainer.data.simulator
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "version": recipe.version,
        "summary": recipe.summary,
        "plugin": recipe.plugin,
        "architecture": asdict(recipe.architecture),
        "task": {
            "name": task.name,
            "kind": task.kind,
            "targets": [asdict(target) for target in task.targets],
            "calibration": {},
        },
        "inputs": [
            {**asdict(spec), "preprocessing": recipe.preprocessing[spec.name].to_json()}
            for spec in recipe.inputs
        ],
        "weights": {
            **asdict(file_ref(folder / _WEIGHTS)),
            "num_parameters": sum(p.numel() for p in network.parameters()),
            "dtype": _STORED_DTYPE,
            "license": recipe.license,
            "sources": [],
        },
        "head_keys": list(recipe.head_keys),
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
        "golden": {
            "file": _GOLDEN,
            "sha256": "0" * 64,
            "size": 0,
            "absolute_tolerance": 2e-3,
            "relative_tolerance": 1e-3,
        },
        "citation": list(recipe.citation),
        "limits": list(recipe.limits),
        "figures": {},
    }


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def _model(zoo: Zoo, folder: Path, card: dict[str, Any]) -> Model:
    """Load the unfinished folder as a user would."""
    from ..devices import pick_device
    from ..models import Model, load_network

    _write_card(folder, card)
    found = ModelFolder("path", folder, read_card(folder))
    network, report = load_network(zoo, found)
    task = zoo.task(found.card.task)
    return Model(found, task=task, network=network, report=report, device=pick_device("auto"))


def _write_golden(zoo: Zoo, recipe: Recipe, card: dict[str, Any], folder: Path) -> None:
    """Store raw inputs of the test data and the float32 outputs they give."""
    import torch

    model = _model(zoo, folder, card)
    simulator = zoo.simulator(recipe.simulator, **recipe.simulator_options)
    raw = simulator.chunk(0, seed=recipe.test.seed).first(_GOLDEN_OBJECTS).arrays
    with torch.inference_mode():
        output = model.network(*model.prepare(raw))
    tensors = {f"input.{name}": values for name, values in raw.items()}
    write_tensors(folder / _GOLDEN, {**tensors, **named_outputs(output)})
    card["golden"].update(asdict(file_ref(folder / _GOLDEN)))


def _calibration(zoo: Zoo, recipe: Recipe, model: Model) -> dict[str, float]:
    """Calibration numbers found on data that is neither trained nor tested on."""
    from ..devices import join_rows

    simulator = zoo.simulator(recipe.simulator, **recipe.simulator_options)
    engine = model.engine()
    outputs, targets = [], []
    for chunk in simulator.stream(recipe.calibration.examples, seed=recipe.calibration.seed):
        outputs.append(engine(model.prepare(chunk.arrays)))
        targets.append(model.task.encode(chunk.truth))
    return model.task.calibrate(join_rows(outputs), join_rows(targets))


def _measured_with(model: Model) -> dict[str, str]:
    """What the engine ran on in the end, which may be more precise than was wanted."""
    import torch

    from .. import __version__

    engine = model.engine()
    return asdict(
        MeasuredWith(
            device=engine.device,
            precision=engine.precision,
            astrozoo_version=__version__,
            torch_version=str(torch.__version__),
        )
    )


def _metrics(recipe: Recipe, evaluation: Evaluation) -> list[dict[str, Any]]:
    words = ["zoo", "evaluate", recipe.name, f"simulator:{recipe.simulator}"]
    for option in format_options(recipe.simulator_options):
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
