"""A whole run: a catalogue and tiles in, a folder of parts out."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._engine import InProcess
from ._maker import WorkerMaker
from ._parts import open_output
from ._worker import image_input

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..models import Model
    from ._catalog import Catalog, Positions
    from ._engine import Engine
    from ._parts import Output, Summary
    from ._tile import PlaneRef, Tile
    from ._windows import Windows

#: Objects of a part: half a minute of a small network on a processor, which is what a kill
#: costs, and a parquet file of a megabyte.
PART_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class SurveyOptions:
    """What a run may be told.

    Parameters
    ----------
    size : tuple of int
        Pixels to cut, for a model that takes any size.
    resample : bool
        Whether cutouts of another pixel scale are resampled to the model's.
    part_rows : int
        Objects of a part.
    compile : bool
        As ``Model.engine`` takes it.
    batch_size : int or "auto"
        As ``Model.engine`` takes it.
    """

    size: tuple[int, ...] = ()
    resample: bool = True
    part_rows: int = PART_ROWS
    compile: bool = False
    batch_size: int | str = "auto"


def run_survey(
    model: Model,
    catalog: Catalog | Windows,
    tiles: Sequence[Tile],
    folder: str | os.PathLike[str],
    *,
    options: SurveyOptions | None = None,
    resumes: bool = False,
    overwrite: bool = False,
    engine: Engine | None = None,
    progress: Callable[[int, int], None] | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Summary:
    """Predict for every object of a catalogue; each is in the output once, in its order.

    Parameters
    ----------
    model : Model
        Of one image.
    catalog : Catalog or Windows
        The objects, or windows all over the tiles.
    tiles : sequence of Tile
        Where they are cut from, for the model's bands.
    folder : path
        The parts go here.
    options : SurveyOptions, optional
        Everything else.
    resumes : bool
        Go on with the parts that lie in the folder; a finished run is left as it is.
    overwrite : bool
        Begin anew.
    engine : Engine, optional
        Who does it; this process by default.
    progress : callable, optional
        Called with (objects done, objects in all).
    origin : mapping of str to Any, optional
        Where tiles were found (``Origin.to_json``), for those who want cutouts of rows later.

    Returns
    -------
    Summary
        Of the whole output, with what earlier runs did.

    Raises
    ------
    UsageError, OutputError, InputError
        As ``image_input``, ``open_output`` and ``Catalog.pieces``. What is wrong with an object
        or a tile becomes a flag and a reason in its row.
    """
    options = options or SurveyOptions()
    spec = image_input(model, size=options.size)
    make = WorkerMaker(
        model,
        tiles,
        spec=spec,
        resample=options.resample,
        compile=options.compile,
        batch_size=options.batch_size,
    )
    template = make().template(next(catalog.pieces(1), None))
    wanted = {
        **model.provenance(),
        "catalog": catalog.identity,
        "tiles": _fingerprint(tiles),
        "size": list(spec.size),
        "resample": options.resample,
    }
    with open_output(
        Path(folder),
        wanted,
        template,
        rows=catalog.count,
        part_rows=options.part_rows,
        resumes=resumes,
        overwrite=overwrite,
        origin=origin,
    ) as output:
        done = output.summary().rows_done

        def tell(count: int) -> None:
            nonlocal done
            done += count
            if progress:
                progress(done, catalog.count)

        if not output.is_finished:
            parts = _parts(catalog, output, options.part_rows)
            # Whatever ends the run: an engine must not wait for the collector to clean up.
            with closing((engine or InProcess()).run(make, parts, progress=tell)) as tables:
                for number, table in tables:
                    output.write(number, table)
        return output.summary()


def _parts(
    catalog: Catalog | Windows, output: Output, part_rows: int
) -> Iterator[tuple[int, Positions]]:
    """The parts that are missing, read in one pass over the catalogue."""
    # A part that is written while others are read is no longer missing.
    missing = [number for number, _, _ in output.missing]
    wanted = set(missing)
    start = missing[0]
    pieces = catalog.pieces(part_rows, start=start * part_rows)
    for number, positions in enumerate(pieces, start=start):
        if number in wanted:
            yield number, positions


def _fingerprint(tiles: Sequence[Tile]) -> dict[str, Any]:
    """What makes them the same tiles: names of files, shapes, headers; not their folder."""
    digest = hashlib.sha256()
    for tile in tiles:
        planes = [None if plane is None else _description(plane) for plane in tile.planes]
        digest.update(json.dumps(planes).encode())
    return {"count": len(tiles), "sha256": digest.hexdigest()}


def _description(plane: PlaneRef) -> list[Any]:
    return [plane.image.path.name, plane.cards, *plane.shape, plane.nanojansky]
