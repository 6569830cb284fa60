"""The place ``timm:``: timm's weights, and any repository of the Hub that timm wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zoo_core.cards import CARD_FILE, Fields, parse_card, parse_json
from zoo_core.errors import CardError, PlaceError, unknown_name
from zoo_core.places import Place, parse_hub_reference, read_recorded
from zoo_core.registry import ModelFolder

from .architectures import check_name
from .cards import Backbone, head_keys, spdx

if TYPE_CHECKING:
    from zoo_core.places import HubReference


class TimmPlace(Place):
    """Backbones with the weights that timm knows, or that a repository in its format holds.

    ``timm:resnet18`` and ``timm:resnet18.a1_in1k`` are timm's own names; the first means
    the weights that timm would take. ``timm:org/name`` and ``timm:org/name@revision`` are
    repositories of the Hub with a ``config.json`` as timm writes it. The network is used
    without its head: the task is ``features``.
    """

    scheme: ClassVar[str] = "timm"

    def find(self, rest: str, *, accept: bool = False) -> ModelFolder:
        """A model folder whose card is made from what timm or the repository says.

        Raises
        ------
        UnknownName
            timm has no such network or no such weights.
        PlaceError
            The weights are not on the Hub, or the repository cannot be reached.
        CardError
            The repository is not in timm's format.
        """
        backbone = _of_repository(rest, accept=accept) if "/" in rest else of_timm(rest)
        made = backbone.card()
        where = f"{self.scheme}:{rest}"
        found = ModelFolder(where, Path(where), parse_card(made, where=where), made=made)
        return found.pinned(accept=True) if accept else found


def of_timm(name: str) -> Backbone:
    """What timm says of weights that it knows."""
    from timm.models import get_pretrained_cfg, list_pretrained

    check_name(name)
    try:
        told: Any = get_pretrained_cfg(name)
    except RuntimeError:
        told = None
    if told is None or not (told.has_weights or told.hf_hub_id):
        raise unknown_name("weights of timm", name, list_pretrained())
    if not told.hf_hub_id:
        raise PlaceError(
            f"timm has the weights {name} in another form than safetensors on the Hub, which "
            "is the only one that is loaded here. 'zoo load timm:NAME' with another of timm's "
            f"weights for {told.architecture} may do."
        )
    full = f"{told.architecture}.{told.tag}" if told.tag else told.architecture
    return Backbone(
        name=full.lower(),
        network=told.architecture,
        sources=[f"hf://{told.hf_hub_id}"],
        license=spdx(told.license),
        size=_size(told.input_size),
        bands=int(told.input_size[0]),
        mean=told.mean,
        std=told.std,
        head_keys=head_keys(told.classifier),
        summary=f"timm's {told.architecture} with the weights {told.tag}, features only",
        citation=[_paper(paper) for paper in (told.paper_ids,) if isinstance(paper, str)],
    )


def _of_repository(rest: str, *, accept: bool) -> Backbone:
    """What the ``config.json`` of a repository says, which timm wrote."""
    reference = parse_hub_reference(rest)
    where = f"timm:{rest}"
    data = read_recorded(str(reference), CARD_FILE, model=where, accept=accept)
    return read_config(parse_json(data, where=where), reference)


def read_config(data: Any, reference: HubReference) -> Backbone:
    """A backbone from a parsed ``config.json`` in timm's format.

    Raises
    ------
    CardError
        It is not in that format.
    UnknownName
        This timm does not have the network.
    """
    where = f"timm:{reference.repository}"
    top = Fields(data, where)
    network = top.text("architecture")
    told = top.optional_fields("pretrained_cfg") or top
    check_name(network)
    size = told.items("input_size", [3, 224, 224])
    numbers = [value for value in size if type(value) is int and value > 0]
    if len(size) != 3 or len(numbers) != 3 or size[0] not in (1, 3):
        raise CardError(f"{where}: input_size must be three lengths, is {size!r}.")
    classifier = told.data.get("classifier")
    if classifier is not None and not isinstance(classifier, str):
        classifier = told.texts("classifier")
    name = re.sub(r"[^a-z0-9._-]", "-", reference.repository.partition("/")[2].lower())
    return Backbone(
        name=name,
        network=network,
        sources=[str(reference)],
        license=spdx(told.text("license", None)),
        size=_size(size),
        bands=size[0],
        mean=_numbers(told, "mean", size[0]),
        std=_numbers(told, "std", size[0]),
        head_keys=head_keys(classifier),
        summary=f"{reference.repository}: weights of timm's {network}, features only",
        limits=["The normalisation is what the repository's config.json says."],
    )


def _numbers(told: Fields, key: str, count: int) -> list[float] | None:
    values = told.items(key, None)
    if values is None:
        return None
    legal = all(type(value) in (int, float) for value in values)
    if not legal or len(values) not in (1, count):
        raise CardError(f"{told.where}: {key} must be {count} numbers, is {values!r}.")
    return [float(value) for value in values] * (count // len(values))


def _size(input_size: Any) -> tuple[int, int]:
    return int(input_size[1]), int(input_size[2])


def _paper(identifier: str) -> str:
    eprint = identifier.removeprefix("arXiv:")
    return f"@misc{{arxiv{eprint},\n  eprint = {{{eprint}}},\n  archivePrefix = {{arXiv}},\n}}"
