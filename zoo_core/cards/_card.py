"""The card: everything a model folder says about its model, as frozen data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..preprocessing import Preprocessing
    from ._input import InputSpec
    from ._metric import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureRef:
    """Which network, with which arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that a task predicts.

    ``name`` is the truth column it is compared with. ``classes`` in the order of the class
    index for a classification, empty otherwise; ``unit`` an astropy unit string. Numbers are
    learned as (transform(value) - location) / scale, with the transform ``identity`` or
    ``log10``.
    """

    name: str
    classes: tuple[str, ...] = ()
    unit: str | None = None
    description: str = ""
    transform: str = "identity"
    location: float = 0.0
    scale: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """The entry of a card; classes have no transform, location and scale."""
        entry = asdict(self)
        if self.classes:
            for key in ("transform", "location", "scale"):
                del entry[key]
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRef:
    """Which task, with which targets and calibration numbers.

    ``arguments`` are those that the task itself takes, such as the ``components`` of a
    regression.
    """

    name: str
    kind: str
    targets: tuple[Target, ...]
    calibration: Mapping[str, float]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The entry of a card, without calibration numbers, which are found later."""
        arguments = {"arguments": dict(self.arguments)} if self.arguments else {}
        return {
            "name": self.name,
            "kind": self.kind,
            **arguments,
            "targets": [target.to_json() for target in self.targets],
            "calibration": {},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file of the model folder: its name, SHA-256 (hex) and size in bytes.

    A file that lies elsewhere may not be known yet: its hash is empty then and its size 0,
    until the first load records them (``ModelFolder.pinned``).
    """

    file: str
    sha256: str
    size: int

    @property
    def is_known(self) -> bool:
        """Whether there is a hash to check the file by."""
        return bool(self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weights file and its terms."""

    ref: FileRef
    num_parameters: int
    dtype: str
    license: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A stored input with the output it must give, and how close."""

    ref: FileRef
    absolute_tolerance: float
    relative_tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What the weights were trained on: a simulator or a data set."""

    name: str
    version: str
    kind: str
    examples: int
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The number of a paper for the same quantity, and where it was read."""

    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMetric:
    """A metric with the data it was measured on and the command that prints it again."""

    metric: Metric
    data: str
    role: str
    command: str = ""
    published: Published | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Another model's numbers for the very objects that some of the card's metrics are of.

    Parameters
    ----------
    name : str
        What the other is called in a table, such as ``svm``.
    summary : str
        What it is and how it came about, in one line.
    data, role, command : str
        As of ``CardMetric``; the data are those of metrics of the card itself.
    metrics : tuple of Metric
        Its numbers. Each stands beside the card's own of that name and those conditions.
    """

    name: str
    summary: str
    data: str
    role: str
    command: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredWith:
    """What computed the metrics of a card.

    Parameters
    ----------
    device : str
        As ``pick_device`` returns it, such as ``cpu``.
    precision : str
        The number format that the network ran in, such as ``bfloat16``.
    astrozoo_version, torch_version : str
        Versions of the two.
    """

    device: str
    precision: str
    astrozoo_version: str
    torch_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A model's card. See ``docs/cards.md`` for every field.

    Only a model whose weights lie elsewhere may have no golden file.
    """

    name: str
    version: str
    summary: str
    plugin: str
    architecture: ArchitectureRef
    task: TaskRef
    inputs: tuple[InputSpec, ...]
    preprocessing: Mapping[str, Preprocessing]
    weights: Weights
    head_keys: tuple[str, ...]
    trained_on: tuple[TrainingData, ...]
    metrics: tuple[CardMetric, ...]
    golden: Golden | None
    citation: tuple[str, ...]
    limits: tuple[str, ...]
    parent: str | None = None
    views: str = "one"
    measured_with: MeasuredWith | None = None
    comparisons: tuple[Comparison, ...] = ()
    figures: Mapping[str, str] = field(default_factory=dict)
    unknown_fields: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FileRef, ...]:
        """The files that the card describes by their hashes: weights and golden file."""
        return (self.weights.ref, *([self.golden.ref] if self.golden else []))
