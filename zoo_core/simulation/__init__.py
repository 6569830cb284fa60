"""Simulators: the interface, and data sets written by them."""

from ._base import Simulated, Simulator, concatenate
from ._write import write_data_set

__all__ = ["Simulated", "Simulator", "concatenate", "write_data_set"]
