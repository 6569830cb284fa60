"""The examination behind ``zoo doctor``."""

from ._examine import examine
from ._torch import diagnose_torch

__all__ = ["diagnose_torch", "examine"]
