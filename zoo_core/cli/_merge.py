"""``zoo merge``: the parts of a survey run as one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ._common import add_verb, human_size, note, print_json, progress_bar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from ..survey import Parts
    from ..tables import PredictionTable
    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "merge",
        run,
        summary="write the parts of a survey run as one table",
        examples=(
            "zoo merge out/ -o table.parquet",
            "zoo merge out/ -o table.fits --overwrite",
            "zoo merge out/ -o so-far.csv --unfinished",
        ),
    )
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="what 'zoo predict --tiles' has written"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, type=Path,
        help="table to write: .parquet, .csv, .ecsv or .fits",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing OUT")
    parser.add_argument(
        "--unfinished", action="store_true", help="take the parts that are there so far"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, write part after part, and say what came out."""
    from ..survey import open_parts
    from ..tables import write_pieces

    parts = open_parts(arguments.folder)
    _check(parts, arguments.output, unfinished=arguments.unfinished)
    started = time.monotonic()
    with progress_bar("merge") as progress:
        pieces = _Reported(parts, progress)
        write_pieces(pieces, arguments.output, overwrite=arguments.overwrite)
    size = arguments.output.stat().st_size
    if arguments.json:
        print_json(
            {
                "output": str(arguments.output),
                "rows": parts.rows,
                "parts": len(parts),
                "finished": parts.is_finished,
                "flags": parts.flags,
                "bytes": size,
                "seconds": round(time.monotonic() - started, 3),
            }
        )
        return 0
    print(f"{parts.rows} rows of {len(parts)} parts: {arguments.output}, {human_size(size)}")
    for flag, count in parts.flags.items():
        note(f"  {count} flagged {flag}")
    return 0


def _check(parts: Parts, output: Path, *, unfinished: bool) -> None:
    """Raise where there is nothing to merge, or the result would become one of the parts."""
    from ..errors import InputError, UsageError

    if output.resolve().parent == parts.folder.resolve():
        raise UsageError(
            f"{output} lies among the parts, and whoever reads the folder would find each "
            "object twice: write it elsewhere."
        )
    if len(parts) < parts.manifest.parts and not unfinished:
        raise InputError(
            f"{parts.folder} holds {len(parts)} of {parts.manifest.parts} parts. Finish the "
            "run with --resume; or --unfinished takes the parts that are there."
        )
    if not len(parts):
        raise InputError(f"{parts.folder} holds no part yet.")


class _Reported:
    """Parts that say how far one is; gone through once or more, as their writer likes."""

    def __init__(self, parts: Parts, progress: Callable[..., None]):
        self._parts = parts
        self._progress = progress

    def __iter__(self) -> Iterator[PredictionTable]:
        done = 0
        for table in self._parts:
            yield table
            done += len(table)
            self._progress(done, self._parts.rows)
