"""Pictures in one style, made without a display and without any global state."""

from ._classification import (
    confusion_figure,
    reliability_figure,
    roc_figure,
    score_figure,
)
from ._figure import COLOURS, check_folder, new_figure, save_figure
from ._grid import grid_figure
from ._picture import NO_DATA, make_pictures
from ._pictures import pictures_figure
from ._regression import coverage_figure, ranks_figure, truth_figure
from ._ridge import ridge_figure
from ._series import MOST_SERIES, Scanned, find_peaks, series_figure
from ._sheet import MOST_PICTURES, Cell, check_sheet, sheet_figure

__all__ = [
    "COLOURS",
    "MOST_PICTURES",
    "MOST_SERIES",
    "NO_DATA",
    "Cell",
    "Scanned",
    "check_folder",
    "check_sheet",
    "confusion_figure",
    "coverage_figure",
    "find_peaks",
    "grid_figure",
    "make_pictures",
    "new_figure",
    "pictures_figure",
    "ranks_figure",
    "reliability_figure",
    "ridge_figure",
    "roc_figure",
    "save_figure",
    "score_figure",
    "series_figure",
    "sheet_figure",
    "truth_figure",
]
