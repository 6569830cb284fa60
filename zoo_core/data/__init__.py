"""Data: from paths to samples that fit a model's input specification."""

from ._inputs import Inputs, open_inputs
from ._memory import inputs_from_array
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader, Request
from ._readers import READERS, SERIES_READERS, readers_for
from ._sample import Sample
from ._series import read_series, window_starts
from ._series_grid import Series

__all__ = [
    "READERS",
    "SERIES_READERS",
    "Inputs",
    "Item",
    "Listing",
    "Problem",
    "Raw",
    "Reader",
    "Request",
    "Sample",
    "Series",
    "inputs_from_array",
    "open_inputs",
    "quiet",
    "read_series",
    "readers_for",
    "window_starts",
]
