"""Typed access to parsed JSON or TOML, with errors that name the place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..errors import CardError, ZooError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUIRED: Any = object()


class Fields:
    """A JSON object being taken apart: every field is asked for by name and type.

    Parameters
    ----------
    data : mapping
        The parsed object.
    where : str
        Its place, such as ``config.json: weights``; starts every error message.
    error : type
        The error to raise.
    """

    def __init__(self, data: Any, where: str, error: type[ZooError] = CardError):
        if not isinstance(data, dict):
            raise error(f"{where}: must be an object, is {_short(data)}.")
        self.data: Mapping[str, Any] = data
        self.where = where
        self.error = error
        self.asked: set[str] = set()
        self._inner: dict[str, Fields] = {}

    def _get(self, key: str, kind: type | tuple[type, ...], name: str, default: Any) -> Any:
        self.asked.add(key)
        value = self.data.get(key)
        if value is None:
            if default is _REQUIRED:
                raise self.error(f"{self.where}: the field {key!r} is missing ({name}).")
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(f"{self.where}: {key!r} must be {name}, is {_short(value)}.")
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        """A string."""
        return self._get(key, str, "a text", default)

    def integer(self, key: str, default: Any = _REQUIRED, *, least: int | None = None) -> Any:
        """A whole number, at least ``least``."""
        value = self._get(key, int, "a whole number", default)
        self._check_least(key, value, least)
        return value

    def number(self, key: str, default: Any = _REQUIRED, *, least: float | None = None) -> Any:
        """A finite number, at least ``least``, as float."""
        value = self._get(key, (int, float), "a number", default)
        if not isinstance(value, int | float):
            return value
        if not abs(value) <= sys.float_info.max:
            raise self.error(f"{self.where}: {key!r} must be finite, is {_short(value)}.")
        self._check_least(key, value, least)
        return float(value)

    def _check_least(self, key: str, value: float | None, least: float | None) -> None:
        if value is not None and least is not None and value < least:
            raise self.error(
                f"{self.where}: {key!r} must be at least {least}, is {_short(value)}."
            )

    def items(self, key: str, default: Any = _REQUIRED) -> Any:
        """A list."""
        return self._get(key, list, "a list", default)

    def texts(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        """A list of strings, as a tuple."""
        values = self._get(key, list, "a list of texts", default)
        if not all(isinstance(value, str) for value in values):
            raise self.error(f"{self.where}: {key!r} must be a list of texts.")
        return tuple(values)

    def object(self, key: str, default: Any = _REQUIRED) -> Any:
        """An object, unparsed."""
        return self._get(key, dict, "an object", default)

    def fields(self, key: str) -> Fields:
        """A required object, to be taken apart in turn."""
        return self._open(key, self.object(key))

    def optional_fields(self, key: str) -> Fields | None:
        """The same for an object that may be absent."""
        value = self.object(key, None)
        return None if value is None else self._open(key, value)

    def each(self, key: str, default: Any = _REQUIRED) -> list[Fields]:
        """A list of objects, each to be taken apart."""
        values = self.items(key, default)
        return [self._open(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def everything(self) -> Mapping[str, Any]:
        """All fields as they are, for an object whose names are checked elsewhere."""
        self.asked.update(self.data)
        return self.data

    def unknown(self) -> tuple[str, ...]:
        """Fields that nobody asked for, such as ``colour`` or ``weights.colour``."""
        names = [name for name in self.data if name not in self.asked]
        for place, fields in self._inner.items():
            names += [f"{place}.{name}" for name in fields.unknown()]
        return tuple(sorted(names))

    def _open(self, place: str, value: Any) -> Fields:
        fields = Fields(value, f"{self.where}: {place}", self.error)
        self._inner[place] = fields
        return fields


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
