"""Tables of feature vectors, gone through piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..survey import open_parts, read_origin
from ..tables import open_pieces

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np

    from ..survey import Origin
    from ..tables import PredictionTable

#: The column that holds them.
FEATURES = "features"


class Vectors:
    """Rows with feature vectors; ``open_vectors`` makes one.

    Iterating gives pieces of which one is in memory at a time, each time in the same order.

    Attributes
    ----------
    path : pathlib.Path
        Of the file or folder.
    rows : int
        Rows in all.
    meta : mapping of str to str
        What the table says about itself, such as the model.
    origin : Origin or None
        Where cutouts of the rows were made, if that is known.
    note : str
        What a user should know; empty if nothing.
    """

    def __init__(
        self,
        path: Path,
        pieces: Iterable[PredictionTable],
        *,
        rows: int,
        origin: Origin | None = None,
        note: str = "",
    ):
        self.path = path
        self._pieces = pieces
        self.rows = rows
        self.origin = origin
        self.note = note
        self.meta: Mapping[str, str] = {}
        for piece in pieces:
            self.meta = piece.meta
            self._check(piece)
            break

    def __repr__(self) -> str:
        return f"<Vectors {self.path}: {self.rows} rows>"

    def __iter__(self) -> Iterator[PredictionTable]:
        return iter(self._pieces)

    def _check(self, table: PredictionTable) -> None:
        lacking = [name for name in ("id", FEATURES) if name not in table]
        if lacking:
            raise InputError(
                f"{self.path} has no column {' and none '.join(lacking)}; it has "
                f"{', '.join(table.names)}. 'zoo embed' writes tables of features."
            )


def open_vectors(path: str | os.PathLike[str]) -> Vectors:
    """Open a table that ``zoo embed`` wrote: a file, or the folder of a run.

    Raises
    ------
    InputError
        There is no such table, or it has no features.
    """
    place = Path(path)
    if not place.is_dir():
        pieces = open_pieces(place)
        return Vectors(place, pieces, rows=pieces.rows)
    parts = open_parts(place)
    if not len(parts):
        raise InputError(f"{place} holds no part yet: finish the run with --resume.")
    missing = parts.manifest.parts - len(parts)
    note = (
        f"{place} holds {len(parts)} of {parts.manifest.parts} parts: only these are looked at"
        if missing
        else ""
    )
    return Vectors(
        place, parts, rows=parts.rows, origin=read_origin(parts.manifest.origin), note=note
    )


def vectors_of(table: PredictionTable) -> np.ndarray | None:
    """``(n, d)``, NaN in rows without one; None if no row has one."""
    array = table[FEATURES]
    # Where nothing was usable, nobody knows how long a vector is.
    if array.ndim == 1:
        return None
    return array.reshape(len(array), -1)
