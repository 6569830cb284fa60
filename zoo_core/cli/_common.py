"""What several verbs share: declaring a verb, printing tables and JSON, progress bars."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from ..devices import InferenceEngine

    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of examples, in 80 columns or as many as ``COLUMNS`` says.

    To look for the width of the terminal, argparse would import ``shutil`` at every start.
    """

    def __init__(self, prog: str):
        columns = os.environ.get("COLUMNS", "")
        super().__init__(prog, width=int(columns) - 2 if columns.isdecimal() else 78)


def add_verb(
    verbs: Verbs,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    examples: Sequence[str],
    json_output: bool = True,
) -> argparse.ArgumentParser:
    """Declare a verb with its help, examples and ``--json``."""
    lines = "\n".join(f"  {example}" for example in examples)
    parser = verbs.add_parser(
        name,
        help=summary,
        description=(summary[0].upper() + summary[1:] + ".").replace("%%", "%"),
        epilog=f"examples:\n{lines}",
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run)
    if json_output:
        parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """``--device``, ``--precision`` and ``--threads``."""
    parser.add_argument(
        "--device", default="auto", help="auto (default), cpu, cuda, cuda:1, mps"
    )
    parser.add_argument(
        "--precision",
        default="auto",
        choices=("auto", "float32", "bfloat16", "float16"),
        help="auto (default) takes what the device does well",
    )
    parser.add_argument(
        "--threads", type=at_least_one, metavar="N",
        help="processor threads (default: one a core)",
    )  # fmt: skip


def add_simulator_options(parser: argparse.ArgumentParser) -> None:
    """``--option`` of verbs that draw from a simulator."""
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE",
        help="of the simulator, as in a recipe's [simulator] options; may be repeated",
    )  # fmt: skip


def add_label_options(parser: Any) -> None:
    """Where labelled data have what; for verbs that train or evaluate on them."""
    parser.add_argument(
        "--path", default="path", metavar="COLUMN", help="column of paths (path)"
    )
    parser.add_argument("--array", metavar="NAME", help="array of the objects in npz or HDF5")
    parser.add_argument(
        "--class", dest="classes", action="append", default=[], metavar="LABEL=CLASS",
        help="rename or merge labels; those that are not named are left out; may be repeated",
    )  # fmt: skip


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """``--fit`` and ``--accept-band``: how files are read."""
    parser.add_argument(
        "--fit", choices=("exact", "crop", "resample"), default="exact",
        help="what to do with larger images: flag them (default), cut out the middle, or bring "
        "them to the model's pixel scale and then cut",
    )  # fmt: skip
    parser.add_argument(
        "--accept-band", action="append", default=[], metavar="BAND",
        help="take images of this band although the model was trained on another",
    )  # fmt: skip


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """``--batch-size`` and ``--compile``: how the network is run."""
    parser.add_argument(
        "--batch-size", type=_batch_size, default="auto", help="objects a forward pass (auto)"
    )
    parser.add_argument(
        "--compile", action="store_true", help="compile the network first: for long runs"
    )


def _batch_size(text: str) -> int | str:
    if text != "auto" and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"must be 'auto' or a positive number, is {text!r}")
    return text if text == "auto" else int(text)


def at_least_one(text: str) -> int:
    """A whole number from one up, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, is {value}")
    return value


def positive(text: str) -> float:
    """A finite number above zero, for argparse."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be above 0, is {text}")
    return value


def not_negative(text: str) -> int:
    """A whole number from zero up, for argparse."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, is {value}")
    return value


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, the header first."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def note(text: str) -> None:
    """Say something to people that is not the result: on standard error."""
    print(text, file=sys.stderr)


def note_engine(engine: InferenceEngine) -> None:
    """Say where a network did not run as was wished, and what compiling took."""
    if engine.note:
        note(engine.note)
    if engine.compile_seconds is not None:
        note(f"compiling took {engine.compile_seconds:.0f} s")


def human_size(size: float) -> str:
    """Bytes for people.

    >>> human_size(7_043_000)
    '7.0 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[..., None]]:
    """A bar with rate and time left on standard error; nothing where that is no terminal.

    Yields ``update(done, total, text="")``.
    """
    if not sys.stderr.isatty():
        yield lambda *_, **__: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None, rate="", text="")

        def update(done: int, total: int, text: str = "") -> None:
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{done / elapsed:.0f}/s" if elapsed > 0 else ""
            bar.update(task, completed=done, total=total, rate=rate, text=text)

        yield update
