"""Tables in files: whole or not at all, and back again."""

import os
import resource
import signal
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table

from zoo_core.errors import InputError, OutputError, UsageError
from zoo_core.tables import (
    READABLE,
    WRITABLE,
    Column,
    PredictionTable,
    check_output,
    read_table,
    write_table,
)


@pytest.fixture
def table():
    """Everything that is awkward in some format."""
    columns = [
        Column("id"),
        Column("source", "a file, " * 30),
        Column("theta", "Einstein radius", "arcsec"),
        Column("p_lens"),
        Column("draws", "draws from the posterior", "nJy"),
        Column("is_lens"),
        Column("count"),
        Column("flag"),
    ]
    values = {
        "id": ["0001", "2", "naïve"],
        "source": ['a,"b".fits', "back\\slash[0]", "x"],
        "theta": np.array([1.1, np.nan, np.inf]),
        "p_lens": np.array([0.1, 0.2, 0.3], np.float32),
        "draws": np.arange(6.0).reshape(3, 2),
        "is_lens": np.array([True, False, True]),
        "count": np.array([1, -2, 3]),
        "flag": ["", "constant", ""],
    }
    meta = {
        "model": "resnet-lens",
        "weights_sha256": "a1" * 32,
        "note": "two\nlines,  naïve; 'it''s'" * 9,
    }
    return PredictionTable(columns, values, meta=meta)


def left_in(folder):
    """Names in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", WRITABLE)
def test_what_was_written_comes_back(tmp_path, table, suffix):
    """Values, types, order, units, descriptions and metadata, in every format."""
    path = tmp_path / f"out{suffix}"
    write_table(table, path)
    back = read_table(path)

    assert back.columns == table.columns
    assert back.meta == table.meta
    for name in table.names:
        if table[name].dtype.kind != "U":
            assert back[name].dtype == table[name].dtype, name
        else:
            assert back[name].dtype.kind == "U", name
        np.testing.assert_array_equal(back[name], table[name])


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_table_without_rows_can_be_written(tmp_path, table, suffix):
    """The columns are there all the same."""
    columns = [column for column in table.columns if column.name != "draws"]
    none = PredictionTable(columns, {c.name: table[c.name][:0] for c in columns})
    write_table(none, tmp_path / f"out{suffix}")
    back = read_table(tmp_path / f"out{suffix}")

    assert len(back) == 0
    assert back.names == none.names


@pytest.mark.parametrize("suffix", WRITABLE)
def test_nothing_but_the_table_is_left(tmp_path, table, suffix):
    """No temporary file; CSV has its sidecar; others may read the file."""
    write_table(table, tmp_path / f"out{suffix}")

    sidecar = ["out.csv.meta.json"] if suffix == ".csv" else []
    assert left_in(tmp_path) == [f"out{suffix}", *sidecar]
    before = os.umask(0)
    os.umask(before)
    mode = stat.S_IMODE((tmp_path / f"out{suffix}").stat().st_mode)
    assert mode == 0o666 & ~before


def test_other_programs_read_the_parquet_file(tmp_path, table):
    """Plain types, metadata where Arrow has them."""
    write_table(table, tmp_path / "out.parquet")
    arrow = pq.read_table(tmp_path / "out.parquet")

    assert arrow.schema.metadata[b"weights_sha256"] == b"a1" * 32
    assert arrow.column("id").to_pylist() == ["0001", "2", "naïve"]


def test_other_programs_read_the_csv_file(tmp_path, table):
    """A column with two values a row is two columns."""
    write_table(table, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()

    assert lines[0] == "id,source,theta,p_lens,draws_0,draws_1,is_lens,count,flag"
    assert lines[1].startswith('0001,"a,""b"".fits",1.1,0.1,0.0,1.0,True,1')


def test_the_suffix_may_be_in_capitals(tmp_path, table):
    """``.CSV`` is csv."""
    write_table(table, tmp_path / "OUT.CSV")
    assert read_table(tmp_path / "OUT.CSV").meta == table.meta


def test_existing_output_is_refused_and_untouched(tmp_path, table):
    """The message names the option."""
    path = tmp_path / "out.csv"
    path.write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        write_table(table, path)

    assert path.read_text() == "precious"
    write_table(table, path, overwrite=True)
    assert len(read_table(path)) == 3


def test_an_existing_sidecar_is_refused(tmp_path):
    """It would be replaced along with the table."""
    (tmp_path / "out.csv.meta.json").write_text("{}")
    with pytest.raises(OutputError, match=r"meta\.json"):
        check_output(tmp_path / "out.csv")
    check_output(tmp_path / "out.csv", overwrite=True)


def test_a_link_stays_a_link(tmp_path, table):
    """What it points to is replaced."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "out.fits"
    link.symlink_to(tmp_path / "real" / "out.fits")
    write_table(table, link, overwrite=True)

    assert link.is_symlink()
    assert left_in(tmp_path / "real") == ["out.fits"]


