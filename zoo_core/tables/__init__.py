"""Tables: columns, prediction tables, and the files they are written to."""

from ._best import Best, best_rows
from ._column import Column
from ._files import check_output, read_table, write_table
from ._formats import READABLE, WRITABLE
from ._pieces import write_pieces
from ._read_pieces import Pieces, open_pieces
from ._table import PredictionTable

__all__ = [
    "READABLE",
    "WRITABLE",
    "Best",
    "Column",
    "Pieces",
    "PredictionTable",
    "best_rows",
    "check_output",
    "open_pieces",
    "read_table",
    "write_pieces",
    "write_table",
]
