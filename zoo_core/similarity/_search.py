"""Nearest neighbours by looking at every vector once: exact, and flat in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ..tables import Best
from ._vectors import FEATURES, vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from ..tables import PredictionTable
    from ._queries import Query
    from ._vectors import Vectors

#: How far two vectors are from each other, by name.
METRICS = {
    "cosine": "one less the cosine of their angle: 0 for one direction, 2 for opposite ones",
    "euclidean": "the length of their difference",
}

#: Rows of which distances are computed at once, in double precision.
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """A query and its neighbours, the nearest first.

    ``neighbours`` has the columns of the table without the features, and ``distance``.
    """

    query: Query
    neighbours: PredictionTable


def nearest(
    vectors: Vectors,
    queries: Sequence[Query],
    *,
    count: int = 20,
    metric: str = "cosine",
    progress: Callable[[int, int], None] | None = None,
) -> list[Found]:
    """The nearest neighbours of some objects among all rows with a vector.

    Parameters
    ----------
    vectors : Vectors
        Gone through once. A query's own row is no neighbour of it.
    queries : sequence of Query
        The objects.
    count : int
        Neighbours of each; of equally near ones the first of the table.
    metric : str
        One of ``METRICS``.
    progress : callable, optional
        Called with (rows done, rows in all).

    Returns
    -------
    list of Found
        In the order of the queries.

    Raises
    ------
    UsageError
        An unknown metric, or no neighbour asked for.
    InputError
        Vectors of another length, or a query of length zero whose angle is to be measured.
    """
    import numpy as np

    if metric not in METRICS:
        raise UsageError(f"the metric is one of {', '.join(METRICS)}, not {metric!r}.")
    if count < 1:
        raise UsageError(f"at least one neighbour must be asked for, not {count}.")
    for query in queries:
        if metric == "cosine" and not query.vector.any():
            raise InputError(
                f"the vector of {query.id!r} is zero and has no direction: take --metric "
                "euclidean."
            )
    best = [Best("distance", count, descending=False) for _ in queries]
    first = 0
    for piece in vectors:
        array = vectors_of(piece)
        if array is None:
            distances = np.full((len(queries), len(piece)), np.nan)
        else:
            distances = _distances(array, queries, metric)
        bare = piece.without(FEATURES, "distance")
        for query, kept, own in zip(queries, best, distances, strict=True):
            if first <= query.row < first + len(piece):
                own[query.row - first] = np.nan
            kept.add(bare.with_column("distance", own, description=METRICS[metric]))
        first += len(piece)
        if progress:
            progress(first, vectors.rows)
    return [
        Found(query, kept.table)
        for query, kept in zip(queries, best, strict=True)
        if kept.table is not None
    ]


def _distances(array: np.ndarray, queries: Sequence[Query], metric: str) -> np.ndarray:
    """``(query, n)``, float64; NaN in rows without a vector or, for an angle, a direction."""
    import numpy as np

    wanted = np.stack([query.vector for query in queries])
    if wanted.shape[1] != array.shape[1]:
        raise InputError(
            f"the vectors of the table have {array.shape[1]} numbers, that of "
            f"{queries[0].id!r} has {wanted.shape[1]}: they are of different models."
        )
    measure = _cosine if metric == "cosine" else _euclidean
    found = np.empty((len(wanted), len(array)))
    for start in range(0, len(array), _AT_ONCE):
        rows = array[start : start + _AT_ONCE].astype(np.float64)
        found[:, start : start + len(rows)] = measure(wanted, rows)
    return found


def _cosine(wanted: np.ndarray, rows: np.ndarray) -> np.ndarray:
    import numpy as np

    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    lengths[lengths == 0] = np.nan
    directions = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    # A rounding below zero is zero.
    return np.asarray(np.maximum(1.0 - (directions @ rows.T) / lengths, 0.0))


def _euclidean(wanted: np.ndarray, rows: np.ndarray) -> np.ndarray:
    import numpy as np

    # Not by the squares of each: they would cancel for what is near.
    return np.stack([np.linalg.norm(rows - one, axis=1) for one in wanted])
