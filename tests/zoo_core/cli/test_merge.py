"""``zoo merge`` as a user types it."""

import json

import numpy as np
import pytest
from survey_parts import ROWS, finish, opened, table_of

from zoo_core.cli import main
from zoo_core.tables import WRITABLE, read_table


@pytest.fixture
def folder(tmp_path):
    """A finished run."""
    with opened(tmp_path / "out") as output:
        finish(output)
    return tmp_path / "out"


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_folder_becomes_one_file(folder, tmp_path, suffix):
    """With every row once, in the order of the catalogue."""
    path = tmp_path / f"table{suffix}"
    assert main(["merge", str(folder), "-o", str(path)]) == 0
    found, whole = read_table(path), table_of(0, ROWS)

    assert found["id"].tolist() == whole["id"].tolist()
    assert found["label"].tolist() == whole["label"].tolist()
    np.testing.assert_array_equal(found["p"], whole["p"])
    assert found.meta == {"model": "toy"}


def test_what_came_out_is_told(folder, tmp_path, capsys):
    """To people, and to machines."""
    path = tmp_path / "table.csv"
    assert main(["merge", str(folder), "-o", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"23 rows of 5 parts: {path}, ")
    assert captured.err == "  8 flagged outside\n"

    assert main(["merge", str(folder), "-o", str(path), "--overwrite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("seconds") >= 0
    assert told == {
        "output": str(path),
        "rows": 23,
        "parts": 5,
        "finished": True,
        "flags": {"outside": 8},
        "bytes": path.stat().st_size,
    }


def test_an_unfinished_run_is_merged_only_when_asked(tmp_path, capsys):
    """The parts that are there, then."""
    path = str(tmp_path / "table.csv")
    with opened(tmp_path / "out") as output:
        assert main(["merge", str(tmp_path / "out"), "-o", path, "--unfinished"]) == 7
        assert "holds no part yet" in capsys.readouterr().err
        finish(output, most=2)
    assert main(["merge", str(tmp_path / "out"), "-o", path]) == 7
    assert "holds 2 of 5 parts. Finish the run with --resume" in capsys.readouterr().err
    assert main(["merge", str(tmp_path / "out"), "-o", path, "--unfinished"]) == 0

    assert len(read_table(path)) == 10


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("out -o out/table.parquet", 2, "lies among the parts"),
        ("none -o table.parquet", 7, "is no folder"),
        (". -o table.parquet", 7, "is no output of a survey run"),
        ("out -o table.txt", 2, "no table can be written with the suffix"),
        ("out -o nowhere/table.csv", 8, "does not exist"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(
    folder, monkeypatch, capsys, arguments, code, message
):
    """And nothing is written."""
    monkeypatch.chdir(folder.parent)
    before = sorted(path.name for path in folder.iterdir())

    assert main(["merge", *arguments.split()]) == code
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_a_part_that_was_changed_stops_the_merge(folder, tmp_path, capsys):
    """Before there is a table."""
    part = folder / "part-000003.parquet"
    part.write_bytes(part.read_bytes()[::-1])

    assert main(["merge", str(folder), "-o", str(tmp_path / "table.fits")]) == 7
    assert "part-000003.parquet is not the file" in capsys.readouterr().err
    assert not (tmp_path / "table.fits").exists()
