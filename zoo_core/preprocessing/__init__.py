"""Preprocessing: a closed vocabulary of named operations on batches of tensors."""

from ._operations import VOCABULARY, Operation
from ._pipeline import Preprocessing

__all__ = ["VOCABULARY", "Operation", "Preprocessing"]
