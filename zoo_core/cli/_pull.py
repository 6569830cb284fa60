"""``zoo pull``: fetch models now, to use them without a network later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import add_verb, human_size, note, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "pull",
        run,
        summary="fetch models, to use them without a network",
        examples=(
            "zoo pull hf://org/name",
            "zoo pull hf://org/name@v1.2 resnet-lens --json",
            "zoo pull hf://org/name --accept",
        ),
    )
    parser.add_argument("names", metavar="NAME", nargs="+", help="hf://org/name, or any model")
    parser.add_argument(
        "--accept",
        action="store_true",
        help="take what a branch leads to now, in place of what was recorded",
    )


def run(arguments: argparse.Namespace) -> int:
    """Fetch and verify each; those before a failing one stay fetched."""
    from .._zoo import default_zoo

    pulled = []
    for name in arguments.names:
        note(f"{name} ...")
        found = default_zoo().reach(name, accept=arguments.accept)
        for ref in found.card.files:
            found.read(ref)
        pulled.append((name, found))
    if arguments.json:
        print_json(
            [
                {
                    "name": name,
                    "model": found.card.name,
                    "version": found.card.version,
                    "place": found.full_name,
                    "weights_sha256": found.card.weights.ref.sha256,
                    "folder": str(found.folder),
                }
                for name, found in pulled
            ]
        )
        return 0
    rows = [
        (
            found.card.name,
            found.card.version,
            human_size(found.card.weights.ref.size),
            found.full_name,
        )
        for _, found in pulled
    ]
    print_table(["MODEL", "VERSION", "WEIGHTS", "PLACE"], rows)
    return 0
