"""Tables that come in pieces are written as the whole would be."""

import numpy as np
import pytest
from astropy.table import Table

from zoo_core.errors import OutputError, UsageError
from zoo_core.tables import (
    WRITABLE,
    Column,
    PredictionTable,
    read_table,
    write_pieces,
    write_table,
)

COLUMNS = (
    Column("id", "of the object", is_text=True),
    Column("number"),
    Column("p", "probability"),
    Column("vector", "features", "nJy"),
    Column("good", "whether it is"),
    Column("reason", "why not", is_text=True),
)


def _table(rows=11):
    count = np.arange(rows)
    values = {
        "id": np.array(["#1", 'a "b", c', "\u00e9\u03bb", "", "long " * 6, "1"] * 2)[:rows],
        "number": count.astype(np.int64) + 2**60,
        "p": np.where(count % 4 == 0, np.nan, count / 7),
        "vector": np.stack([count / 3, -count], axis=1).astype(np.float32),
        "good": count % 2 == 0,
        "reason": np.array(["", "too \u00e9lev\u00e9"] * 6)[:rows],
    }
    if not rows:
        values["id"], values["reason"] = np.zeros(0, "U1"), np.zeros(0, "U1")
    return PredictionTable(COLUMNS, values, meta={"model": "toy", "note": "\u00e9"})


def _pieces(table, size):
    """As a folder of parts gives them: each text no wider than it must be."""
    for first in range(0, max(len(table), 1), size):
        part = table.take(slice(first, first + size))
        values = {
            name: np.array(array.tolist()) if len(array) else array
            for name, array in part.values.items()
        }
        values["vector"] = values["vector"].astype(np.float32)
        yield PredictionTable(part.columns, values, meta=part.meta)


@pytest.mark.parametrize("size", [1, 4, 11, 50])
@pytest.mark.parametrize("suffix", WRITABLE)
def test_pieces_make_the_file_of_the_whole(tmp_path, suffix, size):
    """Byte for byte but in parquet, whose values and schema are the same."""
    whole = _table()
    write_table(whole, tmp_path / f"whole{suffix}")
    write_pieces(list(_pieces(whole, size)), tmp_path / f"pieces{suffix}")
    expected, found = (read_table(tmp_path / f"{name}{suffix}") for name in ("whole", "pieces"))

    assert found.columns == expected.columns
    assert found.meta == expected.meta
    for name in whole.names:
        np.testing.assert_array_equal(found[name], expected[name])
        assert found[name].dtype == expected[name].dtype
    if suffix == ".parquet":
        return
    names = sorted(path.name for path in tmp_path.glob("whole*"))
    for name in names:
        other = tmp_path / name.replace("whole", "pieces")
        assert other.read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_table_without_rows_is_a_table(tmp_path, suffix):
    """With its columns (astropy reads no ECSV of vectors without a row)."""
    table = _table(0)
    names = [name for name in table.names if suffix != ".ecsv" or name != "vector"]
    columns = [column for column in COLUMNS if column.name in names]
    table = PredictionTable(columns, {name: table[name] for name in names})
    write_pieces([table], tmp_path / f"none{suffix}")
    found = read_table(tmp_path / f"none{suffix}")

    assert len(found) == 0
    assert "id" in found
    assert "good" in found


def test_fits_is_read_by_astropy(tmp_path):
    """With as many rows as the header says."""
    write_pieces(list(_pieces(_table(), 4)), tmp_path / "table.fits")
    table = Table.read(tmp_path / "table.fits")

    assert len(table) == 11
    np.testing.assert_array_equal(table["number"], _table()["number"])
    assert table["vector"].unit == "nJy"


def test_row_groups_of_parquet_hold_many_pieces(tmp_path, monkeypatch):
    """As many as fit into some memory."""
    import pyarrow.parquet as pq

    pieces = list(_pieces(_table(), 1))
    write_pieces(pieces, tmp_path / "one.parquet")
    monkeypatch.setattr("zoo_core.tables._pieces._GROUP", 3 * pieces[0].to_arrow().nbytes)
    write_pieces(pieces, tmp_path / "many.parquet")

    assert pq.ParquetFile(tmp_path / "one.parquet").metadata.num_row_groups == 1
    assert 2 < pq.ParquetFile(tmp_path / "many.parquet").metadata.num_row_groups < 11


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_piece_that_fails_changes_nothing(tmp_path, suffix):
    """The old file stays, and nothing lies beside it."""
    path = tmp_path / f"table{suffix}"
    write_table(_table(3), path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    class Failing:
        def __iter__(self):
            yield _table(2)
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"No space left on device\. Nothing was changed"):
        write_pieces(Failing(), path, overwrite=True)

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_nothing_is_replaced_unasked(tmp_path):
    """As for a table in memory."""
    (tmp_path / "table.csv").touch()

    with pytest.raises(OutputError, match="--overwrite"):
        write_pieces([_table()], tmp_path / "table.csv")
    with pytest.raises(UsageError, match="suffix"):
        write_pieces([_table()], tmp_path / "table.txt")
    with pytest.raises(ValueError, match="no piece"):
        write_pieces([], tmp_path / "none.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
