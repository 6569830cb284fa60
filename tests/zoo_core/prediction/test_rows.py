"""Rows of a prediction table: of any type and shape, with or without a prediction."""

import numpy as np
import pytest

from zoo_core.data import Sample
from zoo_core.prediction._rows import Rows
from zoo_core.tables import Column

COLUMNS = (
    Column("map", "of 2 x 2"),
    Column("count", "a whole number"),
    Column("name", "a text", is_text=True),
)


def _samples(flags):
    return [
        Sample(f"id{index}", "here", {} if flag else {"x": np.zeros(1)}, flag, flag)
        for index, flag in enumerate(flags)
    ]


def _decoded(count, value=1.0):
    return {
        "map": np.full((count, 2, 2), value, np.float32),
        "count": np.arange(count),
        "name": np.array(["long name", "b"][:count]),
    }


@pytest.fixture
def rows():
    return Rows(COLUMNS)


def test_columns_may_be_arrays_numbers_and_texts(rows):
    """Bad rows in between hold NaN and empty texts; the type of floats is kept."""
    rows.add(_samples(["", "bad", ""]), [0, 2], _decoded(2))
    table = rows.finish({})

    assert table["map"].shape == (3, 2, 2)
    assert table["map"].dtype == np.float32
    assert np.isnan(table["map"][1]).all()
    np.testing.assert_array_equal(table["count"], [0.0, np.nan, 1.0])
    assert table["name"].tolist() == ["long name", "", "b"]
    assert table["flag"].tolist() == ["", "bad", ""]


def test_a_block_of_bad_rows_may_come_first(rows):
    """Shape and type come from the blocks that do have predictions."""
    rows.add(_samples(["bad", "bad"]), [], {})
    rows.add(_samples([""]), [0], _decoded(1))
    table = rows.finish({})

    assert table["map"].shape == (3, 2, 2)
    assert table["name"].tolist() == ["", "", "long name"]
    assert len(rows) == 3


def test_nothing_but_bad_rows(rows):
    """Columns of numbers are NaN, columns of text empty."""
    rows.add(_samples(["bad"]), [], {})
    table = rows.finish({"model": "m"})

    assert np.isnan(table["map"]).all()
    assert table["name"].tolist() == [""]
    assert table.meta == {"model": "m"}


def test_an_output_that_is_not_finite_is_flagged(rows):
    """What the network cannot compute is not passed over; a warning that was there stays."""
    decoded = _decoded(2)
    decoded["map"][0] = np.nan
    decoded["map"][1, 0, 0] = np.nan
    warned = Sample("w", "here", {"x": np.zeros(1)}, "nan-filled", "2 values are NaN")
    rows.add([warned, *_samples([""])], [0, 1], decoded)
    table = rows.finish({})

    assert table["flag"].tolist() == ["nan-filled", ""]
    assert table["reason"][0].startswith("2 values are NaN; the network's output")
    rows = Rows(COLUMNS)
    rows.add(_samples([""]), [0], _decoded(1, np.inf))

    assert rows.finish({})["flag"].tolist() == ["not-finite-output"]


def test_a_task_that_decodes_something_else_is_an_error(rows):
    """Missing columns and missing rows are defects of the task, not of the data."""
    with pytest.raises(ValueError, match="declares"):
        rows.add(_samples([""]), [0], {"map": np.zeros(1)})
    with pytest.raises(ValueError, match="columns of"):
        rows.add(_samples(["", ""]), [0, 1], _decoded(1))
