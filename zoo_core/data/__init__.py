"""Data: from paths to samples that fit a model's input specification."""

from ._inputs import Inputs, open_inputs
from ._memory import inputs_from_array
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader, Request
from ._readers import READERS
from ._sample import Sample

__all__ = [
    "READERS",
    "Inputs",
    "Item",
    "Listing",
    "Problem",
    "Raw",
    "Reader",
    "Request",
    "Sample",
    "inputs_from_array",
    "open_inputs",
    "quiet",
]
