"""``zoo embed``: what a network makes of objects before its head, as a table of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import add_verb, not_negative
from ._predict import add_inputs, add_running_options, predict
from ._sheet import PRINTED

if TYPE_CHECKING:
    import argparse

    from ..models import Model
    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "embed",
        run,
        summary="write the feature vectors of files or of a catalogue's objects",
        examples=(
            "zoo embed resnet-lens cutouts/ -o features.parquet",
            "zoo embed timm:resnet18 pictures/ -o features.parquet --device cuda",
            "zoo embed resnet-lens --tiles 't_*_{band}.fits' --catalog all.parquet -o out/",
        ),
    )
    add_inputs(parser)
    parser.add_argument(
        "--top", type=not_negative, metavar="N", help=f"rows to print ({PRINTED})"
    )
    # Vectors have no order but that of the inputs, and none that is best.
    parser.set_defaults(order="input", sheet=None)
    add_running_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict with the model without its head: all else is as of ``zoo predict``."""
    return predict(arguments, _headless)


def _headless(model: Model) -> Model:
    return model.without_head()
