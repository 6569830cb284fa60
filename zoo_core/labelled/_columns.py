"""Columns of labels, groups and parts, however they are stored, as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

#: Texts that programs write for a value that is not there.
_MISSING = frozenset({"", "nan", "<na>"})

#: How the parts are called, by us and by others.
PARTS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def pick_column(columns: Mapping[str, Any], name: str, *, option: str, where: str) -> Any:
    """A column by its name.

    Raises
    ------
    InputError
        There is no such column: the message lists those there are, and the nearest names.
    """
    if name not in columns:
        from difflib import get_close_matches

        there = listed([repr(column) for column in columns], most=30) or "none"
        near = get_close_matches(name, list(columns), n=3, cutoff=0.55)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise InputError(
            f"{where} has no {name!r}; it has {there}. {option} NAME chooses one of them.{hint}"
        )
    return columns[name]


def check_shape(values: np.ndarray, *, where: str) -> np.ndarray:
    """Values ``(n,)``; a second axis of length one is dropped.

    Raises
    ------
    InputError
        There is more than one value an object.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1:
        return values
    hint = ""
    if values.ndim == 2:
        hint = " If each row has a 1 for its class (one-hot), store numpy.argmax(rows, axis=1)."
    raise InputError(
        f"{where} has the shape {values.shape}; it must hold one value an object.{hint}"
    )


def read_texts(values: np.ndarray, *, where: str) -> list[str | None]:
    """Values ``(n,)`` as they are written: ``3`` for 3 and 3.0, None where nothing is.

    Blanks around a text are kept, so that they can be told about.

    Raises
    ------
    InputError
        The values are neither numbers nor texts.
    """
    if values.dtype.kind not in "biufSUO":
        raise InputError(f"{where} holds {values.dtype}, neither whole numbers nor texts.")
    return [_text(value) for value in values.tolist()]


def has_fractions(values: np.ndarray) -> bool:
    """Whether any of the values is a finite number that is not whole."""
    import numpy as np

    if values.dtype.kind != "f":
        return False
    finite = values[np.isfinite(values)]
    return bool((finite != np.floor(finite)).any())


def read_groups(
    values: np.ndarray | None, rows: Sequence[int], *, where: str
) -> tuple[str, ...] | None:
    """The groups of the rows.

    Raises
    ------
    InputError
        A row has none.
    """
    if values is None:
        return None
    texts = read_texts(values, where=where)
    refuse_missing(texts, rows, what="group", where=where)
    return tuple(str(texts[row]).strip() for row in rows)


def read_splits(
    values: np.ndarray | None, rows: Sequence[int], *, where: str
) -> tuple[str, ...] | None:
    """The parts of the rows: ``train``, ``validation`` or ``test``.

    Raises
    ------
    InputError
        A row has none, or another word.
    """
    if values is None:
        return None
    texts = read_texts(values, where=where)
    refuse_missing(texts, rows, what="part", where=where)
    words = [str(texts[row]).strip() for row in rows]
    unknown = sorted({word for word in words if word.lower() not in PARTS})
    if unknown:
        count = sum(word in unknown for word in words)
        raise InputError(
            f"{where} says {listed([repr(word) for word in unknown])} in "
            f"{counted(count, 'row')}; a part is train, validation or test."
        )
    return tuple(PARTS[word.lower()] for word in words)


def refuse_missing(
    texts: Sequence[str | None], rows: Sequence[int], *, what: str, where: str, hint: str = ""
) -> None:
    """Raise InputError if any of the rows has no text."""
    missing = [row for row in rows if texts[row] is None]
    if missing:
        raise InputError(
            f"{where} is empty or NaN in {len(missing)} of {counted(len(rows), 'row')} "
            f"(counted from 0: {listed(missing)}). Give each a {what}, or leave the rows "
            f"out{hint}."
        )


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float):
        # Infinity is no label either.
        if value != value or value in (float("inf"), float("-inf")):
            return None
        value = int(value) if value.is_integer() else value
    text = "" if value is None else str(value)
    return None if text.strip().lower() in _MISSING else text
