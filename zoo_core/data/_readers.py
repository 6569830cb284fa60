"""Which reader reads which files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _fits, _pictures
from ._arrays import HdfReader, NpzReader
from ._fits import FitsReader
from ._pictures import PictureReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._reader import Reader

#: Readers by suffix, lower case, the longest one that fits.
READERS: Mapping[str, type[Reader]] = {
    **dict.fromkeys(_fits.SUFFIXES, FitsReader),
    **dict.fromkeys(_pictures.SUFFIXES, PictureReader),
    **dict.fromkeys((".h5", ".hdf", ".hdf5"), HdfReader),
    ".npz": NpzReader,
}
