"""From ``config.json`` to a ``Card``. Data only: nothing in a card is ever executed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..devices import VIEWS
from ..errors import CardError
from ..preprocessing import Preprocessing
from ._card import (
    ArchitectureRef,
    Card,
    CardMetric,
    Comparison,
    FileRef,
    Golden,
    MeasuredWith,
    Published,
    Target,
    TaskRef,
    TrainingData,
    Weights,
)
from ._file import CARD_FILE, check_name, open_card, read_json
from ._input import AXES_OF_KIND, Band, InputSpec
from ._metric import Metric

if TYPE_CHECKING:
    from pathlib import Path

    from ._fields import Fields

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROLES = ("train", "validation", "test", "independent")


def read_card(folder: Path) -> Card:
    """Read and check the card of a model folder.

    Raises
    ------
    CardError
        Names the file, the field, what it holds and what it should hold.
    """
    return parse_card(read_json(folder), where=str(folder / CARD_FILE))


def parse_card(data: Any, *, where: str = CARD_FILE) -> Card:
    """Check a parsed ``config.json`` and turn it into a ``Card``."""
    top = open_card(data, where=where)
    inputs, preprocessing = parse_inputs(top)
    weights = top.fields("weights")
    sources = weights.texts("sources", [])
    golden = top.optional_fields("golden") if sources else top.fields("golden")
    architecture = top.fields("architecture")
    return Card(
        name=check_name(top.text("name"), where=where),
        version=top.text("version"),
        summary=top.text("summary"),
        plugin=top.text("plugin"),
        architecture=ArchitectureRef(
            name=architecture.text("name"), arguments=architecture.object("arguments", {})
        ),
        task=_task(top.fields("task")),
        inputs=inputs,
        preprocessing=preprocessing,
        weights=Weights(
            ref=_file(weights, may_be_unknown=bool(sources)),
            num_parameters=weights.integer("num_parameters", least=0),
            dtype=weights.text("dtype"),
            license=weights.text("license"),
            sources=sources,
        ),
        head_keys=top.texts("head_keys"),
        trained_on=tuple(_trained_on(entry) for entry in top.each("trained_on")),
        metrics=tuple(_metric(entry) for entry in top.each("metrics", [])),
        golden=None if golden is None else _golden(golden),
        citation=top.texts("citation"),
        limits=top.texts("limits"),
        parent=top.text("parent", None),
        views=parse_views(top),
        measured_with=_measured_with(top.optional_fields("measured_with")),
        comparisons=tuple(_comparison(entry) for entry in top.each("comparisons", [])),
        figures=top.object("figures", {}),
        unknown_fields=top.unknown(),
    )


def parse_views(top: Fields) -> str:
    """What a card or a recipe says that outputs are averaged over.

    Raises
    ------
    CardError
        There is no such set of views.
    """
    views: str = top.text("views", "one")
    if views not in VIEWS:
        raise CardError(f"{top.where}: views must be one of {list(VIEWS)}, is {views!r}.")
    return views


def _golden(fields: Fields) -> Golden:
    return Golden(
        ref=_file(fields),
        absolute_tolerance=fields.number("absolute_tolerance", least=0),
        relative_tolerance=fields.number("relative_tolerance", least=0),
    )


def _file(fields: Fields, *, may_be_unknown: bool = False) -> FileRef:
    name = fields.text("file")
    # Nor what leads elsewhere on another system, nor what no system takes.
    is_path = any(character in "/\\:" or not character.isprintable() for character in name)
    if is_path or not name or name.startswith("."):
        raise CardError(f"{fields.where}: {name!r} must be a file of the model folder itself.")
    if may_be_unknown and fields.text("sha256", None) is None:
        if fields.integer("size", None) is not None:
            raise CardError(f"{fields.where}: a size without a sha256 describes no file.")
        return FileRef(file=name, sha256="", size=0)
    sha256 = fields.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise CardError(f"{fields.where}: sha256 must be 64 small hex digits, is {sha256!r}.")
    return FileRef(file=name, sha256=sha256, size=fields.integer("size", least=0))


def parse_inputs(top: Fields) -> tuple[tuple[InputSpec, ...], dict[str, Preprocessing]]:
    """The list ``inputs`` of a card or recipe: specifications, and preprocessing by input."""
    specs, preprocessing = [], {}
    for entry in top.each("inputs"):
        spec = _input(entry)
        if spec.name in preprocessing:
            raise CardError(f"{entry.where}: two inputs are called {spec.name!r}.")
        specs.append(spec)
        steps = [step.everything() for step in entry.each("preprocessing", [])]
        try:
            preprocessing[spec.name] = Preprocessing.parse(steps, channels=len(spec.bands))
        except CardError as error:
            raise CardError(f"{entry.where}: {error}") from error
    if not specs:
        raise CardError(f"{top.where}: 'inputs' must name at least one input.")
    return tuple(specs), preprocessing


def _input(entry: Fields) -> InputSpec:
    """One entry of ``inputs``."""
    kind = entry.text("kind")
    if kind not in AXES_OF_KIND:
        raise CardError(
            f"{entry.where}: kind must be one of {sorted(AXES_OF_KIND)}, is {kind!r}."
        )
    size = tuple(entry.items("size", []))
    legal = all(n is None or (type(n) is int and n > 0) for n in size)
    if len(size) != AXES_OF_KIND[kind] or not legal:
        raise CardError(
            f"{entry.where}: size of kind {kind!r} must list {AXES_OF_KIND[kind]} positive "
            f"lengths (null for any), is {list(size)}."
        )
    missing = entry.text("missing", "fill")
    if missing not in ("fill", "refuse"):
        raise CardError(f"{entry.where}: missing must be 'fill' or 'refuse', is {missing!r}.")
    off_centre = entry.number("off_centre_px", None)
    if off_centre is not None and off_centre < 0:
        raise CardError(f"{entry.where}: off_centre_px must not be negative, is {off_centre}.")
    bands = tuple(
        Band(name=band.text("name"), unit=band.text("unit", None))
        for band in entry.each("bands")
    )
    if not bands:
        raise CardError(f"{entry.where}: 'bands' must name at least one channel.")
    return InputSpec(
        name=entry.text("name"),
        kind=kind,
        bands=bands,
        size=size,
        pixel_scale_arcsec=entry.number("pixel_scale_arcsec", None),
        cadence_seconds=entry.number("cadence_seconds", None),
        off_centre_px=off_centre,
        missing=missing,
    )


def _task(fields: Fields) -> TaskRef:
    calibration = fields.optional_fields("calibration")
    numbers = {key: calibration.number(key) for key in calibration.data} if calibration else {}
    return TaskRef(
        name=fields.text("name"),
        kind=fields.text("kind"),
        targets=tuple(parse_target(entry) for entry in fields.each("targets")),
        calibration=numbers,
        arguments=fields.object("arguments", {}),
    )


def parse_target(entry: Fields) -> Target:
    """One entry of a task's ``targets``."""
    return Target(
        name=entry.text("name"),
        classes=entry.texts("classes", []),
        unit=entry.text("unit", None),
        description=entry.text("description", ""),
        transform=entry.text("transform", "identity"),
        location=entry.number("location", 0.0),
        scale=entry.number("scale", 1.0),
    )


