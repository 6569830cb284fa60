"""``zoo predict`` with a model that gives an image for an image."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._common import note, note_engine, print_json, print_table, progress_bar

if TYPE_CHECKING:
    import argparse

    from ..tables import PredictionTable

_INTERRUPTED = 130
_NOTHING_USABLE = 7
_PRINTED = 20


def restore(arguments: argparse.Namespace) -> int | None:
    """Write images; None where a table of them was asked for."""
    from ..restored import find_destination, restore_inputs

    destination = find_destination(arguments.output, overwrite=arguments.overwrite)
    if destination is None:
        return None
    if getattr(arguments, "sheet", None):
        raise UsageError("--sheet draws the best rows of a ranking; these rows are images.")
    if arguments.fit != "exact":
        raise UsageError(
            f"--fit {arguments.fit}: a restored image has the pixels and the WCS of its input; "
            "images of any size are taken."
        )
    from .. import load
    from ..prediction import PredictionInterrupted

    model = load(
        arguments.name,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    inputs = model.open(arguments.inputs, fit=arguments.fit, accept_bands=arguments.accept_band)
    for remark in inputs.notes:
        note(remark)
    engine = model.engine(compile=arguments.compile, batch_size=arguments.batch_size)
    started = time.monotonic()
    try:
        with progress_bar(model.card.name) as progress:
            table = restore_inputs(model, inputs, destination, engine=engine, progress=progress)
    except PredictionInterrupted as interrupt:
        note(f"zoo: interrupted; {len(interrupt.table)} of {len(inputs)} inputs were done")
        return _INTERRUPTED
    note_engine(engine)
    return _report(arguments, table, time.monotonic() - started)


def _report(arguments: argparse.Namespace, table: PredictionTable, seconds: float) -> int:
    """Say what came out; exit code 7 if there is no image at all."""
    flags = [str(flag) for flag in table["flag"]]
    counts = {flag: flags.count(flag) for flag in sorted(set(flags)) if flag}
    written = sum(bool(name) for name in table["output"])
    if arguments.json:
        print_json(
            {
                "output": str(arguments.output),
                **table.meta,
                "rows": len(table),
                "written": written,
                "flags": counts,
                "seconds": round(seconds, 3),
            }
        )
    else:
        names = ("id", "output", "flag")
        rows = [tuple(str(row[name]) for name in names) for row in table.head(_PRINTED).rows()]
        print_table([name.upper() for name in names], rows)
        note(f"{written} of {len(table)} images written to {arguments.output}")
    for flag, count in counts.items():
        note(f"  {count} flagged {flag}: {table['reason'][flags.index(flag)]}")
    return 0 if written else _NOTHING_USABLE
