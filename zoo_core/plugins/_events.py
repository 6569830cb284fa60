"""Events that plugins may observe through the hook ``zoo_event``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLoaded(Event):
    """A model was resolved, verified and built."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneStarted(Event):
    """The data of a fine-tuning are read and its network is built; training begins.

    ``examples`` of them are trained on, by ``strategy``; checkpoint and history go to the
    folder ``run``. One that goes on after a kill starts again.
    """

    model: str
    parent: str
    strategy: str
    examples: int
    run: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneEnded(Event):
    """The model folder of a fine-tuning is written.

    ``is_whole`` is false where it was stopped by hand. ``metrics`` on the test part, by name
    and conditions; empty where there is no test part.
    """

    model: str
    folder: Path
    is_whole: bool
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded(Event):
    """One epoch of a training is done and its checkpoint written."""

    model: str
    record: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionEnded(Event):
    """A prediction of files or of an array is complete.

    ``flagged`` of its ``rows`` have something wrong; it took ``seconds``.
    """

    model: str
    rows: int
    flagged: int
    seconds: float
