"""``--sheet``: pictures of the best rows of a prediction, or of neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._common import note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    import numpy as np

    from ..cards import InputSpec
    from ..data import Inputs
    from ..models import Model
    from ..survey import SurveyOptions, Tile
    from ..tables import PredictionTable

#: Rows that are printed, and pictures on a sheet, unless --top says something else.
PRINTED = 10
PICTURES = 48

#: Series on a sheet, likewise.
_SERIES = 8


def add_sheet_option(parser: argparse.ArgumentParser) -> None:
    """``--sheet``."""
    parser.add_argument(
        "--sheet", metavar="PNG", type=Path,
        help="also draw the best rows: a grid of pictures, or series with their windows' "
        "scores; replaces an older one",
    )  # fmt: skip


def printed(arguments: argparse.Namespace) -> int:
    """How many rows to print."""
    return PRINTED if arguments.top is None else int(arguments.top)


def check_sheet_option(arguments: argparse.Namespace) -> None:
    """Raise where the sheet could not be written, before the work that it shows."""
    if not arguments.sheet:
        return
    from ..plots import check_sheet

    output = arguments.output
    # In a folder of parts, readers would take it for one.
    if output is not None and output.resolve() == arguments.sheet.resolve().parent:
        raise UsageError(
            f"{arguments.sheet} lies among the parts of the table: elsewhere, please."
        )
    check_sheet(arguments.sheet, _pictures(arguments))


def check_has_images(model: Model) -> None:
    """Raise ``UsageError`` if there is nothing to look at: neither images nor a series."""
    from ..sheets import image_spec, series_spec

    if series_spec(model.card) is None:
        image_spec(model.card)


def sheet_of_inputs(
    arguments: argparse.Namespace, model: Model, inputs: Inputs, table: PredictionTable
) -> None:
    """Draw the best rows of a table in the order of its inputs, read once more."""
    from ..sheets import image_spec, pixels_of_inputs, rows_to_show, series_spec

    series = series_spec(model.card)
    if series is not None:
        _draw_series(arguments, model, inputs, table, series)
        return
    rows = rows_to_show(table, model.task, _pictures(arguments))
    pixels = pixels_of_inputs(inputs, rows, image_spec(model.card).name)
    _draw(arguments, model, table.take(rows), pixels)


def sheet_of_run(
    arguments: argparse.Namespace,
    model: Model,
    tiles: Sequence[Tile],
    options: SurveyOptions,
) -> None:
    """Draw the best rows of a survey run, cut out once more; only these are in memory."""
    from ..sheets import first_rows, pixels_on_tiles
    from ..survey import Cutouts, image_input, open_parts

    table = first_rows(open_parts(arguments.output), model.task, _pictures(arguments))
    if table is None:
        note(f"no row has a prediction: {arguments.sheet} is not drawn")
        return
    spec = image_input(model, size=options.size)
    cutouts = Cutouts(tiles, spec, resample=options.resample)
    _draw(arguments, model, table, pixels_on_tiles(table, cutouts))


def _pictures(arguments: argparse.Namespace) -> int:
    return PICTURES if arguments.top is None else int(arguments.top)


def _draw_series(
    arguments: argparse.Namespace,
    model: Model,
    inputs: Inputs,
    table: PredictionTable,
    spec: InputSpec,
) -> None:
    """Draw the series with the best windows, and the score of every window below them."""
    from ..plots import MOST_SERIES, save_figure, series_figure
    from ..sheets import scanned_series

    shown = scanned_series(
        inputs,
        table,
        model.task,
        spec,
        count=min(_SERIES if arguments.top is None else int(arguments.top), MOST_SERIES),
        accept_bands=arguments.accept_band,
    )
    if not shown:
        note(f"no row has a prediction: {arguments.sheet} is not drawn")
        return
    title = f"{model.card.name} {model.card.version}"
    figure = series_figure(
        shown, score=str(model.task.ranking), value=spec.bands[0].name, title=title
    )
    save_figure(figure, arguments.sheet)
    note(f"{len(shown)} series in {arguments.sheet}")


def _draw(
    arguments: argparse.Namespace,
    model: Model,
    table: PredictionTable,
    pixels: Sequence[np.ndarray | None],
) -> None:
    from ..sheets import Shown, image_spec, write_sheet

    if not len(table):
        note(f"no row has a prediction: {arguments.sheet} is not drawn")
        return
    ranking = model.task.ranking
    if not ranking:
        note("this task ranks nothing: the sheet shows the first rows")
    names = [ranking] if ranking else [column.name for column in model.task.columns[-1:]]
    shown = [
        Shown(one, (str(row["id"]), *(f"{name} {short(row[name])}" for name in names)))
        for one, row in zip(pixels, table.rows(), strict=True)
    ]
    by = f" by {ranking}" if ranking else ""
    title = f"{model.card.name} {model.card.version}: the first {len(shown)}{by}"
    write_sheet(arguments.sheet, [shown], image_spec(model.card), title=title)
    tell_missing(pixels)
    note(f"{len(shown)} pictures in {arguments.sheet}")


def tell_missing(pixels: Sequence[np.ndarray | None]) -> None:
    """Say how many pictures could not be made."""
    missing = sum(one is None for one in pixels)
    if missing:
        note(f"{missing} of {len(pixels)} pictures could not be read again, and are left empty")


def short(value: object) -> str:
    """A value for below a picture."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:40]
