"""Tables: columns, prediction tables, and the files they are written to."""

from ._column import Column
from ._files import check_output, read_table, write_table
from ._formats import READABLE, WRITABLE
from ._table import PredictionTable, TableBuilder

__all__ = [
    "READABLE",
    "WRITABLE",
    "Column",
    "PredictionTable",
    "TableBuilder",
    "check_output",
    "read_table",
    "write_table",
]
