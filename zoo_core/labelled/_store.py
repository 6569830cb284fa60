"""Arrays that fill up object by object, in memory or on disc, as small as is exact."""

from __future__ import annotations

import shutil
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

#: What is taken to be free where the system does not say.
_UNKNOWN_MEMORY = 2 * 2**30


def available_memory() -> int:
    """Bytes that programs can still have, by ``/proc/meminfo``; else 2 GiB."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return _UNKNOWN_MEMORY
    for line in lines:
        if line.startswith("MemAvailable:"):
            with suppress(ValueError, IndexError):
                return int(line.split()[1]) * 1024
    return _UNKNOWN_MEMORY


class Store:
    """Arrays of up to ``count`` objects, one for each input.

    They are uint8 as long as all values are whole numbers from 0 to 255, then float32, and
    lie in memory as long as all of them together take no more than ``memory`` bytes, then
    in files in ``folder``.
    """

    def __init__(self, count: int, *, memory: int, folder: Path | None):
        self._count = count
        self._memory = memory
        self._folder = folder
        self._arrays: dict[str, np.ndarray] = {}
        self._files: dict[str, Path] = {}
        self.filled = 0

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of one object, by input; empty before the first."""
        return {name: array.shape[1:] for name, array in self._arrays.items()}

    def add(self, sample: Mapping[str, np.ndarray]) -> None:
        """Put an object, float32 and of the shape of the others, behind the last one.

        Raises
        ------
        UsageError
            There is not enough memory, and no folder.
        OutputError
            The folder cannot be made, or its disc has not enough room.
        """
        import numpy as np

        if not self._arrays:
            types = {
                name: np.dtype(np.uint8 if _fits_uint8(array) else np.float32)
                for name, array in sample.items()
            }
            need = sum(self._bytes(array.shape, types[name]) for name, array in sample.items())
            for name, array in sample.items():
                self._arrays[name] = self._new(name, array.shape, types[name], need)
        for name, array in sample.items():
            if self._arrays[name].dtype == np.uint8 and not _fits_uint8(array):
                self._widen(name)
            self._arrays[name][self.filled] = array
        self.filled += 1

    def finish(self) -> dict[str, np.ndarray]:
        """``(filled, channel, *axes)`` for each input."""
        return {name: array[: self.filled] for name, array in self._arrays.items()}

    def discard(self) -> None:
        """Let go of everything, the files too."""
        self._arrays.clear()
        for file in self._files.values():
            with suppress(OSError):
                file.unlink()

    def _widen(self, name: str) -> None:
        """Go from uint8 to float32."""
        import numpy as np

        narrow, file = self._arrays[name], self._files.get(name)
        rest = sum(array.nbytes for key, array in self._arrays.items() if key != name)
        float32 = np.dtype(np.float32)
        need = rest + self._bytes(narrow.shape[1:], float32)
        wide = self._new(name, narrow.shape[1:], float32, need)
        wide[: self.filled] = narrow[: self.filled]
        self._arrays[name] = wide
        if file is not None:
            with suppress(OSError):
                file.unlink()

    def _bytes(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        return self._count * prod(shape) * dtype.itemsize

    def _still_to_come(self) -> int:
        """Bytes that the files made so far will take when they are full."""
        left = self._count - self.filled
        return sum(
            self._bytes(self._arrays[n].shape[1:], self._arrays[n].dtype) * left // self._count
            for n in self._files
            if n in self._arrays
        )

    def _new(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], need: int
    ) -> np.ndarray:
        """An array for all objects; ``need`` bytes are what all arrays take with it."""
        import numpy as np

        shape = (self._count, *shape)
        if need <= self._memory:
            return np.empty(shape, dtype)
        size = self._bytes(shape[1:], dtype) + self._still_to_come()
        folder = _folder_with_room(self._folder, size, need, self._memory)
        # A number: the names of inputs are free text. Files that an earlier reading left
        # are unlinked and not written over, for somebody may have them mapped.
        position = list(self._arrays).index(name) if name in self._arrays else len(self._arrays)
        file = folder / f"input-{position}-{dtype.name}.npy"
        try:
            file.unlink(missing_ok=True)
            array: np.ndarray = np.lib.format.open_memmap(
                file, mode="w+", dtype=dtype, shape=shape
            )
        except OSError as error:
            raise OutputError(f"{file} cannot be made: {error.strerror or error}.") from error
        self._files[name] = file
        return array


def _fits_uint8(array: np.ndarray) -> bool:
    import numpy as np

    # NaN fails the first comparison.
    return bool((array >= 0).all() and (array <= 255).all() and (array == np.rint(array)).all())


def _folder_with_room(folder: Path | None, size: int, need: int, memory: int) -> Path:
    if folder is None:
        raise UsageError(
            f"the examples take {_told(need)}, more than the {_told(memory)} of memory that "
            "may be used for them. Name a folder to keep them in, or use fewer examples."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}.") from error
    if free < size:
        raise OutputError(
            f"the examples do not fit into memory ({_told(memory)} may be used) and take "
            f"{_told(size)} on disc, but {folder} has {_told(free)} free. Make room, choose "
            "another folder, or use fewer examples."
        )
    return folder


def _told(size: int) -> str:
    """A number of bytes for people."""
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.3g} {unit}"
