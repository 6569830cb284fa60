"""``zoo verify``: whether a model is what its card says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from .._zoo import Zoo
from ._common import add_verb, print_json

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs

_FAILED = 6


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "verify",
        run,
        summary="check hash, parameter count and golden output of a model",
        examples=("zoo verify resnet-lens", "zoo verify ./my-model --json"),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the checks and print them."""
    from ..models import verify_model

    zoo = Zoo.discover()
    checks = verify_model(zoo, zoo.find(arguments.name))
    if arguments.json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{'ok    ' if check.passed else 'FAILED'}  {check.name:<16} {check.message}")
    return 0 if all(check.passed for check in checks) else _FAILED
