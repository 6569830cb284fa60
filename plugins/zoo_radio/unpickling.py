"""Opens pickles that hold arrays and plain values, and runs nothing that stands in them.

A pickle is a program: it names functions and calls them. This reader knows the names by which
numpy's arrays are made, and calls functions of its own in their place, which check what they
get. Not even numpy's are called: what they are given here they trust, and a crafted array type
brings down Python.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from typing import BinaryIO

#: Numbers and truth values; no objects, no structures.
_NUMBERS = re.compile(r"[|<>=]?(b1|[iu][1248]|f[248])")


class _Type:
    """In place of numpy's dtype."""

    def __init__(self, code: object, *_: object):
        if isinstance(code, bytes):
            code = code.decode("ascii", "replace")
        if not isinstance(code, str) or not _NUMBERS.fullmatch(code):
            raise pickle.UnpicklingError(f"it holds an array of {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        order = order.decode("ascii", "replace") if isinstance(order, bytes) else order
        if order == ">":
            self.dtype = self.dtype.newbyteorder(">")
        elif order not in ("|", "<", "="):
            raise pickle.UnpicklingError(f"it holds an array with the byte order {order!r}")


class _Array:
    """In place of numpy's arrays, which get their values after they are made."""

    array: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, is_fortran, content = state
        if not isinstance(shape, tuple) or not all(
            isinstance(length, int) and length >= 0 for length in shape
        ):
            raise pickle.UnpicklingError(f"it holds an array of the shape {shape!r}")
        if not isinstance(kind, _Type) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("it holds an array of something that is no number")
        if len(content) != math.prod(shape) * kind.dtype.itemsize:
            raise pickle.UnpicklingError(
                f"it holds an array of {len(content)} bytes where {shape} are told"
            )
        order = "F" if is_fortran else "C"
        self.array = np.frombuffer(content, kind.dtype).reshape(shape, order=order)  # type: ignore[call-overload]


def _made(*_: object) -> _Array:
    """In place of what makes an empty array."""
    return _Array()


def _number(kind: object, content: object) -> Any:
    """In place of what makes a number of numpy's: one of Python's."""
    if not isinstance(kind, _Type) or not isinstance(content, bytes):
        raise pickle.UnpicklingError("it holds a scalar of something that is no number")
    if len(content) != kind.dtype.itemsize:
        raise pickle.UnpicklingError(f"it holds a number of {len(content)} bytes")
    return np.frombuffer(content, kind.dtype)[0].item()


def _bytes_of(text: object, encoding: object) -> bytes:
    """In place of a call of any codec: bytes, as old protocols write them."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the codec {encoding!r}")
    return text.encode("latin1")


#: What makes an array of a pickle, in numpy's modules of now and of old.
_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _made,
    ("numpy._core.multiarray", "_reconstruct"): _made,
    ("numpy.core.multiarray", "scalar"): _number,
    ("numpy._core.multiarray", "scalar"): _number,
    ("_codecs", "encode"): _bytes_of,
}

#: What goes wrong with a file that is damaged or no pickle.
_DAMAGE = (
    EOFError, ValueError, LookupError, AttributeError, TypeError, MemoryError, OverflowError,
    AssertionError, RecursionError, struct.error,
)  # fmt: skip


class _Reader(pickle._Unpickler):
    """The unpickler that is written in Python: damaged files do not upset its memory."""

    def find_class(self, module: str, name: str) -> Any:
        """Give the stand-in of a name; no other name is looked up at all."""
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _STAND_INS[module, name]


def load_plain(file: BinaryIO) -> Any:
    """What a pickle holds, if that is a plain value or a dictionary of such and of arrays.

    Texts of Python 2 come out as bytes.

    Parameters
    ----------
    file : binary file
        As ``open(path, "rb")`` gives it.

    Raises
    ------
    pickle.UnpicklingError
        It holds or asks for something else, or is damaged; the message begins with "it".
    """
    try:
        found = _Reader(file, encoding="bytes").load()
        if isinstance(found, dict):
            return {key: _bare(value) for key, value in found.items()}
        return _bare(found)
    except _DAMAGE as error:
        raise pickle.UnpicklingError(f"it is damaged or no pickle ({error})") from error


def _bare(value: Any) -> Any:
    """An array of its stand-in."""
    return value.array if isinstance(value, _Array) else value
