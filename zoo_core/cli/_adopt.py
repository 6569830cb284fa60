"""``zoo adopt``: a model folder for weights that come as a bare file."""

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
        "adopt",
        run,
        summary="make a model folder of a bare weights file",
        examples=(
            "zoo adopt timm:resnet18 resnet18.safetensors -o my-resnet18",
            "zoo adopt timm:mobilenetv2_100 w.safetensors -o mobile --mean 0.5 --std 0.5",
        ),
    )
    parser.add_argument("name", metavar="NAME", help="model whose network the weights are for")
    parser.add_argument("file", metavar="FILE", type=Path, help="safetensors")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True,
        help="model folder to write; its name becomes the model's",
    )  # fmt: skip
    parser.add_argument(
        "--argument", action="append", default=[], metavar="KEY=VALUE",
        help="of the architecture, where it differs; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--mean", nargs="+", type=float, default=[], help="of the normalisation"
    )
    parser.add_argument("--std", nargs="+", type=float, default=[], help="of the normalisation")
    parser.add_argument("--license", help="of the weights, as SPDX writes it")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder."""
    from .._zoo import default_zoo
    from ..models import adopt
    from ..simulation import parse_options

    report = adopt(
        default_zoo(),
        arguments.name,
        arguments.file,
        arguments.output,
        arguments=parse_options(arguments.argument),
        mean=arguments.mean,
        std=arguments.std,
        license=arguments.license,
    )
    if arguments.json:
        print_json({"folder": str(arguments.output), "tensors": report.describe()})
    else:
        folder = arguments.output.resolve()
        print(f"{report.describe()}\n{arguments.output}: try 'zoo info {folder}'")
    return 0
