"""Weights that lie elsewhere than their card: the ordered sources that the card names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import CardError, PlaceError
from ._reference import parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def fetch_from_sources(sources: Sequence[str], file: str, *, again: bool = False) -> Path:
    """Fetch a file from the first source that gives it; the caller verifies it.

    Parameters
    ----------
    sources : sequence of str
        ``hf://org/name`` or ``hf://org/name@revision``, in order.
    file : str
        Name of the file in each of them.
    again : bool
        Fetch it although it is in the cache: it was found damaged.

    Raises
    ------
    PlaceError
        No source gave it; says of each why.
    CardError
        A source is written in a way that is not known.
    """
    from ._hub import fetch_file

    problems = []
    for source in sources:
        scheme = split_scheme(source)
        if scheme is None or scheme[0] != "hf":
            raise CardError(f"the source {source!r} is not written hf://org/name@revision.")
        try:
            return fetch_file(parse_hub_reference(scheme[1]), file, again=again)
        except PlaceError as error:
            problems.append(str(error))
    raise PlaceError("\n".join(problems))
