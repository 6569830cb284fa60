"""A model folder whose members are models that were trained already."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..cards import SCHEMA
from ..errors import OutputError, UsageError
from ._build import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from .._zoo import Zoo
    from ..cards import Card
    from ..registry import ModelFolder

_FEWEST = 2

#: What all members must have alike, with what it is called to people.
_ALIKE = {
    "task": "tasks",
    "inputs": "inputs or preprocessing",
    "views": "views",
}


def combine(
    zoo: Zoo,
    names: Sequence[str],
    folder: Path,
    *,
    summary: str = "",
    overwrite: bool = False,
) -> None:
    """Write an ensemble of models: one folder with all their weights and calibrations.

    Parameters
    ----------
    zoo : Zoo
        Finds the models.
    names : sequence of str
        Two models or more, of one task and with the same inputs and preprocessing.
    folder : pathlib.Path
        To write; its last part is the name of the ensemble.
    summary : str
        Of the card.
    overwrite : bool
        Replace a folder that is there.

    Raises
    ------
    UsageError
        Fewer than two different models, models that do not go together, or a task whose
        predictions cannot be averaged.
    OutputError
        The folder is there already.
    """
    from ..models import finish_folder, replacing_folder

    if folder.exists() and not overwrite:
        raise OutputError(
            f"{folder} is there already; choose another name, or give --overwrite."
        )
    members = [zoo.reach(name) for name in names]
    _check(members)
    card = _card([member.card for member in members], folder.name, summary)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with replacing_folder(folder) as fresh:
        _write(zoo, members, card, fresh)
        finish_folder(fresh, card)


def _write(zoo: Zoo, members: Sequence[ModelFolder], card: dict[str, Any], fresh: Path) -> None:
    """Weights and golden file of the ensemble, described on the card."""
    from ..models import load_network, open_unfinished, store_weights, write_golden
    from ._network import join_networks

    networks = [load_network(zoo, member)[0] for member in members]
    card["weights"].update(store_weights(join_networks(networks), fresh))
    model = open_unfinished(zoo, fresh, card)
    _check_pooling(model.task)
    write_golden(model, _raw(members[0]), card)


def _check(members: Sequence[ModelFolder]) -> None:
    names = [member.card.name for member in members]
    hashes = {member.card.weights.ref.sha256 for member in members}
    if len(members) < _FEWEST or len(hashes) < len(members):
        raise UsageError(
            f"an ensemble needs two or more models with weights of their own; got {names}."
        )
    cards = [json.loads(json.dumps(_compared(member))) for member in members]
    for member, card in zip(members, cards, strict=True):
        if member.card.architecture.name == ENSEMBLE:
            raise UsageError(
                f"{member.card.name} is an ensemble itself; name its members instead."
            )
        for key, told in _ALIKE.items():
            if card[key] != cards[0][key]:
                raise UsageError(
                    f"{names[0]} and {member.card.name} have different {told}, so one input "
                    "cannot serve both: compare 'zoo info' of the two."
                )


def _compared(member: ModelFolder) -> dict[str, Any]:
    card = member.card
    return {
        "task": card.task.to_json(),
        "inputs": [
            {**asdict(spec), "preprocessing": card.preprocessing[spec.name].to_json()}
            for spec in card.inputs
        ],
        "views": card.views,
    }


def _check_pooling(task: Any) -> None:
    """Raise UsageError now if the task's predictions cannot be averaged."""
    import torch

    zeros = torch.zeros(1, task.num_outputs)
    task.decode([zeros] * len(task.members))


def _card(members: Sequence[Card], name: str, summary: str) -> dict[str, Any]:
    from ..models import NO_GOLDEN

    first = members[0]
    task = first.task.to_json()
    task["arguments"] = {**task.get("arguments", {}), "members": len(members)}
    task["calibration"] = {
        f"{place}.{key}": value
        for place, member in enumerate(members)
        for key, value in member.task.calibration.items()
    }
    told = ", ".join(f"{member.name} {member.version}" for member in members)
    return {
        "schema": SCHEMA,
        "name": name,
        "version": "1.0.0",
        "summary": summary or f"Ensemble of {told}",
        "plugin": first.plugin,
        "architecture": {
            "name": ENSEMBLE,
            "arguments": {"members": [_entry(member) for member in members]},
        },
        "task": task,
        "inputs": [
            {**asdict(spec), "preprocessing": first.preprocessing[spec.name].to_json()}
            for spec in first.inputs
        ],
        "weights": {"license": _only(m.weights.license for m in members), "sources": []},
        "head_keys": [
            f"members.{place}.{key}"
            for place, member in enumerate(members)
            for key in member.head_keys
        ],
        "trained_on": _distinct(
            asdict(data) for member in members for data in member.trained_on
        ),
        "parent": "; ".join(
            f"{member.name} {member.version}, sha256 {member.weights.ref.sha256}"
            for member in members
        ),
        "views": first.views,
        "metrics": [],
        "measured_with": None,
        "golden": dict(NO_GOLDEN),
        "citation": _distinct(text for member in members for text in member.citation),
        "limits": _distinct(text for member in members for text in member.limits),
        "figures": {},
    }


def _entry(card: Card) -> dict[str, Any]:
    return {
        "model": f"{card.name} {card.version}",
        "name": card.architecture.name,
        "arguments": dict(card.architecture.arguments),
    }


def _distinct(items: Any) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept


def _only(licenses: Any) -> str:
    """One licence expression that names each of the members' once."""
    return " AND ".join(_distinct(licenses))


def _raw(member: ModelFolder) -> dict[str, torch.Tensor]:
    """The inputs of the first member's golden file, or random ones of the card's shapes."""
    from ..models import random_inputs
    from ..weights import parse_tensors

    golden = member.card.golden
    if golden is None:
        return random_inputs(_compared(member)["inputs"])
    tensors = parse_tensors(member.read(golden.ref), origin=golden.ref.file)
    return {
        name.removeprefix("input."): values
        for name, values in tensors.items()
        if name.startswith("input.")
    }
