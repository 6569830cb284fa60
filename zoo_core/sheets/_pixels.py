"""The pixels of a few rows, read again from where they came."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError, ZooError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from ..cards import Card, InputSpec
    from ..data import Inputs
    from ..survey import Cutouts
    from ..tables import PredictionTable


def image_spec(card: Card) -> InputSpec:
    """The first input of a model that is an image.

    Raises
    ------
    UsageError
        It has none.
    """
    for spec in card.inputs:
        if spec.kind == "image":
            return spec
    told = ", ".join(f"{spec.name} ({spec.kind})" for spec in card.inputs)
    raise UsageError(f"a sheet shows images, and {card.name} takes {told}.")


def pixels_of_inputs(inputs: Inputs, rows: Iterable[int], name: str) -> list[np.ndarray | None]:
    """One input ``(band, y, x)`` of some samples; None where it cannot be read any more."""
    with inputs:
        return [inputs[int(row)].arrays.get(name) for row in rows]


def pixels_of_sources(
    sources: Sequence[str], card: Card, *, accept_bands: Sequence[str] = ()
) -> list[np.ndarray | None]:
    """The image of each source that a table of predictions names.

    Parameters
    ----------
    sources : sequence of str
        As ``Sample.source``: paths, with an index or an extension, several joined by ``+``.
    card : Card
        Of the model that they were read for.
    accept_bands : sequence of str
        As ``open_inputs`` takes them.

    Returns
    -------
    list of numpy.ndarray or None
        ``(band, y, x)``; None where nothing is there any more, or something else.
    """
    from ..data import open_inputs

    spec = image_spec(card)
    files = {source: _files(source) for source in sources}
    wanted = dict.fromkeys(path for paths in files.values() for path in paths)
    found: dict[str, np.ndarray] = {}
    if wanted:
        try:
            inputs = open_inputs(
                list(wanted), card.inputs, fit="crop", accept_bands=accept_bands
            )
        except ZooError:
            return [None] * len(sources)
        with inputs:
            for index, source in enumerate(inputs.sources):
                if source in files and source not in found:
                    arrays = inputs[index].arrays
                    found |= {source: arrays[spec.name]} if arrays else {}
    return [found.get(source) for source in sources]


def pixels_on_tiles(table: PredictionTable, cutouts: Cutouts) -> list[np.ndarray | None]:
    """The cutout of each row ``(band, y, x)`` around its ``ra`` and ``dec``.

    Raises
    ------
    InputError
        The table has no positions.
    """
    if "ra" not in table or "dec" not in table:
        raise InputError(
            "the table has neither files (source) nor positions (ra, dec) to make pictures of."
        )
    return cutouts.pixels(table["ra"], table["dec"])


def _files(source: str) -> list[Path]:
    """The files of a source that are there; a name may itself hold a plus."""
    whole = Path(source)
    if whole.is_file():
        return [whole]
    bare = re.sub(r"\[[^\[\]]*\]$", "", source)
    if bare != source and Path(bare).is_file():
        return [Path(bare)]
    parts = source.split("+")
    for count in range(1, len(parts)):
        head, tail = Path("+".join(parts[:count])), "+".join(parts[count:])
        rest = _files(tail) if head.is_file() else []
        if rest:
            return [head, *rest]
    return []
