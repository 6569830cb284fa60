"""``zoo similar``: the objects of a table of features that are most like some of them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._common import (
    add_device_options,
    add_verb,
    at_least_one,
    note,
    print_json,
    print_table,
    progress_bar,
)
from ._sheet import short, tell_missing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    import numpy as np

    from ..cards import Card, InputSpec
    from ..similarity import Found, Query, Vectors
    from ..survey import Origin
    from ..tables import PredictionTable
    from ._common import Verbs

_NOTHING_FOUND = 7


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "similar",
        run,
        summary="find the objects whose features are nearest to an object's",
        examples=(
            "zoo similar cutout-0007 --in features.parquet",
            "zoo similar 587722982 587722983 --in out/ -n 50 --sheet similar.png",
            "zoo similar 42 --in out/ --metric euclidean -o neighbours.ecsv",
            "zoo similar --image new.fits --in features.parquet --sheet similar.png",
        ),
    )
    parser.add_argument("ids", metavar="ID", nargs="*", help="objects of the table")
    parser.add_argument(
        "--in", dest="table", metavar="TABLE", required=True, type=Path,
        help="what 'zoo embed' has written: a table, or the folder of a run",
    )  # fmt: skip
    parser.add_argument(
        "-n", dest="count", type=at_least_one, default=20, metavar="N",
        help="neighbours of each object (20)",
    )  # fmt: skip
    parser.add_argument(
        "--metric", choices=("cosine", "euclidean"), default="cosine",
        help="what near means (cosine)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path,
        help="also write a table: .parquet, .csv, .ecsv or .fits",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing OUT")
    parser.add_argument(
        "--image", action="append", default=[], metavar="FILE",
        help="an object that is not in the table; the model of the table is run on it",
    )  # fmt: skip
    parser.add_argument(
        "--sheet", metavar="PNG", type=Path,
        help="draw each object, framed, and its neighbours; replaces an older one",
    )  # fmt: skip
    group = parser.add_argument_group("where pixels are, if the table does not know")
    group.add_argument("--model", metavar="NAME", help="model that the features are of")
    group.add_argument(
        "--tiles", action="append", default=[], metavar="PATTERN",
        help="large images that the objects were cut from, as 'zoo embed' takes them",
    )  # fmt: skip
    group.add_argument("--survey", metavar="PROFILE", help="conventions of the images")
    group.add_argument(
        "--size", nargs="+", type=at_least_one, default=[], metavar="N",
        help="pixels of a cutout, for a model that takes any size",
    )  # fmt: skip
    group.add_argument(
        "--accept-band", action="append", default=[], metavar="BAND",
        help="band that was taken although the model was trained on another",
    )  # fmt: skip
    add_device_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find the objects, then their neighbours; print, write, draw."""
    from ..similarity import find_queries, nearest, open_vectors

    if not arguments.ids and not arguments.image:
        raise UsageError("say which object: an ID of the table, or --image FILE.")
    _check_outputs(arguments)
    started = time.monotonic()
    vectors = open_vectors(arguments.table)
    if vectors.note:
        note(vectors.note)
    source = _Source(arguments, vectors)
    queries = find_queries(vectors, arguments.ids) if arguments.ids else []
    queries += source.queries()
    if arguments.sheet:
        source.check(len(queries) * (arguments.count + 1))
    with progress_bar("similar") as progress:
        found = nearest(
            vectors, queries, count=arguments.count, metric=arguments.metric, progress=progress
        )
    seconds = time.monotonic() - started
    table = _table(found, vectors)
    if arguments.output:
        from ..tables import write_table

        write_table(table, arguments.output, overwrite=arguments.overwrite)
    _report(arguments, vectors, found, seconds)
    if arguments.sheet and len(table):
        source.draw(found)
    return 0 if len(table) else _NOTHING_FOUND


def _check_outputs(arguments: argparse.Namespace) -> None:
    if arguments.output:
        from ..tables import check_output

        check_output(arguments.output, overwrite=arguments.overwrite)
    for path in (arguments.output, arguments.sheet):
        if path and path.resolve().parent == arguments.table.resolve():
            raise UsageError(
                f"{path} lies among the parts of the table: write it somewhere else."
            )
    if arguments.sheet:
        from ..plots import check_sheet

        check_sheet(arguments.sheet, arguments.count + 1)


def _table(found: Sequence[Found], vectors: Vectors) -> PredictionTable:
    """Neighbours of all queries: ``query``, ``rank`` from 1, and what ``nearest`` gives."""
    import numpy as np

    from ..tables import Column, PredictionTable

    tables = [one.neighbours for one in found]
    lengths = [len(table) for table in tables]
    names = [name for name in tables[0].names if name not in ("query", "rank")]
    values = {
        "query": np.repeat([one.query.id for one in found], lengths),
        "rank": np.concatenate([np.arange(1, length + 1) for length in lengths]),
        **{name: np.concatenate([table[name] for table in tables]) for name in names},
    }
    told = {column.name: column for column in tables[0].columns}
    columns = (
        Column("query", "the object whose neighbours these are", is_text=True),
        Column("rank", "1 for the nearest"),
        *(told[name] for name in names),
    )
    return PredictionTable(columns, values, meta=vectors.meta)


