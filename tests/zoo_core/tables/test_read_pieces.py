"""Reading piece by piece gives what reading the whole gives."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo_core.errors import InputError
from zoo_core.tables import Column, PredictionTable, open_pieces, read_table, write_table


def table_of(count):
    rng = np.random.default_rng(0)
    return PredictionTable(
        [Column("id", is_text=True), Column("features", "vector"), Column("p", unit="deg")],
        {
            "id": [f"object-{row}" for row in range(count)],
            "features": rng.normal(size=(count, 7)).astype("f4"),
            "p": rng.normal(size=count),
        },
        meta={"model": "toy"},
    )


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ecsv", "fits"])
def test_pieces_are_the_whole(tmp_path, monkeypatch, suffix):
    """Every row once, in order; twice, if it is gone through twice."""
    monkeypatch.setattr("zoo_core.tables._read_pieces._BYTES", 2000)
    path = tmp_path / f"t.{suffix}"
    whole = table_of(100)
    write_table(whole, path)
    pieces = open_pieces(path)

    assert (pieces.rows, pieces.meta) == (100, {"model": "toy"})
    for _ in range(2):
        found = list(pieces)
        assert len(found) > 3 or suffix != "parquet"
        for name in whole.names:
            joined = np.concatenate([piece[name] for piece in found])
            np.testing.assert_array_equal(joined, whole[name])
    assert {column.unit for column in found[0].columns} == {None, "deg"}


def test_a_table_without_rows_is_one_piece(tmp_path):
    """With the columns of any other."""
    write_table(table_of(3).head(0), tmp_path / "t.parquet")

    (piece,) = open_pieces(tmp_path / "t.parquet")
    assert len(piece) == 0
    assert piece["features"].shape == (0, 7)


def test_lists_of_other_programs_are_vectors(tmp_path):
    """Of no fixed size in the file; one that is missing is NaN."""
    vectors = [[1.0, 2.0], None, [3.0, 4.0]]
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"features": pa.array(vectors, pa.list_(pa.float32()))}), file)

    found = read_table(file)["features"]
    np.testing.assert_array_equal(found, np.array([[1, 2], [np.nan, np.nan], [3, 4]], "f4"))


def test_what_is_no_table_is_told(tmp_path):
    """As reading it whole tells it."""
    (tmp_path / "t.parquet").write_bytes(b"none")
    with pytest.raises(InputError, match=r"t\.parquet cannot be read as a table"):
        open_pieces(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="does not exist"):
        open_pieces(tmp_path / "no.parquet")


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    """What is held at the end of a file is what was held at its first piece."""
    monkeypatch.setattr("zoo_core.tables._read_pieces._BYTES", 400_000)
    path = tmp_path / "t.parquet"
    writer = None
    for seed in range(40):
        vectors = np.random.default_rng(seed).normal(size=(1000, 100)).astype("f4")
        table = PredictionTable([Column("features")], {"features": vectors}).to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in open_pieces(path)]

    assert len(held) >= 40
    assert max(held) < 0.2 * path.stat().st_size
