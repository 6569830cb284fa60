"""``zoo predict``: files in, a ranked table out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ._common import add_device_options, add_verb, note, print_json, print_table, progress_bar

if TYPE_CHECKING:
    import argparse

    from ..models import Model
    from ..tables import PredictionTable
    from ._common import Verbs

_INTERRUPTED = 130
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
        ),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="+", help="FITS, npz, HDF5 or image files, or folders"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, type=Path,
        help="table to write: .parquet, .csv, .ecsv or .fits",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing OUT")
    parser.add_argument(
        "--order", choices=("rank", "input"), default="rank",
        help="best first (default, where the task has a ranking), or as read",
    )  # fmt: skip
    parser.add_argument("--top", type=int, default=10, metavar="N", help="rows to print (10)")
    parser.add_argument(
        "--fit", choices=("exact", "crop"), default="exact",
        help="what to do with larger images: flag them (default) or cut out the middle",
    )  # fmt: skip
    parser.add_argument(
        "--accept-band", action="append", default=[], metavar="BAND",
        help="take images of this band although the model was trained on another",
    )  # fmt: skip
    parser.add_argument("--batch-size", default="auto", help="objects a forward pass (auto)")
    parser.add_argument(
        "--compile", action="store_true", help="compile the network first: for long runs"
    )
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the output, predict, write."""
    from ..tables import check_output, write_table

    check_output(arguments.output, overwrite=arguments.overwrite)
    from .. import load
    from ..prediction import PredictionInterrupted, predict_inputs

    batch_size = _batch_size(arguments.batch_size)
    model = load(
        arguments.name,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    inputs = model.open(arguments.inputs, fit=arguments.fit, accept_bands=arguments.accept_band)
    for remark in inputs.notes:
        note(remark)
    started = time.monotonic()
    try:
        with progress_bar(model.card.name) as progress:
            engine = model.engine(compile=arguments.compile, batch_size=batch_size)
            table = predict_inputs(model, inputs, engine=engine, progress=progress)
    except PredictionInterrupted as interrupt:
        partial = arguments.output.with_name("partial-" + arguments.output.name)
        write_table(interrupt.table, partial, overwrite=True)
        note(f"zoo: interrupted; the {len(interrupt.table)} rows that were done: {partial}")
        return _INTERRUPTED
    seconds = time.monotonic() - started
    if engine.note:
        note(engine.note)
    if engine.compile_seconds is not None:
        note(f"compiling took {engine.compile_seconds:.0f} s")
    ranking = model.task.ranking
    if arguments.order == "rank" and ranking:
        table = table.sorted_by(ranking)
    write_table(table, arguments.output, overwrite=arguments.overwrite)
    return _report(arguments, model, table, seconds)


def _batch_size(text: str) -> int | str:
    from .._errors import UsageError

    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"--batch-size must be 'auto' or a positive number, is {text!r}.")
    return int(text)


def _report(
    arguments: argparse.Namespace, model: Model, table: PredictionTable, seconds: float
) -> int:
    """Say what came out; exit code 7 if no row could be used."""
    flags = [str(flag) for flag in table["flag"]]
    first = model.task.columns[0].name
    predicted = sum(1 for value in table[first] if value == value and value != "")
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
        tuple(
            f"{table[name][row]:.4f}"
            if isinstance(table[name][row], float)
            else str(table[name][row])
            for name in names
        )
        for row in range(min(arguments.top, len(table)))
    ]
    if rows:
        print_table([name.upper() for name in names], rows)