def _trained_on(entry: Fields) -> TrainingData:
    return TrainingData(
        name=entry.text("name"),
        version=entry.text("version"),
        kind=entry.text("kind"),
        examples=entry.integer("examples", least=0),
        seed=entry.integer("seed", None),
    )


def _metric(entry: Fields) -> CardMetric:
    published = entry.optional_fields("published")
    return CardMetric(
        metric=_number(entry),
        data=entry.text("data"),
        role=_role(entry),
        command=entry.text("command", ""),
        published=None
        if published is None
        else Published(value=published.number("value"), source=published.text("source")),
    )


def _number(entry: Fields) -> Metric:
    return Metric(
        name=entry.text("name"),
        value=entry.number("value"),
        low=entry.number("low", None),
        high=entry.number("high", None),
        n=entry.integer("n", least=0),
        conditions=entry.text("conditions", ""),
    )


def _role(entry: Fields) -> str:
    role: str = entry.text("role")
    if role not in _ROLES:
        raise CardError(f"{entry.where}: role must be one of {_ROLES}, is {role!r}.")
    return role


def _comparison(entry: Fields) -> Comparison:
    return Comparison(
        name=entry.text("name"),
        summary=entry.text("summary", ""),
        data=entry.text("data"),
        role=_role(entry),
        command=entry.text("command", ""),
        metrics=tuple(_number(number) for number in entry.each("metrics")),
    )


def _measured_with(entry: Fields | None) -> MeasuredWith | None:
    if entry is None:
        return None
    return MeasuredWith(
        device=entry.text("device"),
        precision=entry.text("precision"),
        astrozoo_version=entry.text("astrozoo_version"),
        torch_version=entry.text("torch_version"),
    )