@pytest.mark.parametrize("name", ["out.txt", "out", "out.fits.gz"])
def test_an_unknown_suffix_is_told_with_the_known_ones(tmp_path, name):
    """Before any work."""
    with pytest.raises(UsageError, match=r"\.csv, \.ecsv, \.fits, \.parquet"):
        check_output(tmp_path / name)


def test_a_missing_folder_is_told_with_the_command_that_makes_it(tmp_path):
    """It is not made behind the user's back."""
    with pytest.raises(OutputError, match="mkdir -p"):
        check_output(tmp_path / "new" / "out.csv")
    assert left_in(tmp_path) == []


def test_a_folder_of_that_name_is_told(tmp_path):
    """Even with --overwrite."""
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path / "out.csv", overwrite=True)


def test_a_path_below_a_file_is_told(tmp_path):
    """No folder there, and none can be made."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check_output(tmp_path / "file" / "out.csv")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_that_takes_no_file_is_told():
    """Permission bits do not stop root; the system does."""
    with pytest.raises(OutputError, match="cannot be written into"):
        check_output("/proc/out.parquet")


def test_checking_leaves_no_trace(tmp_path):
    """The trial file is gone."""
    check_output(tmp_path / "out.ecsv")
    assert left_in(tmp_path) == []


@contextmanager
def full_disc(limit):
    """A system that refuses files longer than ``limit`` bytes, as a full disc would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_failure_leaves_the_old_output_and_nothing_else(tmp_path, suffix):
    """A disc that fills up while writing."""
    numbers = np.random.default_rng(0).normal(size=5000)
    table = PredictionTable([Column("x")], {"x": numbers})
    path = tmp_path / f"out{suffix}"
    write_table(table.head(3), path)
    before = {name: (tmp_path / name).read_bytes() for name in left_in(tmp_path)}
    with full_disc(8000), pytest.raises(OutputError, match="Nothing was changed"):
        write_table(table, path, overwrite=True)

    assert {name: (tmp_path / name).read_bytes() for name in left_in(tmp_path)} == before


def test_a_csv_without_sidecar_is_read(tmp_path):
    """A truth table from elsewhere: ids stay text, gaps are NaN or empty."""
    path = tmp_path / "truth.csv"
    path.write_text("id,is_lens,theta,kind\n001,1,1.5,\n002,0,,spiral\n")
    table = read_table(path)

    assert table["id"].tolist() == ["001", "002"]
    assert table["is_lens"].tolist() == [1, 0]
    assert table["kind"].tolist() == ["", "spiral"]
    np.testing.assert_array_equal(table["theta"], [1.5, np.nan])


@pytest.mark.parametrize("suffix", [".ecsv", ".fits", ".vot", ".xml"])
def test_masked_values_are_nan_or_empty(tmp_path, suffix):
    """In tables that astropy wrote."""
    path = tmp_path / f"truth{suffix}"
    table = Table(
        {
            "name": MaskedColumn(["a", "b"], mask=[False, True]),
            "n": MaskedColumn([1, 2], mask=[True, False]),
            "x": MaskedColumn([1.0, 2.0], mask=[False, True], unit="arcsec"),
        }
    )
    table.write(path, format="votable" if suffix in (".vot", ".xml") else None)
    back = read_table(path)

    assert back["name"].tolist() == ["a", ""]
    np.testing.assert_array_equal(back["n"], [np.nan, 2])
    np.testing.assert_array_equal(back["x"], [1, np.nan])
    assert back.columns[2].unit == "arcsec"


def test_gaps_in_parquet_are_nan_or_empty(tmp_path):
    """In tables that others wrote."""
    import pyarrow as pa

    arrow = pa.table({"name": ["a", None], "n": [1, None]})
    pq.write_table(arrow, tmp_path / "truth.parquet")
    back = read_table(tmp_path / "truth.parquet")

    assert back["name"].tolist() == ["a", ""]
    np.testing.assert_array_equal(back["n"], [1, np.nan])


@pytest.mark.parametrize("suffix", [s for s in READABLE if s != ".csv"])
def test_what_is_no_table_is_told(tmp_path, suffix):
    """One error for all formats, with the cause."""
    path = tmp_path / f"truth{suffix}"
    path.write_text("hello\nworld\n")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_table(path)


def test_a_missing_table_is_told(tmp_path):
    """And an unknown suffix with the known ones."""
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "truth.csv")
    with pytest.raises(InputError, match=r"\.ecsv"):
        read_table(tmp_path / "truth.dat")
