"""``zoo predict --tiles``: objects of a catalogue, cut out of large images."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._common import at_least_one, note, note_engine, print_json, print_table, progress_bar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ..models import Model
    from ..survey import Catalog, Summary
    from ..tables import PredictionTable

_INTERRUPTED = 130
_NOTHING_USABLE = 7


def add_survey_options(parser: argparse.ArgumentParser) -> None:
    """What says where objects are cut from, and into which parts they go."""
    group = parser.add_argument_group("large images (OUT is a folder of parquet parts then)")
    group.add_argument(
        "--tiles", action="append", default=[], metavar="PATTERN",
        help="large FITS images, such as 'tile_*_{band}.fits*'; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--catalog", metavar="FILE",
        help="positions of the objects: parquet, csv, ecsv, FITS table, VOTable",
    )  # fmt: skip
    group.add_argument(
        "--survey", metavar="PROFILE", default="plain",
        help="conventions of the images: plain (default), sdss-frame, legacy-brick, "
        "lsst-calexp, kids, euclid, or a plugin's",
    )  # fmt: skip
    for name, told in (
        ("id", "identifiers"), ("ra", "right ascensions"), ("dec", "declinations"),
    ):  # fmt: skip
        group.add_argument(f"--{name}", metavar="COLUMN", help=f"column of {told}")
    group.add_argument(
        "--size", nargs="+", type=at_least_one, default=[], metavar="N",
        help="pixels to cut, for a model that takes any size",
    )  # fmt: skip
    group.add_argument(
        "--no-resample", action="store_true",
        help="keep pixels of another scale than the model's, with a flag",
    )  # fmt: skip
    group.add_argument(
        "--part-rows", type=at_least_one, metavar="N", help="objects of a part (20000)"
    )
    group.add_argument(
        "--resume", action="store_true", help="go on with the parts that are in OUT"
    )


def is_on_tiles(arguments: argparse.Namespace) -> bool:
    """Whether the command is about large images.

    Raises
    ------
    UsageError
        Only half of what that needs is given, or files beside it.
    """
    if not arguments.tiles:
        for name in ("catalog", "id", "ra", "dec", "size", "part_rows"):
            if getattr(arguments, name):
                raise UsageError(
                    f"--{name.replace('_', '-')} is for --tiles, which is missing."
                )
        if arguments.resume:
            raise UsageError("--resume is for --tiles, which is missing.")
        return False
    if not arguments.catalog:
        raise UsageError("--tiles needs --catalog, the positions of the objects to cut out.")
    if arguments.inputs:
        raise UsageError(
            f"--tiles takes the place of files, but {arguments.inputs[0]} is given too."
        )
    return True


def predict_on_tiles(arguments: argparse.Namespace) -> int:
    """Run over the catalogue and say what came out."""
    from .._zoo import default_zoo
    from ..survey import (
        SurveyOptions,
        find_profile,
        find_tiles,
        flux_notes,
        open_catalog,
        run_survey,
    )

    model = default_zoo().load(
        arguments.name,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
    )
    spec = model.card.inputs[0]
    bands = tuple(arguments.accept_band) or tuple(band.name for band in spec.bands)
    profile = find_profile(arguments.survey, default_zoo().plugins)
    tiles = find_tiles(arguments.tiles, bands, profile)
    catalog = open_catalog(
        arguments.catalog, id=arguments.id, ra=arguments.ra, dec=arguments.dec
    )
    for remark in (*catalog.notes, *flux_notes(tiles, [band.unit for band in spec.bands])):
        note(remark)
    for tile in tiles:
        if tile.problem:
            note(f"{tile.name}: {tile.problem.reason}")
    options = SurveyOptions(
        size=tuple(arguments.size),
        resample=not arguments.no_resample,
        compile=arguments.compile,
        batch_size=arguments.batch_size,
        **({"part_rows": arguments.part_rows} if arguments.part_rows else {}),
    )
    started = time.monotonic()
    try:
        with progress_bar(model.card.name) as progress:
            summary = run_survey(
                model,
                catalog,
                tiles,
                arguments.output,
                options=options,
                resumes=arguments.resume,
                overwrite=arguments.overwrite,
                progress=progress,
            )
    except KeyboardInterrupt:
        note(f"zoo: interrupted; the same command with --resume goes on in {arguments.output}")
        return _INTERRUPTED
    note_engine(model.engine(compile=arguments.compile, batch_size=arguments.batch_size))
    return _report(arguments, model, catalog, summary, time.monotonic() - started)


def _report(
    arguments: argparse.Namespace,
    model: Model,
    catalog: Catalog,
    summary: Summary,
    seconds: float,
) -> int:
    from ..prediction import is_predicted
    from ..survey import open_parts

    flags = dict(sorted(summary.flags.items()))
    if arguments.json:
        print_json(
            {
                "output": str(arguments.output),
                **model.provenance(),
                "rows": summary.rows,
                "parts": summary.parts,
                "flags": flags,
                "seconds": round(seconds, 3),
            }
        )
    elif arguments.top and model.task.ranking:
        best = best_rows(open_parts(arguments.output), model.task.ranking, arguments.top)
        names = ["id", "ra", "dec", *(c.name for c in model.task.columns), "flag"]
        rows = [tuple(_cell(row[name]) for name in names) for row in best.rows()]
        if rows:
            print_table([name.upper() for name in names], rows)
    size = summary.bytes / 2**20
    note(
        f"{summary.rows} rows of {Path(arguments.catalog).name} in {summary.parts} parts "
        f"({size:.1f} MiB) in {arguments.output}"
    )
    for flag, count in flags.items():
        note(f"  {count} flagged {flag}")
    is_of_use = not catalog.count or any(
        is_predicted(table, model.task).any() for table in open_parts(arguments.output)
    )
    return 0 if is_of_use else _NOTHING_USABLE


def best_rows(parts: Iterable[PredictionTable], ranking: str, count: int) -> PredictionTable:
    """The rows that rank first in all parts, of which one is in memory at a time."""
    best: PredictionTable | None = None
    for table in parts:
        ranked = table.sorted_by(ranking).head(count)
        best = ranked if best is None else _joined(best, ranked).sorted_by(ranking).head(count)
    assert best is not None  # noqa: S101 - for mypy: there is always a part
    return best


def _joined(first: PredictionTable, second: PredictionTable) -> PredictionTable:
    import numpy as np

    from ..tables import PredictionTable

    values = {name: np.concatenate([first[name], second[name]]) for name in first.names}
    return PredictionTable(first.columns, values, meta=first.meta)


def _cell(value: object) -> str:
    return f"{value:.5f}" if isinstance(value, float) else str(value)
