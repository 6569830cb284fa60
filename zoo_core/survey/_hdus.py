"""Walking through the headers of a FITS file, no further than asked for.

Astropy looks for a compressed file's end before it shows the first header: for a survey's
frame in bz2 that is a second, and one for each band of each tile.
"""

from __future__ import annotations

import bz2
import gzip
import math
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

from ..data import quiet
from ..data._header import value_of
from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Length to which headers and data are filled up.
_BLOCK = 2880

#: What opens a file that is compressed as a whole, by suffix.
_OPEN: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}


def is_packed(path: Path) -> bool:
    """Whether a file is compressed as a whole, by its name."""
    return path.suffix.lower() in _OPEN


def unpacked(path: Path) -> bytes:
    """All of a file that is compressed as a whole."""
    with _OPEN[path.suffix.lower()](path) as stream:
        content: bytes = stream.read()
    return content


class Hdu(NamedTuple):
    """A header and where its data lie.

    ``shape`` is that of an image ``(..., y, x)``, tile-compressed or not, and empty for all
    else; ``start`` and ``size`` are bytes.
    """

    number: int
    header: Any
    start: int
    size: int
    shape: tuple[int, ...]

    @property
    def is_plane(self) -> bool:
        """Whether it is an image of two axes; others in front may have length one."""
        shape = self.shape
        return len(shape) > 1 and 0 not in shape and all(n == 1 for n in shape[:-2])

    @property
    def names(self) -> tuple[str, ...]:
        """EXTNAME and EXTTYPE in small letters, empty where there is none."""
        values = (value_of(self.header, key) for key in ("EXTNAME", "EXTTYPE"))
        return tuple(str(value).strip().lower() if value else "" for value in values)


class Hdus:
    """The headers of a file, read one after the other as they are asked for.

    Parameters
    ----------
    stream : binary file object
        The file, unpacked; a context manager closes it.
    size : int or None
        Its length in bytes, if it is known before the end.
    name : str
        For errors.

    Attributes
    ----------
    cut_off : str
        How the file ends before the data of the last HDU that was read do; empty as long as
        it does not. Headers are whole all the same: they say where on the sky it lies.
    """

    def __init__(self, stream: IO[bytes], *, size: int | None, name: str):
        self._stream = stream
        self._size = size
        self._name = name
        self._read: list[Hdu] = []
        self._end = 0
        self.cut_off = ""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Open a file; one that is compressed as a whole is unpacked up to what is read."""
        if is_packed(path):
            return cls(_OPEN[path.suffix.lower()](path), size=None, name=path.name)
        return cls(path.open("rb"), size=path.stat().st_size, name=path.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[Hdu]:
        index = 0
        while (hdu := self.get(index)) is not None:
            yield hdu
            index += 1

    def get(self, index: int) -> Hdu | None:
        """The HDU of a number; None if the file ends before."""
        while len(self._read) <= index:
            if not self._read_next():
                return None
        return self._read[index]

    def _read_next(self) -> bool:
        from astropy.io import fits

        self._stream.seek(self._end)
        if self.cut_off or (self._read and not self._stream.read(1)):
            return False
        self._stream.seek(self._end)
        with quiet():
            header = fits.Header.fromfile(self._stream)
        if not self._read and "SIMPLE" not in header:
            raise InputError(
                f"{self._name} is not a FITS file: it does not begin with SIMPLE =.",
                flag="tile-unreadable",
            )
        axes = _axes(header, "NAXIS")
        cells = math.prod(axes) if axes else 0
        groups = int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + cells)
        start, size = self._stream.tell(), abs(int(header["BITPIX"])) // 8 * groups
        if self._size is not None and self._size < start + size:
            self.cut_off = f"{self._name} is cut off: {self._size} bytes of {start + size}."
        shape = axes if header.get("XTENSION", "IMAGE").strip() == "IMAGE" else ()
        if header.get("ZIMAGE") is True:
            shape = _axes(header, "ZNAXIS")
        self._end = start + -(-size // _BLOCK) * _BLOCK
        self._read.append(Hdu(len(self._read), header, start, size, shape))
        return True


def _axes(header: Any, key: str) -> tuple[int, ...]:
    """Lengths of the axes as of an array, the one that runs fastest last."""
    return tuple(int(header[f"{key}{axis}"]) for axis in range(int(header[key]), 0, -1))
