"""``zoo evaluate``: metrics with intervals, and pictures."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import (
    add_device_options,
    add_engine_options,
    add_label_options,
    add_reading_options,
    add_simulator_options,
    add_verb,
    at_least_one,
    not_negative,
    note,
    note_engine,
    print_json,
    print_table,
    progress_bar,
)

if TYPE_CHECKING:
    import argparse

    from ..evaluation import Evaluation
    from ..models import Model
    from ._common import Verbs

_SIMULATOR = "simulator:"


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "evaluate",
        run,
        summary="compare a model with the truth: metrics with 95 %% intervals, and plots",
        examples=(
            "zoo evaluate resnet-lens labelled/ --plots plots/",
            "zoo evaluate resnet-lens cutouts.npz --truth labels.csv --json",
            "zoo evaluate resnet-lens simulator:lsst-lens -n 40000 --seed 4",
            "zoo evaluate my-lens labels.csv --label class --part test",
        ),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")
    parser.add_argument(
        "data", metavar="DATA", help="a folder or file with truth, or simulator:NAME"
    )
    parser.add_argument(
        "--truth", help="table with 'id' and truth columns (default: truth.ecsv, ...)"
    )
    parser.add_argument("-n", type=at_least_one, help="objects to simulate (20000)")
    parser.add_argument("--seed", type=not_negative, help="of the simulated objects (0)")
    add_simulator_options(parser)
    parser.add_argument(
        "--label", metavar="COLUMN",
        help="DATA are labelled as for 'zoo finetune'; the column or array of labels",
    )  # fmt: skip
    add_label_options(parser)
    parser.add_argument(
        "--part", choices=("all", "train", "validation", "test"), default="all",
        help="part of labelled data, as the model was fine-tuned with it",
    )  # fmt: skip
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out labelled objects that are unreadable"
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures to DIR")
    parser.add_argument(
        "--predictions", type=Path, metavar="OUT",
        help="also write truth and predictions of each object as a table",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace existing tables")
    parser.add_argument(
        "--to-card", action="store_true",
        help="put metrics and pictures on the card of the model, a folder of your own",
    )  # fmt: skip
    add_reading_options(parser)
    add_engine_options(parser)
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print."""
    from .._zoo import default_zoo
    from ..errors import UsageError
    from ..evaluation import check_recordable
    from ..plots import check_folder
    from ..simulation import parse_options
    from ..tables import check_output

    if arguments.predictions:
        check_output(arguments.predictions, overwrite=arguments.overwrite)
    if arguments.plots:
        check_folder(arguments.plots)
    zoo = default_zoo()
    model = zoo.load(
        arguments.name,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    if arguments.to_card:
        check_recordable(model)
    data: Any = arguments.data
    options = parse_options(arguments.option)
    if data.startswith(_SIMULATOR):
        data = zoo.simulator(data.removeprefix(_SIMULATOR), **options)
    elif options:
        raise UsageError(f"--option is for DATA simulator:NAME; got {data!r}. Leave it out.")
    if arguments.part != "all" and not arguments.label:
        arguments.label = "label"
    if arguments.label:
        evaluation = _evaluate_labelled(model, arguments)
        return _report(model, evaluation, arguments)
    with progress_bar(model.card.name) as progress:
        evaluation = model.evaluate(
            data,
            truth=arguments.truth,
            count=arguments.n,
            seed=arguments.seed,
            fit=arguments.fit,
            accept_bands=arguments.accept_band,
            compile=arguments.compile,
            batch_size=arguments.batch_size,
            progress=progress,
        )
    return _report(model, evaluation, arguments)


def _evaluate_labelled(model: Model, arguments: argparse.Namespace) -> Evaluation:
    from ..evaluation import evaluate_labelled

    with progress_bar(model.card.name) as progress:
        return evaluate_labelled(
            model,
            arguments.data,
            label=arguments.label,
            path=arguments.path,
            array=arguments.array,
            classes=tuple(arguments.classes),
            part=arguments.part,
            skip_bad=arguments.skip_bad,
            fit=arguments.fit,
            accept_bands=arguments.accept_band,
            compile=arguments.compile,
            batch_size=arguments.batch_size,
            progress=progress,
        )


def _report(model: Model, evaluation: Evaluation, arguments: argparse.Namespace) -> int:
    from ..evaluation import record_metrics

    note_engine(model.engine(compile=arguments.compile, batch_size=arguments.batch_size))
    paths = evaluation.save_figures(arguments.plots) if arguments.plots else []
    if arguments.to_card:
        record_metrics(model, evaluation, command=_command(model, arguments))
    if arguments.predictions:
        _write_predictions(evaluation, arguments)
    if arguments.json:
        print_json(
            {
                **model.provenance(),
                "data": evaluation.data,
                "metrics": [asdict(metric) for metric in evaluation.metrics],
                "left_out": list(evaluation.left_out),
                "plots": [str(path) for path in paths],
            }
        )
        return 0
    print(f"{model.card.name} {model.card.version} on {evaluation.data}\n")
    rows = [
        (
            m.name,
            f"{m.value:.4f}",
            "" if m.low is None or m.high is None else f"{m.low:.4f} to {m.high:.4f}",
            str(m.n),
            m.conditions,
        )
        for m in evaluation.metrics
    ]
    print_table(("METRIC", "VALUE", "95 % INTERVAL", "N", "CONDITIONS"), rows)
    for reason in evaluation.left_out[:10]:
        note(f"left out: {reason}")
    if len(evaluation.left_out) > 10:
        note(f"left out: {len(evaluation.left_out) - 10} more")
    for path in paths:
        note(f"wrote {path}")
    return 0


def _command(model: Model, arguments: argparse.Namespace) -> str:
    """The command that prints these metrics again, as far as they depend on its options."""
    defaults = {"path": "path", "part": "all", "fit": "exact"}
    words = ["zoo", "evaluate", model.card.name, str(arguments.data)]
    for option in (
        "option", "n", "seed", "truth", "label", "path", "array", "classes", "part", "fit",
        "accept_band",
    ):  # fmt: skip
        value = getattr(arguments, option)
        flag = "-n" if option == "n" else "--" + option.replace("_", "-")
        flag = "--class" if option == "classes" else flag
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one != defaults.get(option):
                words += [flag, str(one)]
    if arguments.skip_bad:
        words.append("--skip-bad")
    return shlex.join(words)


def _write_predictions(evaluation: Any, arguments: argparse.Namespace) -> None:
    from ..tables import Column, PredictionTable, write_table

    values = {f"true_{name}": column for name, column in evaluation.truth.items()}
    values.update(evaluation.predictions)
    table = PredictionTable(tuple(Column(name) for name in values), values)
    write_table(table, arguments.predictions, overwrite=arguments.overwrite)
