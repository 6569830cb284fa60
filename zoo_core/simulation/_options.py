"""Options of a simulator as the command line takes them: ``KEY=VALUE``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def format_options(options: Mapping[str, Any]) -> list[str]:
    """One ``KEY=VALUE`` an option; ``parse_options`` gives the options back.

    Parameters
    ----------
    options : mapping of str to what JSON can hold
        Keyword arguments of a simulator, as a recipe names them.

    Examples
    --------
    >>> format_options({"seeing": 0.7, "bands": ["g", "r"], "survey": "lsst", "year": "1"})
    ['seeing=0.7', 'bands=["g", "r"]', 'survey=lsst', 'year="1"']
    """
    return [f"{key}={_text(value)}" for key, value in options.items()]


def parse_options(texts: Iterable[str]) -> dict[str, Any]:
    """Options from ``KEY=VALUE``: a value is JSON, or else a text.

    Raises
    ------
    UsageError
        A text without a key or without ``=``, or a key that comes twice.

    Examples
    --------
    >>> parse_options(["seeing=0.7", "survey=lsst"])
    {'seeing': 0.7, 'survey': 'lsst'}
    """
    options: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not key or not sign:
            raise UsageError(
                f"an option is written KEY=VALUE, such as seeing=0.7; got {text!r}."
            )
        if key in options:
            raise UsageError(f"the option {key!r} is given twice.")
        options[key] = _value(value)
    return options


def _text(value: Any) -> str:
    if isinstance(value, str) and _value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
