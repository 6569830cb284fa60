"""``zoo predict --tiles``: objects of a catalogue, cut out of large images."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._common import (
    at_least_one,
    note,
    note_engine,
    positive,
    print_json,
    print_table,
    progress_bar,
)
from ._sheet import check_sheet_option, printed, sheet_of_run

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from ..models import Model
    from ..survey import Catalog, Summary, Tile, Windows

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
        "--slide", nargs="?", type=positive, const=0.0, metavar="PIXELS",
        help="without a catalogue: windows all over the tiles, so many of the model's pixels "
        "from each other; without a number, as far as the model's card allows",
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
    group.add_argument(
        "--engine", metavar="NAME",
        help="who computes the parts: in-process (default), ray for a cluster or all processes "
        "of a machine, or a plugin's",
    )  # fmt: skip
    group.add_argument(
        "--workers", type=at_least_one, metavar="N",
        help="of the engine, each with a model of its own (with ray: as many as the cluster "
        "has room for, with --threads each, or 4)",
    )  # fmt: skip


def is_on_tiles(arguments: argparse.Namespace) -> bool:
    """Whether the command is about large images.

    Raises
    ------
    UsageError
        Only half of what that needs is given, or files beside it.
    """
    if not arguments.tiles:
        for name in ("catalog", "id", "ra", "dec", "size", "part_rows", "engine", "workers"):
            if getattr(arguments, name):
                raise UsageError(
                    f"--{name.replace('_', '-')} is for --tiles, which is missing."
                )
        for name, is_given in (
            ("resume", arguments.resume), ("slide", arguments.slide is not None),
        ):  # fmt: skip
            if is_given:
                raise UsageError(f"--{name} is for --tiles, which is missing.")
        return False
    if bool(arguments.catalog) == (arguments.slide is not None):
        raise UsageError(
            "--tiles needs one of --catalog, the positions of the objects to cut out, and "
            "--slide, for windows all over the tiles."
        )
    if arguments.slide is not None:
        for name in ("id", "ra", "dec"):
            if getattr(arguments, name):
                raise UsageError(f"--{name} is a column of --catalog, which is missing.")
    if arguments.inputs:
        raise UsageError(
            f"--tiles takes the place of files, but {arguments.inputs[0]} is given too."
        )
    return True


def predict_on_tiles(arguments: argparse.Namespace, choose: Callable[[Model], Model]) -> int:
    """Run over the catalogue and say what came out; ``choose`` as ``predict`` takes it."""
    check_sheet_option(arguments)
    from .._zoo import default_zoo
    from ..survey import (
        IN_PROCESS,
        SurveyOptions,
        find_engine,
        find_profile,
        find_tiles,
        flux_notes,
        make_origin,
        run_survey,
    )

    plugins = default_zoo().plugins
    engine = find_engine(arguments.engine or IN_PROCESS, plugins, workers=arguments.workers)
    model = choose(
        default_zoo().load(
            arguments.name,
            device=arguments.device,
            precision=arguments.precision,
            threads=arguments.threads,
        )
    )
    spec = model.card.inputs[0]
    bands = tuple(arguments.accept_band) or tuple(band.name for band in spec.bands)
    profile = find_profile(arguments.survey, plugins)
    tiles = find_tiles(arguments.tiles, bands, profile)
    catalog = _objects(arguments, model, tiles)
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
    origin = make_origin(
        model.found.full_name,
        arguments.tiles,
        survey=arguments.survey,
        bands=bands,
        size=options.size,
        resample=options.resample,
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
                engine=engine,
                progress=progress,
                origin=origin.to_json(),
            )
    except KeyboardInterrupt:
        note(f"zoo: interrupted; the same command with --resume goes on in {arguments.output}")
        return _INTERRUPTED
    note_engine(model.engine(compile=arguments.compile, batch_size=arguments.batch_size))
    seconds = time.monotonic() - started
    if arguments.sheet:
        sheet_of_run(arguments, model, tiles, options)
    return _report(arguments, model, catalog, summary, seconds)


def _objects(
    arguments: argparse.Namespace, model: Model, tiles: Sequence[Tile]
) -> Catalog | Windows:
    from ..survey import Windows, image_input, open_catalog

    if arguments.slide is None:
        return open_catalog(
            arguments.catalog, id=arguments.id, ra=arguments.ra, dec=arguments.dec
        )
    return Windows(
        tiles,
        image_input(model, size=arguments.size),
        stride=arguments.slide or None,
        resample=not arguments.no_resample,
    )


def _report(
    arguments: argparse.Namespace,
    model: Model,
    catalog: Catalog | Windows,
    summary: Summary,
    seconds: float,
) -> int:
    from ..prediction import is_predicted
    from ..sheets import first_rows
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
                **({"sheet": str(arguments.sheet)} if arguments.sheet else {}),
            }
        )
    elif printed(arguments) and model.task.ranking:
        parts = open_parts(arguments.output)
        best = first_rows(parts, model.task, printed(arguments))
        names = ["id", "ra", "dec", *(c.name for c in model.task.columns), "flag"]
        if best is not None:
            rows = [tuple(_cell(row[name]) for name in names) for row in best.rows()]
            print_table([name.upper() for name in names], rows)
    size = summary.bytes / 2**20
    note(
        f"{summary.rows} rows of {catalog.name} in {summary.parts} parts "
        f"({size:.1f} MiB) in {arguments.output}"
    )
    for flag, count in flags.items():
        note(f"  {count} flagged {flag}")
    is_of_use = not catalog.count or any(
        is_predicted(table, model.task).any() for table in open_parts(arguments.output)
    )
    return 0 if is_of_use else _NOTHING_USABLE


def _cell(value: object) -> str:
    return f"{value:.5f}" if isinstance(value, float) else str(value)
