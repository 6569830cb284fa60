"""Tables: columns, prediction tables, and the files they are written to."""

from ._column import Column

__all__ = ["Column"]
