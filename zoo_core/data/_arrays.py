"""Files that hold the arrays of many objects: npz and HDF5.

Both have one array an input, under the input's name: ``(n, channel, *axes)``, or
``(n, *axes)`` for one channel, or the array of a single object; and, if the objects have
names, an array of n ids. An input that is the only one may have any name.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec


@dataclass(frozen=True, slots=True)
class Header:
    """Shape and type of an array that has not been read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which array is which input, and how many objects there are; None = one."""

    keys: Mapping[str, str]
    count: int | None


class ArrayReader(Reader):
    """What npz and HDF5 have in common; a subclass knows how to get at the arrays."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._lock = threading.RLock()
        self._layouts: dict[Path, _Layout] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Neither locks nor open files can go to another process.
        return {"request": self.request, "_layouts": self._layouts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["request"])  # type: ignore[misc]
        self._layouts = state["_layouts"]

    @abstractmethod
    def headers(self, file: Path) -> dict[str, Header]:
        """Shape and type of the arrays in a file, without reading them."""

    @abstractmethod
    def get(self, file: Path, key: str, index: int | None) -> np.ndarray:
        """One array, or the entry ``index`` along its first axis."""

    @abstractmethod
    def ids(self, file: Path, key: str) -> list[str]:
        """A one-dimensional array as text."""

    def items(self, files: Sequence[Path]) -> Listing:
        """List the objects in each file; a file that cannot be listed is one item."""
        items: list[Item] = []
        for file in files:
            try:
                with quiet():
                    items += self._items_of(file)
            except InputError as error:
                problem = Problem(error.flag, str(error))
                items.append(_broken(file, problem))
            except OSError as error:
                reason = f"{self.name} file: {error.strerror or error}"
                items.append(_broken(file, Problem("unreadable", reason)))
            except Exception as error:  # noqa: BLE001 - broken files fail in many ways
                reason = f"broken {self.name} file: {type(error).__name__}: {error}"
                items.append(_broken(file, Problem("unreadable", reason)))
        return Listing(tuple(items))

    def read(self, item: Item) -> Raw:
        """Read one object's entry of each input."""
        layout = self._layouts[item.files[0]]
        with self._lock, quiet():
            return Raw(
                {
                    name: self.get(item.files[0], key, item.index)
                    for name, key in layout.keys.items()
                }
            )

    def _items_of(self, file: Path) -> list[Item]:
        headers = self.headers(file)
        layout = _layout(headers, self.request.specs, self.request.id_key)
        self._layouts[file] = layout
        ids = self._ids_of(file, headers, layout)
        if layout.count is None:
            return [Item(id=ids[0], source=str(file), files=(file,))]
        if not layout.count:
            raise InputError(f"the {self.name} file holds no object (n = 0).", flag="empty")
        return [
            Item(id=identity, source=f"{file}[{index}]", files=(file,), index=index)
            for index, identity in enumerate(ids)
        ]

    def _ids_of(self, file: Path, headers: Mapping[str, Header], layout: _Layout) -> list[str]:
        key, count = self.request.id_key, layout.count
        if key not in headers:
            return [file.stem] if count is None else [f"{file.stem}-{i}" for i in range(count)]
        _refuse_objects(headers, key)
        shape = headers[key].shape
        if shape != (1 if count is None else count,) and not (shape == () and count is None):
            raise InputError(
                f"{key!r} has the shape {shape} where there are {count or 1} objects.",
                flag="wrong-length",
            )
        return self.ids(file, key)


class NpzReader(ArrayReader):
    """NumPy archives. The arrays of the file in use are held in memory.

    Arrays of Python objects are pickles, which can run any code when read: they are
    refused.
    """

    name = "npz"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._held: tuple[Path, dict[str, np.ndarray]] | None = None

    def close(self) -> None:
        """Forget the arrays in memory."""
        self._held = None

    def headers(self, file: Path) -> dict[str, Header]:
        """Read the headers of an archive's members."""
        import zipfile

        from numpy.lib import format as npy

        found = {}
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise InputError(f"this is not an npz file, or it is cut off: {error}.") from error
        with archive:
            for member in archive.namelist():
                if not member.endswith(".npy"):
                    continue
                with archive.open(member) as stream:
                    version = npy.read_magic(stream)
                    read = npy.read_array_header_1_0
                    if version != (1, 0):
                        read = npy.read_array_header_2_0
                    shape, _, dtype = read(stream)
                found[member.removesuffix(".npy")] = Header(shape, dtype)
        return found

    def get(self, file: Path, key: str, index: int | None) -> np.ndarray:
        """Look an entry up in the held arrays."""
        array = self._array(file, key)
        return array if index is None else array[index]

    def ids(self, file: Path, key: str) -> list[str]:
        """Ids as text."""
        import numpy as np

        with np.load(file, allow_pickle=False) as archive:
            return _texts(archive[key])

    def _array(self, file: Path, key: str) -> np.ndarray:
        import numpy as np

        if self._held is None or self._held[0] != file:
            self._held = (file, {})
        arrays = self._held[1]
        if key not in arrays:
            with np.load(file, allow_pickle=False) as archive:
                arrays[key] = archive[key]
        return arrays[key]


