"""Which reader reads which files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _fits, _pictures, _series
from ._arrays import HdfReader, NpzReader
from ._fits import FitsReader
from ._pictures import PictureReader
from ._series import SeriesReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..cards import InputSpec
    from ._reader import Reader

#: Readers by suffix, lower case, the longest one that fits.
READERS: Mapping[str, type[Reader]] = {
    **dict.fromkeys(_fits.SUFFIXES, FitsReader),
    **dict.fromkeys(_pictures.SUFFIXES, PictureReader),
    **dict.fromkeys((".h5", ".hdf", ".hdf5"), HdfReader),
    ".npz": NpzReader,
}

#: The same for a model that takes series: FITS holds tables then, not images.
SERIES_READERS: Mapping[str, type[Reader]] = {
    **READERS,
    **dict.fromkeys(_series.SUFFIXES, SeriesReader),
}


def readers_for(specs: Iterable[InputSpec]) -> Mapping[str, type[Reader]]:
    """Readers by suffix for what a model takes."""
    return SERIES_READERS if all(spec.kind == "series" for spec in specs) else READERS
