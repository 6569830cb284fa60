"""Events that plugins may observe through the hook ``zoo_event``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
