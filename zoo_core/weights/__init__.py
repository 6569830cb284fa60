"""Weights: verified before use, loaded with a report."""

from ._bounded import bounded_building
from ._load import LoadReport, load_tensors, parse_tensors
from ._save import write_tensors
from ._verify import file_ref, read_verified

__all__ = [
    "LoadReport",
    "bounded_building",
    "file_ref",
    "load_tensors",
    "parse_tensors",
    "read_verified",
    "write_tensors",
]