class HdfReader(ArrayReader):
    """HDF5 files with the arrays as data sets at the top; entries are read one by one."""

    name = "HDF5"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._open: tuple[Path, int, Any] | None = None

    def close(self) -> None:
        """Close the file that is kept open."""
        with self._lock:
            if self._open is not None:
                self._open[2].close()
            self._open = None

    def __del__(self) -> None:
        with suppress(Exception):  # at exit h5py may be gone already
            self.close()

    def headers(self, file: Path) -> dict[str, Header]:
        """Shapes of the data sets at the top of a file."""
        import h5py

        with h5py.File(file, "r") as store:
            return {
                key: Header(value.shape, value.dtype)
                for key, value in store.items()
                if isinstance(value, h5py.Dataset) and value.shape is not None
            }

    def get(self, file: Path, key: str, index: int | None) -> np.ndarray:
        """Read one entry."""
        array: np.ndarray = self._store(file)[key][() if index is None else index]
        return array

    def ids(self, file: Path, key: str) -> list[str]:
        """Ids as text."""
        import h5py

        with h5py.File(file, "r") as store:
            values = store[key]
            is_text = h5py.check_string_dtype(values.dtype) is not None
            return _texts(values.asstr()[()] if is_text else values[()])

    def _store(self, file: Path) -> Any:
        """The file, kept open between reads; a forked process opens its own."""
        import os

        import h5py

        if self._open is None or self._open[:2] != (file, os.getpid()):
            if self._open is not None and self._open[1] == os.getpid():
                self._open[2].close()
            self._open = (file, os.getpid(), h5py.File(file, "r"))
        return self._open[2]


def _layout(
    headers: Mapping[str, Header], specs: tuple[InputSpec, ...], id_key: str
) -> _Layout:
    """Find each input's array and see how many objects the arrays hold."""
    arrays = {key: header for key, header in headers.items() if key != id_key}
    keys, counts = {}, {}
    for spec in specs:
        key = _key(arrays, spec, alone=len(specs) == 1)
        keys[spec.name] = key
        counts[key] = _entries(arrays[key].shape, spec)
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{key}: {count or 1}" for key, count in counts.items())
        raise InputError(
            f"the inputs hold different numbers of objects ({told}).", flag="wrong-length"
        )
    return _Layout(keys, next(iter(counts.values())))


def _key(arrays: Mapping[str, Header], spec: InputSpec, *, alone: bool) -> str:
    key = spec.name
    if key not in arrays and alone:
        axes = len(spec.size)
        fitting = [k for k, header in arrays.items() if len(header.shape) > axes]
        fitting = fitting or [k for k, header in arrays.items() if len(header.shape) == axes]
        key = fitting[0] if len(fitting) == 1 else key
    if key not in arrays:
        raise InputError(
            f"there is no array {spec.name!r}, the name of the model's input; found "
            f"{', '.join(map(repr, arrays)) or 'nothing'}.",
            flag="missing-input",
        )
    _refuse_objects(arrays, key)
    return key


def _refuse_objects(arrays: Mapping[str, Header], key: str) -> None:
    dtype = arrays[key].dtype
    # Text in HDF5 is of type object too, with its kind in the metadata.
    if dtype.kind == "O" and not dtype.metadata:
        raise InputError(
            f"the array {key!r} holds Python objects; such files can run code when read and "
            "are refused. Save it as numbers or text.",
            flag="refused",
        )


def _entries(shape: tuple[int, ...], spec: InputSpec) -> int | None:
    """The number of objects in an array; None if it is the array of one object."""
    axes = len(spec.size)
    if len(shape) == axes + 2:
        return shape[0]
    if len(shape) == axes + 1 and len(spec.bands) == 1 and shape[0] != 1:
        return shape[0]
    return None


def _broken(file: Path, problem: Problem) -> Item:
    return Item(id=file.stem, source=str(file), files=(file,), problem=problem)


def _texts(values: np.ndarray) -> list[str]:
    import numpy as np

    flat = np.atleast_1d(values)
    if flat.dtype.kind == "S":
        flat = np.char.decode(flat, "utf-8", "replace")
    return [str(value) for value in flat.tolist()]
