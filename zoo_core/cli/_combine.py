"""``zoo combine``: several models as one ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ._common import add_verb, print_json

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "combine",
        run,
        summary="make one model of several: mean prediction and spread",
        examples=(
            "zoo combine lens-1 lens-2 lens-3 --name lens-ensemble",
            "zoo combine a/lens b/lens --name both --registry .",
        ),
    )
    parser.add_argument(
        "names", metavar="NAME", nargs="+", help="two models or more, of one task and one input"
    )
    parser.add_argument("--name", required=True, help="of the ensemble")
    parser.add_argument("--summary", default="", help="one line for its card")
    parser.add_argument(
        "--registry", metavar="DIR", type=Path,
        help="where the model folder goes (your own registry)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace a model of that name")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder."""
    from .._zoo import default_zoo
    from ..cards import check_name
    from ..ensembles import combine
    from ..registry import user_registry

    name = check_name(arguments.name, where="--name")
    folder = (arguments.registry or user_registry().folder) / name
    combine(
        default_zoo(),
        arguments.names,
        folder,
        summary=arguments.summary,
        overwrite=arguments.overwrite,
    )
    if arguments.json:
        print_json({"name": name, "folder": str(folder), "members": arguments.names})
    else:
        print(f"{folder}: {len(arguments.names)} members; try 'zoo info {name}'")
    return 0
