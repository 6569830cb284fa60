"""``zoo finetune``: a model of one's own, from a trained one or an architecture, and labels."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ._common import (
    add_label_options,
    add_verb,
    at_least_one,
    not_negative,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    import argparse

    from ..finetuning import FinetuneOptions, FinetuneResult
    from ._common import Verbs

_INTERRUPTED = 130

#: Options that set a field of the plan of the same name.
_SETTINGS = (
    "last_k", "epochs", "patience", "batch_size", "learning_rate", "layer_decay",
    "weight_decay", "label_smoothing", "balance_classes", "augment", "copies", "precision",
)  # fmt: skip


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "finetune",
        run,
        summary="fine-tune a model on labels of your own",
        examples=(
            "zoo finetune resnet-lens labels.csv --name my-lens",
            "zoo finetune timm:resnet18 galaxies/ --name spirals --strategy full",
            "zoo finetune timm:resnet18 radio.npz --array x --label y --bands radio --stem sum",
            "zoo finetune svm galaxies/ --name spirals-svm --set features=hog",
            "zoo finetune timm:resnet18 galaxies/ --name spirals --against svm,random-forest",
        ),
    )
    parser.add_argument("name_of_parent", metavar="NAME",
        help="model to start from; or an architecture ('zoo list --architectures')",
    )  # fmt: skip
    parser.add_argument(
        "data", metavar="DATA",
        help="table with paths and labels, folder with a subfolder for each class, npz or HDF5",
    )  # fmt: skip
    parser.add_argument("--name", help="of the new model (NAME of the parent with -tuned)")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path,
        help="folder of the run: checkpoint, history.csv, curves.png (runs/NAME)",
    )  # fmt: skip
    parser.add_argument(
        "--registry", metavar="DIR", type=Path,
        help="where the model folder goes (your own registry)",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.add_argument("--overwrite", action="store_true", help="replace a model of that name")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda, mps")
    parser.add_argument(
        "--tensorboard", action="store_true", help="write the curves for TensorBoard, into DIR"
    )
    _add_data_options(parser)
    _add_training_options(parser)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data")
    group.add_argument("--label", default="label", metavar="COLUMN", help="of labels (label)")
    add_label_options(group)
    group.add_argument("--group", metavar="COLUMN", help="what must not be in two parts")
    group.add_argument(
        "--split", metavar="COLUMN", help="train, validation or test of each row"
    )
    group.add_argument("--positive", metavar="CLASS", help="the positive one of two classes")
    group.add_argument("--bands", metavar="A,B", default="", help="bands of the data, in order")
    group.add_argument(
        "--size", nargs="+", type=at_least_one, default=[], metavar="N",
        help="pixels that objects must have, or are cropped to",
    )  # fmt: skip
    group.add_argument("--fit", choices=("exact", "crop"), default="exact", help="with --size")
    group.add_argument(
        "--resize", nargs="+", type=at_least_one, default=[], metavar="N",
        help="pixels that images are brought to for the network",
    )  # fmt: skip
    group.add_argument(
        "--stretch", choices=("parent", "linear", "asinh"), default="parent",
        help="how pixel values are scaled (as the parent does; linear without one)",
    )  # fmt: skip
    group.add_argument(
        "--validation", type=_part_or_data, default=0.15, metavar="PART|DATA",
        help="part of DATA that is set aside, or other data of the same form (0.15)",
    )  # fmt: skip
    group.add_argument("--test", type=float, default=0.15, metavar="PART", help="(0.15)")
    group.add_argument("--seed", type=not_negative, default=0, help="of split and training (0)")
    group.add_argument("--skip-bad", action="store_true", help="leave out unreadable objects")


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument(
        "--set", dest="arguments", action="append", default=[], metavar="KEY=VALUE",
        help="of an architecture: an argument of the network, or what a fit is told; may be "
        "repeated",
    )  # fmt: skip
    group.add_argument(
        "--against", action="append", default=[], metavar="NAME",
        help="also fit such architectures (svm,random-forest; or 'svm features=hog') to the "
        "same objects, for a table on the card; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--strategy", metavar="S",
        help="head, last-2 (two layers and the head), full or scratch; by the number of labels",
    )  # fmt: skip
    group.add_argument(
        "--stem", choices=("keep", "sum", "mean", "repeat", "random"), default="keep",
        help="what becomes of the first layer where the bands are others",
    )  # fmt: skip
    group.add_argument(
        "--stem-band", action="append", default=[], metavar="NEW=OLD",
        help="the kernels of a band of the parent for a band of the data; may be repeated",
    )  # fmt: skip
    group.add_argument("--epochs", type=at_least_one, help="at most (by the number of labels)")
    group.add_argument("--patience", type=at_least_one, help="epochs without improvement")
    group.add_argument("--batch-size", type=at_least_one)
    group.add_argument("--learning-rate", type=float, help="of the head")
    group.add_argument(
        "--layer-decay", type=float, help="of the rate from layer to layer (0.75)"
    )
    group.add_argument("--weight-decay", type=float)
    group.add_argument("--label-smoothing", type=float)
    group.add_argument("--balance-classes", action="store_true", default=None,
                       help="weigh rare classes more")  # fmt: skip
    group.add_argument("--augment", choices=("none", "dihedral", "safe", "strong"))
    group.add_argument(
        "--copies", type=at_least_one, help="augmented copies for --strategy head"
    )
    group.add_argument("--precision", choices=("bfloat16", "float32"))
    group.add_argument(
        "--views", choices=("one", "dihedral", "angles"), default="one",
        help="what the new model averages over when it predicts: all flips and quarter turns "
        "are more accurate and eight times slower; angles are four smaller turns, for networks "
        "to which flips and quarter turns are one",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune and say where the model is and how good."""
    from .._zoo import default_zoo
    from ..distributed import launched
    from ..finetuning import check_free, finetune
    from ..registry import user_registry
    from ._teller import telling

    options = _options(arguments)
    parent = arguments.name_of_parent
    name = arguments.name or f"{re.split('[/:]', parent.rstrip('/'))[-1].lower()}-tuned"
    registry = arguments.registry or user_registry().folder
    folder = registry / name
    run_folder = arguments.output or Path("runs") / name
    check_free(folder, run_folder, overwrite=arguments.overwrite, resumes=arguments.resume)
    with telling() as reporter:
        result = finetune(
            default_zoo(),
            parent,
            arguments.data,
            name=name,
            run=run_folder,
            folder=folder,
            options=options,
            device=arguments.device,
            resumes=arguments.resume,
            tensorboard=arguments.tensorboard,
            reporter=reporter,
        )
    if launched().rank == 0:
        _report(result, name, as_json=arguments.json)
    return 0 if result.is_whole else _INTERRUPTED


