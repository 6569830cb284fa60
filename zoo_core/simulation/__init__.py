"""Simulators: the interface, and data sets written by them."""

from ._base import Simulated, Simulator, concatenate
from ._options import format_options, parse_options
from ._write import write_data_set

__all__ = [
    "Simulated",
    "Simulator",
    "concatenate",
    "format_options",
    "parse_options",
    "write_data_set",
]
