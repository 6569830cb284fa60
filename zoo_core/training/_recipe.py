"""Training recipes: everything a model folder needs but the weights, in one TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..cards import (
    ArchitectureRef,
    Fields,
    TaskRef,
    check_name,
    parse_inputs,
    parse_target,
    parse_views,
)
from ..errors import CardError, RecipeError
from ._adversary_settings import AdversarySettings, parse_adversary
from ._auxiliary import AuxiliaryTarget, parse_auxiliary
from ._settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..cards import InputSpec
    from ..preprocessing import Preprocessing


_FAST_LIMIT = (
    "Trained by zoo train --fast: a proof that the recipe works, not a model to be used."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNumber:
    """A paper's number for one of the task's metrics."""

    metric: str
    conditions: str
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededData:
    """Simulated data by seed and size.

    ``options`` are those of the simulator that stand in place of the recipe's own.
    """

    seed: int
    examples: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastVersion:
    """What ``--fast`` puts in place of the recipe's own numbers.

    Parameters
    ----------
    training : mapping
        Fields of ``TrainingSettings``.
    calibration_examples, test_examples : int
        Sizes of the two sets of data.
    """

    training: Mapping[str, Any]
    calibration_examples: int
    test_examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe as read from the file ``path``.

    ``text`` is the file's content at that time. It travels into the model folder, so that an
    edit of the file during a training is not taken for what the weights were made by.
    """

    path: Path
    text: str
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
    auxiliary: tuple[AuxiliaryTarget, ...]
    adversary: AdversarySettings | None
    fast: FastVersion
    calibration: SeededData
    test: SeededData
    published: tuple[PublishedNumber, ...]
    views: str = "one"

    def options_for(self, data: SeededData) -> dict[str, Any]:
        """Options of the simulator that draws the data for calibration or test."""
        return {**self.simulator_options, **data.options}

    def faster(self) -> Recipe:
        """The same recipe with the numbers of its ``[fast]`` table: a proof, not a model.

        Version and limits say so, lest its model be taken for the real one.
        """
        fast = self.fast
        return dataclasses.replace(
            self,
            version=f"{self.version}+fast",
            limits=(_FAST_LIMIT, *self.limits),
            training=dataclasses.replace(self.training, **fast.training),
            calibration=dataclasses.replace(
                self.calibration, examples=fast.calibration_examples
            ),
            test=dataclasses.replace(self.test, examples=fast.test_examples),
        )


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises
    ------
    RecipeError
        Names the file, the field, what it holds and what it should hold.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error
    try:
        return _parse(Fields(data, str(path), RecipeError), path, text)
    except CardError as error:
        raise RecipeError(str(error)) from error


def _parse(top: Fields, path: Path, text: str) -> Recipe:
    inputs, preprocessing = parse_inputs(top)
    architecture, task = top.fields("architecture"), top.fields("task")
    simulator = top.fields("simulator")
    calibration, test = _seeded(top.fields("calibration")), _seeded(top.fields("test"))
    recipe = Recipe(
        path=path,
        text=text,
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
            arguments=task.object("arguments", {}),
        ),
        inputs=inputs,
        preprocessing=preprocessing,
        simulator=simulator.text("name"),
        simulator_options=simulator.object("options", {}),
        training=_settings(top.fields("training")),
        auxiliary=tuple(parse_auxiliary(entry) for entry in top.each("auxiliary", [])),
        adversary=_adversary(top),
        fast=_fast(top.fields("fast"), calibration, test),
        calibration=calibration,
        test=test,
        published=tuple(
            PublishedNumber(
                metric=entry.text("metric"),
                conditions=entry.text("conditions", ""),
                value=entry.number("value"),
                source=entry.text("source"),
            )
            for entry in top.each("published", [])
        ),
        views=parse_views(top),
    )
    if top.unknown():
        raise RecipeError(f"{path}: unknown fields {', '.join(top.unknown())}.")
    _refuse_shared_seeds(recipe)
    return recipe


def _adversary(top: Fields) -> AdversarySettings | None:
    fields = top.optional_fields("adversary")
    return None if fields is None else parse_adversary(fields)


def _fast(fields: Fields, calibration: SeededData, test: SeededData) -> FastVersion:
    sizes = {
        f"{name}_examples": fields.integer(f"{name}_examples", data.examples, least=1)
        for name, data in (("calibration", calibration), ("test", test))
    }
    settings = _known_settings(fields, besides=frozenset(sizes))
    training = {name: value for name, value in settings.items() if name not in sizes}
    return FastVersion(training=training, **sizes)


def _known_settings(fields: Fields, *, besides: frozenset[str] = frozenset()) -> dict[str, Any]:
    known = {field.name for field in dataclasses.fields(TrainingSettings)} | besides
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
    return SeededData(
        seed=fields.integer("seed"),
        examples=fields.integer("examples", least=1),
        options=fields.object("options", {}),
    )


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
