"""``zoo predict``: files in, a ranked table out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ._common import (
    add_device_options,
    add_engine_options,
    add_reading_options,
    add_verb,
    not_negative,
    note,
    note_engine,
    print_json,
    print_table,
    progress_bar,
)
from ._sheet import (
    PICTURES,
    PRINTED,
    add_sheet_option,
    check_has_images,
    check_sheet_option,
    printed,
    sheet_of_inputs,
)
from ._survey import add_survey_options, is_on_tiles, predict_on_tiles

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..models import Model
    from ..tables import PredictionTable
    from ._common import Verbs

_INTERRUPTED = 130

#: Numbers of a vector that are printed.
_SHOWN = 3

_NOTHING_USABLE = 7


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "predict",
        run,
        summary="predict for files and write a table",
        examples=(
            "zoo predict resnet-lens cutouts/ -o candidates.parquet",
            "zoo predict resnet-lens a.fits b.fits -o out.csv --order input",
            "zoo predict resnet-lens cutouts.npz -o out.fits --device cuda --overwrite",
            "zoo predict resnet-lens fields/ -o out.ecsv --fit crop --accept-band r",
            "zoo predict resnet-lens cutouts/ -o out.csv --sheet best.png --top 30",
            "zoo predict galaxy-gan blurred.fits -o restored.fits",
            "zoo predict resnet-lens --tiles 't_*_{band}.fits' --catalog all.parquet -o out/",
        ),
    )
    add_inputs(parser)
    parser.add_argument(
        "--order", choices=("rank", "input"), default="rank",
        help="best first (default, where the task has a ranking), or as read",
    )  # fmt: skip
    parser.add_argument(
        "--top", type=not_negative, metavar="N",
        help=f"rows to print ({PRINTED}), and pictures on the sheet ({PICTURES})",
    )  # fmt: skip
    add_sheet_option(parser)
    add_running_options(parser)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """What a model is given, and where the table goes."""
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="*", help="FITS, npz, HDF5 or image files, or folders"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, type=Path,
        help="table to write: .parquet, .csv, .ecsv or .fits; of a model that gives images "
        "an image (.fits) or a folder",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing OUT")


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """How objects are cut and read, and how the network is run."""
    add_survey_options(parser)
    add_reading_options(parser)
    add_engine_options(parser)
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the output, predict, write."""
    return predict(arguments, _as_it_is)


def predict(arguments: argparse.Namespace, choose: Callable[[Model], Model]) -> int:
    """Predict with what ``choose`` makes of the model that was asked for."""
    if is_on_tiles(arguments):
        return predict_on_tiles(arguments, choose)
    if not arguments.inputs:
        raise UsageError("say what to predict for: files, folders, or --tiles and --catalog.")
    from .._zoo import default_zoo
    from ..tables import check_output, write_table

    zoo = default_zoo()
    is_whole = choose is _as_it_is
    if is_whole and zoo.task(zoo.reach(arguments.name).card.task).gives_images:
        from ._restore import restore

        done = restore(arguments)
        if done is not None:
            return done
    check_output(arguments.output, overwrite=arguments.overwrite)
    check_sheet_option(arguments)
    from .. import load
    from ..prediction import PredictionInterrupted

    model = choose(
        load(
            arguments.name,
            device=arguments.device,
            precision=arguments.precision,
            threads=arguments.threads,
        )
    )
    if arguments.sheet:
        check_has_images(model)
    inputs = model.open(arguments.inputs, fit=arguments.fit, accept_bands=arguments.accept_band)
    for remark in inputs.notes:
        note(remark)
    started = time.monotonic()
    try:
        with progress_bar(model.card.name) as progress:
            table = model.predict_inputs(
                inputs,
                compile=arguments.compile,
                batch_size=arguments.batch_size,
                progress=progress,
            )
    except PredictionInterrupted as interrupt:
        _keep(interrupt.table, arguments.output)
        return _INTERRUPTED
    seconds = time.monotonic() - started
    note_engine(model.engine(compile=arguments.compile, batch_size=arguments.batch_size))
    in_input_order = table
    ranking = model.task.ranking
    if arguments.order == "rank" and ranking:
        table = table.sorted_by(ranking)
    write_table(table, arguments.output, overwrite=arguments.overwrite)
    if arguments.sheet:
        sheet_of_inputs(arguments, model, inputs, in_input_order)
    return _report(arguments, model, table, seconds)


def _as_it_is(model: Model) -> Model:
    return model


def _keep(table: PredictionTable, output: Path) -> None:
    """Write the rows of an interrupted prediction beside the output, under a free name."""
    from ..tables import write_table

    if not len(table):
        note("zoo: interrupted before any row was done")
        return
    there = [path.name for path in output.parent.iterdir()]
    name, count = f"partial-{output.name}", 1
    # A CSV file has a second one beside it, whose name begins with its own.
    while any(taken.startswith(name) for taken in there):
        count += 1
        name = f"partial-{count}-{output.name}"
    partial = output.with_name(name)
    write_table(table, partial)
    note(f"zoo: interrupted; the {len(table)} rows that were done: {partial}")


def _report(
    arguments: argparse.Namespace, model: Model, table: PredictionTable, seconds: float
) -> int:
    """Say what came out; exit code 7 if no row could be used."""
    from ..prediction import is_predicted

    flags = [str(flag) for flag in table["flag"]]
    predicted = int(is_predicted(table, model.task).sum())
    counts = {flag: flags.count(flag) for flag in sorted(set(flags)) if flag}
    if arguments.json:
        print_json(
            {
                "output": str(arguments.output),
                **table.meta,
                "rows": len(table),
                "predicted": predicted,
                "flags": counts,
                "seconds": round(seconds, 3),
                **({"sheet": str(arguments.sheet)} if arguments.sheet else {}),
            }
        )
    else:
        _print_top(arguments, model, table)
        rate = len(table) / seconds if seconds else 0.0
        note(f"{len(table)} rows ({rate:.0f}/s) written to {arguments.output}")
    for flag, count in counts.items():
        example = table["reason"][flags.index(flag)]
        note(f"  {count} flagged {flag}: {example}")
    return 0 if predicted else _NOTHING_USABLE


def _print_top(arguments: argparse.Namespace, model: Model, table: PredictionTable) -> None:
    names = ["id", *(column.name for column in model.task.columns), "flag"]
    rows = [
        tuple(_cell(row[name]) for name in names)
        for row in table.head(printed(arguments)).rows()
    ]
    if rows:
        print_table([name.upper() for name in names], rows)


def _cell(value: object) -> str:
    """A value in short; of a vector or an image its first numbers and its shape."""
    if not isinstance(value, list):
        return f"{value:.4f}" if isinstance(value, float) else str(value)
    shape: list[int] = []
    inner: Any = value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if len(shape) > 1 or not value:
        return f"array of {' x '.join(map(str, shape))}"
    rest = f", ... ({len(value)})" if len(value) > _SHOWN else ""
    return ", ".join(map(_cell, value[:_SHOWN])) + rest
