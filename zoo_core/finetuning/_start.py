"""The network that a fine-tuning starts from: copied layers, a new head, another stem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import CardError, UsageError
from ..weights import load_tensors, parse_tensors
from ._plan import head_parameters
from ._stem import adapt_stem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from .._zoo import Zoo
    from ..registry import ModelFolder
    from ..weights import LoadReport


@dataclass(frozen=True, slots=True, kw_only=True)
class StemPolicy:
    """What becomes of the first layer; see ``adapt_stem``.

    Parameters
    ----------
    policy : str
        One of ``POLICIES``.
    bands, old_bands : tuple of str
        Of the data and of the parent.
    mapping : mapping of str to str
        New band to old band.
    """

    policy: str = "keep"
    bands: tuple[str, ...] = ()
    old_bands: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)


def start_network(
    zoo: Zoo,
    parent: ModelFolder,
    *,
    num_outputs: int,
    stem: StemPolicy,
    keeps_head: bool = False,
    is_scratch: bool = False,
    seed: int = 0,
) -> tuple[torch.nn.Module, LoadReport | None, dict[str, Any]]:
    """Build a network for other outputs and bands and copy the parent's layers into it.

    Parameters
    ----------
    zoo : Zoo
        Builds the network.
    parent : ModelFolder
        Whose weights are copied.
    num_outputs : int
        Of the new head.
    stem : StemPolicy
        What becomes of the first layer.
    keeps_head : bool
        Copy the head too; the parent's outputs mean the same.
    is_scratch : bool
        Copy nothing.
    seed : int
        Of everything that is drawn.

    Returns
    -------
    network : torch.nn.Module
        Float32.
    report : LoadReport or None
        What was copied; None from scratch.
    arguments : dict
        Of the architecture, for the card.

    Raises
    ------
    UsageError
        The architecture takes no other number of bands or outputs, or the stem cannot be
        adapted.
    WeightsMismatch
        More than head and stem differ.
    """
    card = parent.card
    arguments: dict[str, Any] = dict(card.architecture.arguments)
    arguments["num_outputs"] = num_outputs
    if stem.bands != stem.old_bands:
        arguments["num_bands"] = len(stem.bands)
    network = _build(zoo, card.architecture.name, arguments, seed=seed)
    if is_scratch:
        return network, None, arguments
    ref = parent.pinned().card.weights.ref
    origin = str(parent.folder / ref.file)
    tensors = parse_tensors(parent.read(ref), origin=origin)
    head = head_parameters(network)
    if not keeps_head:
        dropped = {*head, *card.head_keys}
        tensors = {name: value for name, value in tensors.items() if name not in dropped}
    changes = stem.policy != "keep" or stem.mapping or len(stem.bands) != len(stem.old_bands)
    if changes:
        _adapt(zoo, card.architecture.name, arguments, network, tensors, stem=stem)
    missing = () if keeps_head else head
    report = load_tensors(network, tensors, may_be_missing=missing)
    return network, report, arguments


def _build(zoo: Zoo, name: str, arguments: dict[str, Any], *, seed: int) -> torch.nn.Module:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return zoo.build(name, **arguments)


def _adapt(
    zoo: Zoo,
    name: str,
    arguments: dict[str, Any],
    network: torch.nn.Module,
    tensors: dict[str, torch.Tensor],
    *,
    stem: StemPolicy,
) -> None:
    """Replace the kernels of the first layers among ``tensors``."""
    fresh = network.state_dict()
    names = _stem_names(zoo, name, arguments, len(stem.bands))
    if not names:
        raise UsageError(f"the architecture {name!r} has no layer that depends on the bands.")
    for key in names:
        if key not in tensors:
            raise CardError(f"the weights lack the first layer {key!r}.")
        tensors[key] = adapt_stem(
            tensors[key].float(),
            fresh[key],
            policy=stem.policy,
            bands=stem.bands,
            old_bands=stem.old_bands,
            mapping=stem.mapping,
        )


def _stem_names(zoo: Zoo, name: str, arguments: dict[str, Any], bands: int) -> list[str]:
    """Tensors whose shape depends on the number of bands, found by building with one more."""
    import torch

    shapes = []
    for count in (bands, bands + 1):
        with torch.device("meta"):
            made = zoo.build(name, **{**arguments, "num_bands": count})
        shapes.append({key: value.shape for key, value in made.state_dict().items()})
    return [key for key, shape in shapes[0].items() if shapes[1].get(key) != shape]
