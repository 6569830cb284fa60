"""The place ``timm:``: timm's weights, and any repository of the Hub that timm wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zoo_core.cards import CARD_FILE, Fields, parse_card, parse_json
from zoo_core.errors import CardError, PlaceError, unknown_name
from zoo_core.places import Place, parse_hub_reference, read_recorded, require_hub
from zoo_core.registry import ModelFolder

from .architectures import OPTIONS, check_name
from .cards import Backbone, spdx

if TYPE_CHECKING:
    from zoo_core.places import HubReference


#: What a network is rebuilt with at timm and is told otherwise, or changes nothing, here.
_SET_HERE = frozenset({"in_chans", "num_classes"})


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
        if not accept:
            return found
        # Weights beside a config.json that was just accepted are of its commit, not the newest.
        return found.pinned(accept="/" not in rest)

    def require(self, rest: str) -> None:
        """Raise where the weights cannot be had, before timm is imported to name them."""
        if "/" not in rest:
            require_hub(f"{self.scheme}:{rest}")


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
        summary=f"timm's {told.architecture} with the weights {told.tag}, features only",
        citation=[_paper(paper) for paper in (told.paper_ids,) if isinstance(paper, str)],
    )


def _of_repository(rest: str, *, accept: bool) -> Backbone:
    """What the ``config.json`` of a repository says, which timm wrote."""
    reference = parse_hub_reference(rest)
    where = f"timm:{rest}"
    read = read_recorded(str(reference), CARD_FILE, model=where, accept=accept)
    return read_config(parse_json(read.data, where=where), reference)


def read_config(data: Any, reference: HubReference) -> Backbone:
    """A backbone from a parsed ``config.json`` in timm's format.

    The network is built with the arguments that timm itself would take from the file.

    Raises
    ------
    CardError
        It is not in that format, or the network needs an argument that cards cannot give.
    UnknownName
        This timm does not have the network.
    """
    where = f"timm:{reference.repository}"
    top = Fields(data, where)
    network = top.text("architecture")
    told = top.optional_fields("pretrained_cfg") or top
    arguments = top.optional_fields("model_args") or Fields({}, where)
    check_name(network)
    bands, height, width = _input_size(told, arguments)
    name = re.sub(r"[^a-z0-9._-]", "-", reference.repository.partition("/")[2].lower())
    return Backbone(
        name=name,
        network=network,
        sources=[str(reference)],
        license=_license(told),
        size=(height, width),
        bands=bands,
        mean=_numbers(told, "mean", bands),
        std=_deviations(told, bands),
        options=_options(told, arguments, (height, width)),
        summary=f"{reference.repository}: weights of timm's {network}, features only",
        limits=["The normalisation is what the repository's config.json says."],
    )


def _input_size(told: Fields, arguments: Fields) -> tuple[int, int, int]:
    """Bands, height and width of the input; the network's own arguments say it best."""
    size = told.items("input_size", [3, 224, 224])
    if len(size) != 3:
        raise CardError(f"{told.where}: input_size must be three lengths, is {size!r}.")
    bands: Any = arguments.integer("in_chans", size[0])
    height, width = size[1:]
    if _is_fixed(told, arguments) and arguments.data.get("img_size") is not None:
        given = arguments.data["img_size"]
        height, width = given if isinstance(given, list) and len(given) == 2 else (given, given)
    numbers = [value for value in (bands, height, width) if type(value) is int and value > 0]
    if len(numbers) != 3:
        raise CardError(
            f"{told.where}: input_size must be three lengths, is {[bands, height, width]!r}."
        )
    if bands not in (1, 3):
        raise CardError(
            f"{told.where}: pictures of {bands} bands; only 1 or 3 bands have names here, "
            "grey or red, green and blue."
        )
    return bands, height, width


def _is_fixed(told: Fields, arguments: Fields) -> bool:
    """Whether the network is built for one size of input and takes no other."""
    free = arguments.data.get("dynamic_img_size") or (
        arguments.data.get("strict_img_size") is False
    )
    return told.data.get("fixed_input_size") is True and not free


def _options(told: Fields, arguments: Fields, size: tuple[int, int]) -> dict[str, Any]:
    """Arguments that timm would build the network with.

    They are those of ``model_args``, and what timm takes from ``pretrained_cfg`` where these
    say nothing.
    """
    given = {
        key: value
        for key, value in arguments.everything().items()
        # None leaves timm's own choice; a rate of dropping is nothing where nothing is trained.
        if value is not None
        and key not in _SET_HERE
        and (key in OPTIONS or not key.endswith("_drop_rate"))
    }
    strange = sorted(set(given) - OPTIONS)
    if strange:
        pairs = ", ".join(f"{key}={given[key]!r}" for key in strange)
        raise CardError(
            f"{arguments.where}: the network is built with {pairs}, which a card cannot say; "
            f"it can say {', '.join(sorted(OPTIONS))}."
        )
    taken: dict[str, Any] = {}
    pool = told.text("global_pool", None)
    if pool is not None:
        taken["global_pool"] = pool
    if _is_fixed(told, arguments):
        taken["img_size"] = list(size)
    return {**taken, **given}


def _license(told: Fields) -> str:
    name = told.text("license", None)
    if name is not None and not (name.isprintable() and len(name) <= 100):
        raise CardError(f"{told.where}: {name[:60]!r} is no name of a license.")
    return spdx(name)


def _numbers(told: Fields, key: str, count: int) -> list[float] | None:
    values = told.items(key, None)
    if values is None:
        return None
    legal = all(type(value) in (int, float) for value in values)
    if not legal or len(values) not in (1, count):
        raise CardError(f"{told.where}: {key} must be {count} numbers, is {values!r}.")
    return [float(value) for value in values] * (count // len(values))


def _deviations(told: Fields, count: int) -> list[float] | None:
    values = _numbers(told, "std", count)
    if values is not None and min(values) <= 0:
        raise CardError(f"{told.where}: std must be above 0, is {values!r}.")
    return values


def _size(input_size: Any) -> tuple[int, int]:
    return int(input_size[1]), int(input_size[2])


def _paper(identifier: str) -> str:
    eprint = identifier.removeprefix("arXiv:")
    return f"@misc{{arxiv{eprint},\n  eprint = {{{eprint}}},\n  archivePrefix = {{arXiv}},\n}}"
