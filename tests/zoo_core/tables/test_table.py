"""Tables in memory."""

import json

import numpy as np
import pytest
from astropy import units

from zoo_core.errors import UnknownName
from zoo_core.tables import Column, PredictionTable

COLUMNS = (Column("id"), Column("theta", "Einstein radius", "arcsec"))


@pytest.fixture
def table():
    """Five rows with two equal values and a NaN."""
    values = {"id": list("abcde"), "theta": [1.0, np.nan, 2.0, 1.0, 0.5]}
    return PredictionTable(COLUMNS, values, meta={"model": "m", "version": "1"})


def test_columns_keep_their_order(table):
    """Whatever the order of the values."""
    other = PredictionTable(COLUMNS, {"theta": [1.0], "id": ["a"]})

    assert other.names == table.names == ("id", "theta")
    assert len(table) == 5
    assert "theta" in table
    assert "z" not in table


@pytest.mark.parametrize(
    "values",
    [{"id": ["a"]}, {"id": ["a"], "theta": [1.0], "z": [1.0]}, {"id": [], "theta": [1]}],
)
def test_columns_and_values_must_agree(values):
    """Missing, superfluous, of other length."""
    with pytest.raises(ValueError, match="column"):
        PredictionTable(COLUMNS, values)


def test_an_unknown_column_is_told_with_the_nearest(table):
    """Never a bare KeyError."""
    with pytest.raises(UnknownName, match="'theta'"):
        table["thet"]


def test_columns_are_native_arrays_of_numbers_or_text():
    """Python objects, bytes and foreign byte order do not get in."""
    columns = [Column("flag"), Column("name"), Column("x")]
    values = {"flag": [None, "bad"], "name": np.array([b"a", b"b"]), "x": np.ones(2, ">f4")}
    table = PredictionTable(columns, values)

    assert table["flag"].tolist() == ["", "bad"]
    assert [table[name].dtype.kind for name in table.names] == ["U", "U", "f"]
    assert table["x"].dtype.isnative


def test_sorting_is_stable_with_nan_last(table):
    """In both directions."""
    assert table.sorted_by("theta")["id"].tolist() == ["c", "a", "d", "e", "b"]
    assert table.sorted_by("theta", descending=False)["id"].tolist() == [
        "e",
        "a",
        "d",
        "c",
        "b",
    ]
    assert table.sorted_by("theta").meta == table.meta


def test_text_and_unsigned_numbers_are_sorted(table):
    """Neither can be negated."""
    assert table.sorted_by("id")["id"].tolist() == ["e", "d", "c", "b", "a"]
    numbers = PredictionTable([Column("n")], {"n": np.array([1, 2**63 + 1, 2**63], "u8")})
    assert numbers.sorted_by("n")["n"].tolist() == [2**63 + 1, 2**63, 1]


def test_head_takes_the_first_rows(table):
    """No more than there are."""
    assert table.head(2)["id"].tolist() == ["a", "b"]
    assert len(table.head(99)) == 5
    assert len(table.head(0)) == 0


def test_rows_can_be_picked(table):
    """By position or by mask."""
    assert table.take([3, 0])["id"].tolist() == ["d", "a"]
    assert table.take(table["theta"] > 0.7)["id"].tolist() == ["a", "c", "d"]


def test_rows_are_plain_python(table):
    """They can be made JSON of."""
    assert json.dumps(next(table.rows())) == '{"id": "a", "theta": 1.0}'


def test_rows_with_a_value():
    """NaN, empty text, and rows of an array that are NaN throughout have none."""
    table = PredictionTable(
        [Column("p"), Column("name", is_text=True), Column("map"), Column("n")],
        {
            "p": [0.5, np.nan, np.inf],
            "name": ["a", "", "b"],
            "map": [[np.nan, 1.0], [np.nan, np.nan], [1.0, 2.0]],
            "n": [0, 1, 2],
        },
    )

    assert table.has_value("p").tolist() == [True, False, True]
    assert table.has_value("name").tolist() == [True, False, True]
    assert table.has_value("map").tolist() == [True, False, True]
    assert table.has_value("n").all()


def test_astropy_has_units_descriptions_and_metadata(table):
    """The unit is a real one."""
    converted = table.to_astropy()

    assert converted["theta"].unit == units.arcsec
    assert converted["theta"].description == "Einstein radius"
    assert dict(converted.meta) == table.meta
    np.testing.assert_array_equal(converted["theta"], table["theta"])


def test_arrow_has_units_descriptions_and_metadata(table):
    """Entry by entry and as one JSON."""
    converted = table.to_arrow()

    assert converted.schema.field("theta").metadata == {
        b"unit": b"arcsec",
        b"description": b"Einstein radius",
    }
    metadata = converted.schema.metadata
    assert metadata[b"model"] == b"m"
    assert json.loads(metadata[b"astrozoo"]) == {"model": "m", "version": "1"}
    assert converted.column("id").to_pylist() == list("abcde")


def test_further_axes_become_lists_in_arrow():
    """``(2, 3, 2)`` is two rows of three pairs."""
    cube = np.arange(12.0).reshape(2, 3, 2)
    converted = PredictionTable([Column("x")], {"x": cube}).to_arrow()
    assert converted.column("x").to_pylist() == cube.tolist()
