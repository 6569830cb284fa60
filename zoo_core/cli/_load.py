"""``zoo load``: resolve, verify, build and fill a model, and say what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._common import add_device_options, add_verb, human_size, print_json

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "load",
        run,
        summary="load a model and print what was loaded",
        examples=("zoo load resnet-lens", "zoo load ./my-model --json"),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Load and print a summary."""
    from .. import load
    from ..devices import pick_precision

    model = load(
        arguments.name,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    card = model.card
    summary: dict[str, Any] = {
        "model": card.name,
        "version": card.version,
        **({"folder": str(model.found.folder)} if model.found.made is None else {}),
        "place": model.found.place,
        "architecture": card.architecture.name,
        "parameters": card.weights.num_parameters,
        "weights_sha256": card.weights.ref.sha256,
        "weights_size": card.weights.ref.size,
        "tensors": model.report.describe(),
        "device": model.device,
        # Which one a network can run in is decided on the first objects of its data.
        "precision_wanted": pick_precision(model.precision, model.device),
        "inputs": [spec.describe() for spec in card.inputs],
        "outputs": [column.name for column in model.task.columns],
    }
    if arguments.json:
        print_json(summary)
        return 0
    print(f"{card.name} {card.version} is loaded and verified\n")
    summary["weights_size"] = human_size(card.weights.ref.size)
    if summary["precision_wanted"] != "float32":
        summary["precision_wanted"] += "; float32 where that changes the outputs too much"
    for name, value in summary.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        print(f"  {name.replace('_', ' '):<16} {text}")
    print(f'\nIn Python: model = zoo_core.load("{arguments.name}")')
    return 0
