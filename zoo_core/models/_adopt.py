"""A model folder for weights that come as a bare file."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError
from ..weights import load_tensors, parse_tensors
from ._write import (
    GOLDEN_OBJECTS,
    NO_GOLDEN,
    finish_folder,
    open_unfinished,
    replacing_folder,
    store_weights,
    write_golden,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import torch

    from .._zoo import Zoo
    from ..weights import LoadReport

#: Raw values of the golden input lie between 0 and this.
_RANGE = 255.0

#: Pixels along an axis of the golden input where the card allows any.
_PIXELS = 64


def adopt(
    zoo: Zoo,
    name: str,
    file: Path,
    folder: Path,
    *,
    arguments: Mapping[str, Any] | None = None,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    license: str | None = None,
) -> LoadReport:
    """Write a model folder that has the card of a model and the weights of a file.

    Parameters
    ----------
    zoo : Zoo
        Finds the model and builds its network.
    name : str
        The model whose card says what the network is and takes.
    file : pathlib.Path
        Safetensors with the tensors of that network; those of the card's head may be there
        or not.
    folder : pathlib.Path
        To write; its last part is the name of the new model.
    arguments : mapping of str
        Arguments of the architecture that differ.
    mean, std : sequence of float
        Numbers of the normalisation that differ; one, or one a band.
    license : str, optional
        Of the weights, where it is not the card's.

    Returns
    -------
    LoadReport
        What the network took of the file.

    Raises
    ------
    OutputError
        The folder is there already, or the file cannot be read.
    WeightsCorrupt, WeightsMismatch
        The file is no safetensors, or does not fit.
    """
    if folder.exists():
        raise OutputError(f"{folder} is there already; choose another folder.")
    found = zoo.find(name)
    card = copy.deepcopy(found.card_as_json())
    try:
        data = file.read_bytes()
    except OSError as error:
        raise OutputError(f"{file} cannot be read ({error.strerror}).") from error
    card["name"] = folder.name
    card["architecture"]["arguments"].update(arguments or {})
    made = card["architecture"]
    network = zoo.build(made["name"], **made["arguments"])
    tensors = parse_tensors(data, origin=str(file))
    report = load_tensors(network, tensors, may_be_left_out=card["head_keys"])
    if mean or std:
        _renormalise(card, mean, std)
    card["summary"] = f"{found.card.name} with the weights of {file.name}"
    card["parent"] = f"{file.name}, sha256 {hashlib.sha256(data).hexdigest()}"
    card["metrics"], card["figures"], card["measured_with"] = [], {}, None
    card["trained_on"], card["comparisons"] = [], []
    card["limits"] = [
        f"The weights come from {file.name}; what they were trained on is not known here.",
        *found.card.limits,
    ]
    card["golden"] = dict(NO_GOLDEN)
    with replacing_folder(folder) as fresh:
        weights = store_weights(network, fresh)
        card["weights"].update(weights, sources=[])
        if license is not None:
            card["weights"]["license"] = license
        write_golden(open_unfinished(zoo, fresh, card), random_inputs(card["inputs"]), card)
        finish_folder(fresh, card)
    return report


def _renormalise(card: dict[str, Any], mean: Sequence[float], std: Sequence[float]) -> None:
    for entry in card["inputs"]:
        bands = len(entry["bands"])
        steps = [step for step in entry["preprocessing"] if step["op"] == "normalize"]
        if len(steps) != 1:
            raise UsageError("the card has no single normalisation whose numbers could differ.")
        for key, values in (("mean", mean), ("std", std)):
            if values and len(values) not in (1, bands):
                raise UsageError(f"{key} takes 1 or {bands} numbers, got {len(values)}.")
            if values:
                steps[0][key] = list(values) * (bands // len(values))


def random_inputs(specs: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
    """Random values for each input of a card, of its shape where that is fixed."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return {
        entry["name"]: _RANGE
        * torch.rand(
            GOLDEN_OBJECTS // 4,
            len(entry["bands"]),
            *(length or _PIXELS for length in entry.get("size", [])),
            generator=generator,
        )
        for entry in specs
    }
