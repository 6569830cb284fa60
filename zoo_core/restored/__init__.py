"""Images that a model makes of images: one FITS file for each input."""

from ._destination import Destination, find_destination
from ._run import restore_inputs

__all__ = ["Destination", "find_destination", "restore_inputs"]
