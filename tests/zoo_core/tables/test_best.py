"""The first rows of many pieces are those of the whole."""

import itertools

import numpy as np
import pytest

from zoo_core.tables import Column, PredictionTable, best_rows


def pieces_of(values, sizes):
    """Pieces of these lengths: the value, and the number of the row."""
    edges = np.cumsum([0, *sizes])
    for first, last in itertools.pairwise(edges):
        yield PredictionTable(
            [Column("p"), Column("row"), Column("name")],
            {
                "p": values[first:last],
                "row": np.arange(first, last),
                "name": [f"{'x' * (row % 7)}{row}" for row in range(first, last)],
            },
        )


@pytest.mark.parametrize("descending", [True, False])
def test_best_rows_are_those_of_the_whole(descending):
    """With ties in the order of the rows, and without those that have no value."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 12, 100).astype(float)
    values[rng.choice(100, 30, replace=False)] = np.nan
    best = best_rows(pieces_of(values, [13, 0, 40, 1, 46]), "p", 25, descending=descending)

    keys = np.where(np.isnan(values), np.inf, -values if descending else values)
    expected = np.argsort(keys, kind="stable")[:25]
    assert best["row"].tolist() == expected.tolist()
    assert best["name"].tolist() == [f"{'x' * (row % 7)}{row}" for row in expected]


def test_no_value_is_no_row():
    """And no piece is no table."""
    assert len(best_rows(pieces_of(np.full(5, np.nan), [2, 3]), "p", 9)) == 0
    assert best_rows([], "p", 9) is None
