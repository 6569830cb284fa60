"""Training recipes: everything a model folder needs but the weights, in one TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import CardError, RecipeError
from ..cards import ArchitectureRef, Fields, TaskRef, check_name, parse_inputs, parse_target
from ._settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..cards import InputSpec
    from ..preprocessing import Preprocessing


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNumber:
    """A paper's number for one of the task's metrics."""

    metric: str
    conditions: str
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededData:
    """Simulated data by seed and size."""

    seed: int
    examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe as read; ``path`` is the file, which travels into the model folder."""

    path: Path
    name: str
    version: str
    plugin: str
    summary: str
    license: str
    head_keys: tuple[str, ...]
    limits: tuple[str, ...]
    citation: tuple[str, ...]
    architecture: ArchitectureRef
    task: TaskRef
    inputs: tuple[InputSpec, ...]
    preprocessing: Mapping[str, Preprocessing]
    simulator: str
    simulator_options: Mapping[str, Any]
    training: TrainingSettings
    fast: Mapping[str, Any]
    calibration: SeededData
    test: SeededData
    published: tuple[PublishedNumber, ...]

    def faster(self) -> Recipe:
        """The same recipe with the numbers of its ``[fast]`` table: a proof, not a model."""
        return dataclasses.replace(
            self,
            training=dataclasses.replace(self.training, **self.fast),
            calibration=dataclasses.replace(self.calibration, examples=2000),
            test=dataclasses.replace(self.test, examples=4000),
        )


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises
    ------
    RecipeError
        Names the file, the field, what it holds and what it should hold.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error
    try:
        return _parse(Fields(data, str(path), RecipeError), path)
    except CardError as error:
        raise RecipeError(str(error)) from error


def _parse(top: Fields, path: Path) -> Recipe:
    inputs, preprocessing = parse_inputs(top)
    architecture, task = top.fields("architecture"), top.fields("task")
    simulator = top.fields("simulator")
    recipe = Recipe(
        path=path,
        name=check_name(top.text("name"), where=str(path)),
        version=top.text("version"),
        plugin=top.text("plugin"),
        summary=top.text("summary"),
        license=top.text("license"),
        head_keys=top.texts("head_keys"),
        limits=top.texts("limits"),
        citation=tuple(text.strip() for text in top.texts("citation")),
        architecture=ArchitectureRef(
            name=architecture.text("name"), arguments=architecture.object("arguments", {})
        ),
        task=TaskRef(
            name=task.text("name"),
            kind=task.text("kind"),
            targets=tuple(parse_target(entry) for entry in task.each("targets")),
            calibration={},
        ),
        inputs=inputs,
        preprocessing=preprocessing,
        simulator=simulator.text("name"),
        simulator_options=simulator.object("options", {}),
        training=_settings(top.fields("training")),
        fast=_known_settings(top.fields("fast")),
        calibration=_seeded(top.fields("calibration")),
        test=_seeded(top.fields("test")),
        published=tuple(
            PublishedNumber(
                metric=entry.text("metric"),
                conditions=entry.text("conditions", ""),
                value=entry.number("value"),
                source=entry.text("source"),
            )
            for entry in top.each("published", [])
        ),
    )
    if top.unknown():
        raise RecipeError(f"{path}: unknown fields {', '.join(top.unknown())}.")
    _refuse_shared_seeds(recipe)
    return recipe


def _known_settings(fields: Fields) -> dict[str, Any]:
    known = {field.name for field in dataclasses.fields(TrainingSettings)}
    unknown = sorted(set(fields.data) - known)
    if unknown:
        raise RecipeError(
            f"{fields.where}: unknown settings {', '.join(unknown)}; known are "
            f"{', '.join(sorted(known))}."
        )
    return dict(fields.everything())


def _settings(fields: Fields) -> TrainingSettings:
    given = _known_settings(fields)
    try:
        return TrainingSettings(**given)
    except (TypeError, RecipeError) as error:
        raise RecipeError(f"{fields.where}: {error}") from error


def _seeded(fields: Fields) -> SeededData:
    return SeededData(seed=fields.integer("seed"), examples=fields.integer("examples"))


def _refuse_shared_seeds(recipe: Recipe) -> None:
    """Training, validation, calibration and test data must be four different sets."""
    seeds = {
        "training": recipe.training.seed,
        "validation": recipe.training.validation_seed,
        "calibration": recipe.calibration.seed,
        "test": recipe.test.seed,
    }
    if len(set(seeds.values())) < len(seeds):
        raise RecipeError(
            f"{recipe.path}: training, validation, calibration and test data need four "
            f"different seeds, have {seeds}."
        )
