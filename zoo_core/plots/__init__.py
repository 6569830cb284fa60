"""Pictures in one style, made without a display and without any global state."""

from ._classification import (
    confusion_figure,
    reliability_figure,
    roc_figure,
    score_figure,
)
from ._figure import COLOURS, check_folder, new_figure, save_figure
from ._grid import grid_figure
from ._ridge import ridge_figure

__all__ = [
    "COLOURS",
    "check_folder",
    "confusion_figure",
    "grid_figure",
    "new_figure",
    "reliability_figure",
    "ridge_figure",
    "roc_figure",
    "save_figure",
    "score_figure",
]
