"""From a name to a model: resolve, verify, build, fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CardError
from ..plugins import ModelLoaded
from ..weights import bounded_building, load_tensors, parse_tensors
from ._model import Model

if TYPE_CHECKING:
    import torch

    from .._zoo import Zoo
    from ..registry import ModelFolder
    from ..weights import LoadReport


def load_model(
    zoo: Zoo, name: str, *, device: str, precision: str, threads: int | None = None
) -> Model:
    """Load a model by name; see ``zoo_core.load`` for parameters and errors."""
    from ..devices import pick_device

    # First what may need a network: without one, the error must not wait for torch.
    found = zoo.reach(name)
    chosen = pick_device(device)
    task = zoo.task(found.card.task)
    network, report = load_network(zoo, found)
    model = Model(
        found,
        task=task,
        network=network,
        report=report,
        device=chosen,
        precision=precision,
        threads=threads,
        zoo=zoo,
    )
    card = found.card
    zoo.plugins.send(
        ModelLoaded(name=card.name, version=card.version, sha256=card.weights.ref.sha256)
    )
    return model


def load_network(zoo: Zoo, found: ModelFolder) -> tuple[torch.nn.Module, LoadReport]:
    """Build a card's network and fill it with the verified weights, in eval mode.

    Raises
    ------
    WeightsCorrupt, WeightsMismatch
        The file is not the card's, or does not fit.
    CardError
        The network cannot be built with the card's arguments, or has another number of
        parameters than the card says.
    """
    found = found.pinned()
    card = found.card
    data = found.read(card.weights.ref)
    tensors = parse_tensors(data, origin=str(found.folder / card.weights.ref.file))
    with bounded_building(
        # A card may claim any number; the file is as large as it is.
        parameters=min(card.weights.num_parameters, len(data)),
        tensors=len(tensors),
        origin=f"{found.folder}: the architecture {card.architecture.name!r}",
    ):
        network = zoo.build(card.architecture.name, **card.architecture.arguments)
    # Weights from elsewhere may still have the head that they were trained with.
    report = load_tensors(network, tensors, may_be_left_out=card.head_keys)
    count = sum(parameter.numel() for parameter in network.parameters())
    if count != card.weights.num_parameters:
        raise CardError(
            f"{found.folder}: the card says {card.weights.num_parameters} parameters, the "
            f"architecture {card.architecture.name!r} has {count}."
        )
    return network.eval(), report