def _options(arguments: argparse.Namespace) -> FinetuneOptions:
    from ..finetuning import FinetuneOptions, parse_strategy
    from ..simulation import parse_options

    settings = {name: getattr(arguments, name) for name in _SETTINGS if name != "last_k"}
    strategy, layers = parse_strategy(arguments.strategy)
    settings.update(layers)
    return FinetuneOptions(
        label=arguments.label,
        path=arguments.path,
        group=arguments.group,
        split=arguments.split,
        array=arguments.array,
        classes=tuple(arguments.classes),
        positive=arguments.positive,
        bands=tuple(filter(None, arguments.bands.split(","))),
        size=tuple(arguments.size),
        fit=arguments.fit,
        resize=tuple(arguments.resize),
        stretch=arguments.stretch,
        stem=arguments.stem,
        stem_bands=_pairs(arguments.stem_band),
        views=arguments.views,
        strategy=strategy,
        settings=settings,
        arguments=parse_options(arguments.arguments),
        against=tuple(arguments.against),
        validation=arguments.validation,
        test=arguments.test,
        seed=arguments.seed,
        skips_bad=arguments.skip_bad,
    )


def _part_or_data(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _pairs(texts: list[str]) -> dict[str, str]:
    bad = [text for text in texts if text.count("=") != 1]
    if bad:
        raise UsageError(f"--stem-band is written NEW=OLD, got {bad[0]!r}.")
    return dict(text.split("=") for text in texts)


def _comparisons(result: FinetuneResult) -> list[Any]:
    from ..cards import read_json

    # Nothing is compared where nothing is measured.
    if result.evaluation is None:
        return []
    found: list[Any] = read_json(result.folder).get("comparisons", [])
    return found


def _report(result: FinetuneResult, name: str, *, as_json: bool) -> None:
    from ..cards import comparison_tables, read_card

    metrics = result.evaluation.metrics if result.evaluation else []
    if as_json:
        print_json(
            {
                "model": name,
                "folder": str(result.folder),
                "is_whole": result.is_whole,
                "data": result.evaluation.data if result.evaluation else None,
                "metrics": [asdict(metric) for metric in metrics],
                "comparisons": _comparisons(result),
            }
        )
        return
    if result.evaluation:
        print(f"{name} on {result.evaluation.data}\n")
        rows = [
            (
                m.name,
                f"{m.value:.4f}",
                "" if m.low is None or m.high is None else f"{m.low:.4f} to {m.high:.4f}",
                str(m.n),
                m.conditions,
            )
            for m in metrics
        ]
        print_table(("METRIC", "VALUE", "95 % INTERVAL", "N", "CONDITIONS"), rows)
        print()
        for table in comparison_tables(read_card(result.folder)):
            print_table(("METRIC", "CONDITIONS", *table.header[2:]), table.rows)
            print()
    print(f"{result.folder}: try 'zoo info {name}'")
