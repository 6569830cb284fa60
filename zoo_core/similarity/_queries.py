"""The objects that others are to be like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import InputError, UnknownName
from ._near import NearIds
from ._vectors import FEATURES, vectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ..tables import PredictionTable
    from ._vectors import Vectors


@dataclass(frozen=True, slots=True)
class Query:
    """An object with its vector.

    Parameters
    ----------
    id : str
        What it is called.
    vector : numpy.ndarray
        ``(d,)``, float64.
    row : int
        Where it stands in the table that is searched; -1 if it is from elsewhere.
    table : PredictionTable
        Its one row, without the features.
    """

    id: str
    vector: np.ndarray
    row: int
    table: PredictionTable


def find_queries(vectors: Vectors, ids: Sequence[str]) -> list[Query]:
    """Find objects by their ids; of several rows with one id the first.

    Parameters
    ----------
    vectors : Vectors
        Where they are looked for; gone through until all are found.
    ids : sequence of str
        As they are written in the table.

    Raises
    ------
    UnknownName
        One is not there; with the nearest that are.
    InputError
        One has no vector, with the reason of its row.
    """
    import numpy as np

    wanted = list(dict.fromkeys(ids))
    near = {identity: NearIds(identity) for identity in wanted}
    found: dict[str, Query] = {}
    first = 0
    for piece in vectors:
        column = piece["id"].astype(str)
        for identity in wanted:
            if identity in found:
                continue
            rows = np.flatnonzero(column == identity)
            if len(rows):
                found |= {identity: _query(piece.take(rows[:1]), first + int(rows[0]))}
            else:
                near[identity].look_at(column)
        if len(found) == len(wanted):
            break
        first += len(piece)
    for identity in wanted:
        if identity not in found:
            raise UnknownName(
                f"no object {identity!r} among the {vectors.rows:,} of {vectors.path}."
                f"{near[identity].suggestion()}"
            )
    return [found[identity] for identity in wanted]


def make_queries(table: PredictionTable) -> list[Query]:
    """Objects from elsewhere, such as ``Model.embed`` gives them.

    Raises
    ------
    InputError
        One has no vector.
    """
    return [replace(_query(table.take([row]), -1), row=-1) for row in range(len(table))]


def _query(table: PredictionTable, row: int) -> Query:
    import numpy as np

    identity = str(table["id"][0])
    array = vectors_of(table)
    if array is None or not np.isfinite(array).all():
        told = [str(table[name][0]) for name in ("flag", "reason") if name in table]
        why = ": ".join(text for text in told if text) or "nothing says why"
        raise InputError(f"{identity!r} has no feature vector ({why}).")
    return Query(identity, array[0].astype(np.float64), row, table.without(FEATURES))