def _report(
    arguments: argparse.Namespace, vectors: Vectors, found: Sequence[Found], seconds: float
) -> None:
    if arguments.json:
        print_json(
            {
                "table": str(arguments.table),
                "rows": vectors.rows,
                "metric": arguments.metric,
                "seconds": round(seconds, 3),
                "objects": [
                    {
                        "id": one.query.id,
                        "neighbours": [_plain(row) for row in one.neighbours.rows()],
                    }
                    for one in found
                ],
            }
        )
        return
    rows = [
        (one.query.id, str(rank), str(row["id"]), f"{row['distance']:.5f}", str(row["flag"]))
        for one in found
        for rank, row in enumerate(_flagged(one.neighbours.rows()), start=1)
    ]
    if rows:
        print_table(("OBJECT", "RANK", "NEIGHBOUR", "DISTANCE", "FLAG"), rows)
    else:
        note("no other row has a vector")
    note(f"{vectors.rows} rows of {arguments.table} in {seconds:.1f} s")
    if arguments.output:
        note(f"{len(rows)} rows written to {arguments.output}")


def _flagged(rows: Iterable[dict[str, object]]) -> Iterable[dict[str, object]]:
    return ({"flag": "", **row} for row in rows)


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Without what JSON cannot say: NaN."""
    return {name: None if value != value else value for name, value in row.items()}


class _Source:
    """Where pixels of the rows, and vectors of other files, come from."""

    def __init__(self, arguments: argparse.Namespace, vectors: Vectors):
        self._arguments = arguments
        self._vectors = vectors
        self._pixels_of_files: list[np.ndarray | None] = []

    @property
    def _name(self) -> str:
        """Of the model."""
        if self._arguments.model:
            return str(self._arguments.model)
        if self._vectors.origin is not None:
            return self._vectors.origin.model
        try:
            return self._vectors.meta["model"]
        except KeyError:
            raise InputError(
                f"{self._vectors.path} does not say which model its features are of: name it "
                "with --model."
            ) from None

    @property
    def _card(self) -> Card:
        from .._zoo import default_zoo

        return default_zoo().find(self._name).card

    def queries(self) -> list[Query]:
        """The objects of --image, run through the model of the table."""
        if not self._arguments.image:
            return []
        from .. import load
        from ..sheets import image_spec, pixels_of_inputs
        from ..similarity import make_queries

        arguments = self._arguments
        model = load(
            self._name,
            device=arguments.device,
            precision=arguments.precision,
            threads=arguments.threads,
        ).without_head()
        then, now = self._vectors.meta.get("weights_sha256"), model.card.weights.ref.sha256
        if then and then != now:
            raise InputError(
                f"{self._vectors.path} holds features of weights {then[:12]}, the model "
                f"{self._name} has {now[:12]}: they cannot be compared. Name the model that "
                "made the table with --model."
            )
        inputs = model.open(arguments.image, fit="crop", accept_bands=arguments.accept_band)
        queries = make_queries(model.predict_inputs(inputs))
        if arguments.sheet:
            self._pixels_of_files = pixels_of_inputs(
                inputs, range(len(inputs)), image_spec(model.card).name
            )
        return queries

    def check(self, count: int) -> None:
        """Raise where no sheet can be drawn, before the search."""
        from ..plots import check_sheet
        from ..sheets import image_spec

        check_sheet(self._arguments.sheet, count)
        image_spec(self._card)

    def draw(self, found: Sequence[Found]) -> None:
        """Draw each object and its neighbours."""
        from ..sheets import Shown, write_sheet

        arguments = self._arguments
        tables = [one.neighbours for one in found]
        own = [one.query for one in found if one.query.row >= 0]
        pixels, spec = self._pixels([query.table for query in own] + tables)
        of_objects = iter([*pixels[: len(own)], *([one] for one in self._pixels_of_files)])
        groups = [
            [
                Shown(next(of_objects)[0], (one.query.id, "looked for"), is_marked=True),
                *(
                    Shown(pixel, (str(row["id"]), f"distance {short(row['distance'])}"))
                    for pixel, row in zip(near, one.neighbours.rows(), strict=True)
                ),
            ]
            for one, near in zip(found, pixels[len(own) :], strict=True)
        ]
        title = f"nearest by {self._name}, {arguments.metric}"
        write_sheet(arguments.sheet, groups, spec, title=title)
        every = [shown.pixels for group in groups for shown in group]
        tell_missing(every)
        note(f"{len(every)} pictures in {arguments.sheet}")

    def _pixels(
        self, tables: Sequence[PredictionTable]
    ) -> tuple[list[list[np.ndarray | None]], InputSpec]:
        """Of each row of each table, and what they are."""
        from ..sheets import image_spec, pixels_of_sources, pixels_on_tiles

        card = self._card
        spec = image_spec(card)
        if "source" in tables[0] and not self._arguments.tiles:
            accepted = self._arguments.accept_band
            return [
                pixels_of_sources(table["source"].tolist(), card, accept_bands=accepted)
                for table in tables
            ], spec
        from .._zoo import default_zoo
        from ..survey import cutouts_from

        cutouts = cutouts_from(self._origin(spec), spec, default_zoo().plugins)
        return [pixels_on_tiles(table, cutouts) for table in tables], spec

    def _origin(self, spec: InputSpec) -> Origin:
        from ..survey import make_origin

        arguments, known = self._arguments, self._vectors.origin
        if known is None and not arguments.tiles:
            raise InputError(
                f"{self._vectors.path} does not say which tiles its objects were cut from: "
                "--tiles and --survey do, as for 'zoo embed'."
            )
        if known is None:
            return make_origin(
                self._name,
                arguments.tiles,
                survey=arguments.survey or "plain",
                bands=tuple(arguments.accept_band) or tuple(b.name for b in spec.bands),
                size=tuple(arguments.size),
            )
        if arguments.tiles:
            moved = make_origin(known.model, arguments.tiles, survey="", bands=())
            known = replace(known, tiles=moved.tiles)
        return replace(known, survey=arguments.survey or known.survey)
