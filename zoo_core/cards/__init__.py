"""Cards: what a model folder says about its model, as frozen data.

What a list of models does not need is imported on first use.
"""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._fields import Fields
from ._file import (
    CARD_FILE,
    LARGEST_CARD,
    SCHEMA,
    CardSummary,
    check_name,
    parse_json,
    read_json,
    read_summary,
)

if TYPE_CHECKING:
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
    from ._comparison import ComparisonTable, comparison_tables
    from ._input import AXES_OF_KIND, Band, InputSpec
    from ._metric import Metric
    from ._read import parse_card, parse_inputs, parse_target, parse_views, read_card
    from ._readme import circumstances, metrics_table, readme

__all__ = [
    "AXES_OF_KIND",
    "CARD_FILE",
    "LARGEST_CARD",
    "SCHEMA",
    "ArchitectureRef",
    "Band",
    "Card",
    "CardMetric",
    "CardSummary",
    "Comparison",
    "ComparisonTable",
    "Fields",
    "FileRef",
    "Golden",
    "InputSpec",
    "MeasuredWith",
    "Metric",
    "Published",
    "Target",
    "TaskRef",
    "TrainingData",
    "Weights",
    "check_name",
    "circumstances",
    "comparison_tables",
    "metrics_table",
    "parse_card",
    "parse_inputs",
    "parse_json",
    "parse_target",
    "parse_views",
    "read_card",
    "read_json",
    "read_summary",
    "readme",
]

__getattr__ = imported_later(
    __name__,
    _card=(
        "ArchitectureRef",
        "Card",
        "CardMetric",
        "Comparison",
        "FileRef",
        "Golden",
        "MeasuredWith",
        "Published",
        "Target",
        "TaskRef",
        "TrainingData",
        "Weights",
    ),
    _comparison=("ComparisonTable", "comparison_tables"),
    _input=(
        "AXES_OF_KIND",
        "Band",
        "InputSpec",
    ),
    _metric=("Metric",),
    _read=(
        "parse_card",
        "parse_inputs",
        "parse_target",
        "parse_views",
        "read_card",
    ),
    _readme=(
        "circumstances",
        "metrics_table",
        "readme",
    ),
)
