"""Looking things up in a FITS header that may be broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def value_of(header: Mapping[str, object], key: str) -> object:
    """The value of a keyword; None where there is none or its card cannot be read.

    >>> value_of({"FILTER": "r"}, "FILTER"), value_of({}, "FILTER")
    ('r', None)
    """
    try:
        return header.get(key)
    except Exception:  # noqa: BLE001 - astropy reads a card here, and any card may be broken
        return None
