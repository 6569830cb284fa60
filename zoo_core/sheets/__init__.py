"""Contact sheets of the rows of a table, whose pixels are read again from where they came."""

from ._pixels import image_spec, pixels_of_inputs, pixels_of_sources, pixels_on_tiles
from ._rows import first_rows, rows_to_show
from ._series import scanned_series, series_spec
from ._sheet import Shown, write_sheet

__all__ = [
    "Shown",
    "first_rows",
    "image_spec",
    "pixels_of_inputs",
    "pixels_of_sources",
    "pixels_on_tiles",
    "rows_to_show",
    "scanned_series",
    "series_spec",
    "write_sheet",
]
