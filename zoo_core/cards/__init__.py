"""Cards: what a model folder says about its model, as frozen data."""

from ._card import (
    SCHEMA,
    ArchitectureRef,
    Card,
    CardMetric,
    FileRef,
    Golden,
    Published,
    Target,
    TaskRef,
    TrainingData,
    Weights,
)
from ._fields import Fields
from ._input import AXES_OF_KIND, Band, InputSpec
from ._metric import Metric
from ._read import CARD_FILE, check_name, parse_card, parse_inputs, parse_target, read_card
from ._readme import metrics_table, readme

__all__ = [
    "AXES_OF_KIND",
    "CARD_FILE",
    "SCHEMA",
    "ArchitectureRef",
    "Band",
    "Card",
    "CardMetric",
    "Fields",
    "FileRef",
    "Golden",
    "InputSpec",
    "Metric",
    "Published",
    "Target",
    "TaskRef",
    "TrainingData",
    "Weights",
    "check_name",
    "metrics_table",
    "parse_card",
    "parse_inputs",
    "parse_target",
    "read_card",
    "readme",
]
