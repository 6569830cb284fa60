"""``zoo cite``: what to cite for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._zoo import Zoo
from ._common import add_verb, print_json

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "cite",
        run,
        summary="print the BibTeX entries to cite for a model",
        examples=("zoo cite resnet-lens >> references.bib",),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")


def run(arguments: argparse.Namespace) -> int:
    """Print the entries; the weights themselves are named in a comment."""
    card = Zoo.discover().find(arguments.name).card
    if arguments.json:
        print_json({"model": card.name, "version": card.version, "bibtex": list(card.citation)})
        return 0
    print(f"% astrozoo model {card.name} {card.version}, sha256 {card.weights.ref.sha256}")
    print("\n\n".join(card.citation))
    return 0
