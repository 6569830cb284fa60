"""Opened pixels of one image, and windows out of them."""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data import quiet
from ..errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

#: Of a compressed image: with more of it asked for at once, all the rest is unpacked too.
_MANY = 0.3


@dataclass(frozen=True, slots=True)
class PixelsRef:
    """Where an image lies: a FITS file and the number of its extension."""

    path: Path
    extension: int


@dataclass(frozen=True, slots=True)
class Scaling:
    """What turns a stored number into a value: ``BSCALE``, ``BZERO``, ``BLANK``."""

    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None

    @property
    def is_identity(self) -> bool:
        """Whether the stored numbers are the values."""
        return (self.scale, self.zero, self.blank) == (1.0, 0.0, None)


class Plane:
    """Pixels ``(y, x)`` in memory or mapped, of any number type and byte order.

    Parameters
    ----------
    array : numpy.ndarray
        The stored numbers.
    scaling : Scaling
        What they mean.
    mapped : pathlib.Path, optional
        The file that the array is mapped from; it is looked at before each use.
    """

    def __init__(
        self, array: np.ndarray, *, scaling: Scaling | None = None, mapped: Path | None = None
    ):
        self._array = array
        self._scaling = scaling or Scaling()
        self._mapped = mapped
        if mapped:
            # By descriptor: it goes on to be the same file if another one takes its name.
            self._descriptor = os.open(mapped, os.O_RDONLY)
            weakref.finalize(self, os.close, self._descriptor)
            self._size = os.fstat(self._descriptor).st_size

    @property
    def shape(self) -> tuple[int, int]:
        """Number of pixels ``(y, x)``."""
        return self._array.shape[0], self._array.shape[1]

    @property
    def nbytes(self) -> int:
        """Memory that it holds, which a mapped file does not."""
        return 0 if self._mapped else self._array.nbytes

    def cut(self, x: np.ndarray, y: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
        """Windows out of the pixels.

        Parameters
        ----------
        x, y : numpy.ndarray
            ``(n,)``, integers: the first pixel of each window, which may lie anywhere.
        size : int or tuple of int
            Number of pixels, ``(y, x)``.

        Returns
        -------
        numpy.ndarray
            ``(n, y, x)``, float32, C-contiguous; NaN beyond the edge and where the file says
            that there is nothing.

        Raises
        ------
        InputError
            The file was cut off since it was opened; ``flag`` is ``tile-unreadable``.
        OSError, ValueError
            A compressed file is broken there.
        """
        import numpy as np

        shape = (size, size) if isinstance(size, int) else size
        if self._scaling.is_identity and self._array.dtype.kind == "f":
            return self._gather(x, y, shape, np.dtype(np.float32), np.nan)
        stored = self._gather(x, y, shape, self._array.dtype.newbyteorder("="), 0)
        scaling = self._scaling
        values = (stored * scaling.scale + scaling.zero).astype(np.float32)
        if scaling.blank is not None:
            values[stored == scaling.blank] = np.nan
        values[beyond(x, y, shape, self.shape)] = np.nan
        return values

    def cut_bits(self, x: np.ndarray, y: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
        """As ``cut``, of an image of bits: int64, 0 beyond the edge."""
        import numpy as np

        shape = (size, size) if isinstance(size, int) else size
        stored = self._gather(x, y, shape, self._array.dtype.newbyteorder("="), 0)
        if self._scaling.zero or self._scaling.scale != 1.0:
            stored = stored * self._scaling.scale + self._scaling.zero
            stored[beyond(x, y, shape, self.shape)] = 0
        return stored.astype(np.int64)

    def _prepare(self, y: np.ndarray, height: int) -> None:  # noqa: ARG002
        """See to it that rows from ``y`` on can be read."""
        if self._mapped and os.fstat(self._descriptor).st_size < self._size:
            # Touching a mapped page that the file has lost would end the process.
            raise InputError(
                f"{self._mapped.name} was cut off while it was read.", flag="tile-unreadable"
            )

    def _gather(
        self,
        x: np.ndarray,
        y: np.ndarray,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
        fill: float,
    ) -> np.ndarray:
        import numpy as np

        self._prepare(y, shape[0])
        pixels, (height, width) = self._array, shape
        windows = np.empty((len(x), height, width), dtype=dtype)
        is_inside = (x >= 0) & (y >= 0)
        is_inside &= (x + width <= self.shape[1]) & (y + height <= self.shape[0])
        # From top to bottom, so that a disc reads in one direction.
        order = np.argsort(y, kind="stable")
        inside = order[is_inside[order]]
        with np.errstate(over="ignore", invalid="ignore"):  # infinite in float32, told later
            for k, j, i in zip(
                inside.tolist(), y[inside].tolist(), x[inside].tolist(), strict=True
            ):
                windows[k] = pixels[j : j + height, i : i + width]
            for k in np.flatnonzero(~is_inside).tolist():
                j, i = int(y[k]), int(x[k])
                windows[k] = fill
                part = pixels[max(j, 0) : max(j + height, 0), max(i, 0) : max(i + width, 0)]
                top, left = max(-j, 0), max(-i, 0)
                windows[k, top : top + part.shape[0], left : left + part.shape[1]] = part
        return windows


class StripedPlane(Plane):
    """A tile-compressed image, unpacked where it is needed, each stripe of tiles once.

    Few windows unpack the stripes they lie in, many unpack all; memory is taken for what is
    unpacked.
    """

    def __init__(self, hdus: Any, extension: int):
        import numpy as np

        hdu = hdus[extension]
        weakref.finalize(self, hdus.close)
        self._section = hdu.section
        self._stripe = int(hdu.tile_shape[-2])
        self._lock = threading.Lock()
        first = self._rows(0, 1)
        # Untouched pages of it take no memory.
        array = np.empty(hdu.shape[-2:], dtype=first.dtype.newbyteorder("="))
        super().__init__(array)
        self._is_filled = np.zeros(-(-array.shape[0] // self._stripe), dtype=bool)

    @property
    def nbytes(self) -> int:
        """Memory that the unpacked part takes."""
        return int(self._is_filled.mean() * self._array.nbytes)

    def _rows(self, start: int, stop: int) -> np.ndarray:
        section = self._section
        leading = (0,) * (len(section.shape) - 2) if hasattr(section, "shape") else ()
        with quiet():
            rows: np.ndarray = section[(*leading, slice(start, stop), slice(None))]
        return rows

    def _prepare(self, y: np.ndarray, height: int) -> None:
        import numpy as np

        with self._lock:
            stripes, rows = len(self._is_filled), self.shape[0]
            first = np.clip(y, 0, rows) // self._stripe
            last = (np.clip(y + height, 0, rows) - 1) // self._stripe
            # +1 where a window begins to need stripes and -1 behind its last one.
            change = np.zeros(stripes + 1, dtype=np.int64)
            real = last >= first
            np.add.at(change, first[real], 1)
            np.add.at(change, last[real] + 1, -1)
            is_needed = (np.cumsum(change[:-1]) > 0) & ~self._is_filled
            if is_needed.mean() > _MANY:
                is_needed = ~self._is_filled
            edges = np.flatnonzero(np.diff(np.concatenate([[False], is_needed, [False]])))
            for begin, end in edges.reshape(-1, 2).tolist():
                start, stop = begin * self._stripe, min(end * self._stripe, rows)
                self._array[start:stop] = self._rows(start, stop)
                self._is_filled[begin:end] = True


def beyond(
    x: np.ndarray, y: np.ndarray, shape: tuple[int, int], image: tuple[int, int]
) -> np.ndarray:
    """``(n, y, x)``, bool: which pixels of windows from x, y on lie outside an image."""
    import numpy as np

    rows, columns = y[:, None] + np.arange(shape[0]), x[:, None] + np.arange(shape[1])
    is_out_y = (rows < 0) | (rows >= image[0])
    is_out_x = (columns < 0) | (columns >= image[1])
    return is_out_y[:, :, None] | is_out_x[:, None, :]
