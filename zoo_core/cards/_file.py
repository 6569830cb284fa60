"""The file that a card lies in, and the few of its fields that a list of models needs.

A list is read far more often than a model is used, so this stays clear of the whole card
with its many dataclasses.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ..errors import CardError
from ._fields import Fields

if TYPE_CHECKING:
    from pathlib import Path

CARD_FILE = "config.json"

#: The version of the card format that this code writes and reads.
SCHEMA = 1

#: A card longer than this was not written by people or by the zoo.
LARGEST_CARD = 2_000_000


class CardSummary(NamedTuple):
    """What a list says about a model; ``size`` of the weights in bytes, None if not known."""

    name: str
    version: str
    summary: str
    plugin: str
    task: str
    kind: str
    parameters: int
    weights_file: str
    size: int | None
    license: str


def read_summary(folder: Path) -> CardSummary:
    """Read what a list needs from the card of a model folder, and check no more.

    Raises
    ------
    CardError
        As ``read_card``.
    """
    top = open_card(read_json(folder), where=str(folder / CARD_FILE))
    task, weights = top.fields("task"), top.fields("weights")
    return CardSummary(
        name=check_name(top.text("name"), where=top.where),
        version=top.text("version"),
        summary=top.text("summary"),
        plugin=top.text("plugin"),
        task=task.text("name"),
        kind=task.text("kind"),
        parameters=weights.integer("num_parameters"),
        weights_file=weights.text("file"),
        size=weights.integer("size", None),
        license=weights.text("license"),
    )


def read_json(folder: Path) -> Any:
    """Parse the card of a model folder.

    Raises
    ------
    CardError
        There is none, it is too large or too deep, or no JSON.
    """
    path = folder / CARD_FILE
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_CARD + 1)
    except FileNotFoundError:
        raise CardError(f"{folder}: no {CARD_FILE} here, so this is no model folder.") from None
    except OSError as error:
        raise CardError(f"{path}: cannot be read ({error.strerror}).") from error
    return parse_json(data, where=str(path))


def parse_json(data: bytes, *, where: str) -> Any:
    """Parse the bytes of a card.

    Raises
    ------
    CardError
        They are too many, too deep, or no JSON.
    """
    if len(data) > LARGEST_CARD:
        raise CardError(f"{where}: larger than {LARGEST_CARD} bytes; not a card.")
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except RecursionError as error:
        raise CardError(f"{where}: nested too deeply; not a card.") from error
    except ValueError as error:
        raise CardError(f"{where}: cannot be read as JSON ({error}).") from error


def open_card(data: Any, *, where: str) -> Fields:
    """Begin to take a parsed card apart: it must be an object of a format we know.

    Raises
    ------
    CardError
        It is not.
    """
    top = Fields(data, where)
    schema = top.integer("schema")
    if not 1 <= schema <= SCHEMA:
        raise CardError(
            f"{where}: written for card format {schema}, this astrozoo reads 1 to {SCHEMA}. "
            "Install a newer astrozoo."
        )
    return top


def check_name(name: str, *, where: str) -> str:
    """Return a legal model name or raise ``CardError``."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name):
        raise CardError(
            f"{where}: {name!r} is no legal model name: use small letters, digits, '-', '_' "
            "and '.', beginning with a letter or digit."
        )
    return name


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number that JSON allows")
