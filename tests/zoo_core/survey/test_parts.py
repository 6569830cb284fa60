"""An output folder: each row once, in order, whatever has happened to the run."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import survey_parts
from survey_parts import COLUMNS, PART_ROWS, ROWS, WANTED, finish, opened, table_of

from zoo_core.errors import InputError, OutputError, UsageError
from zoo_core.survey import open_parts
from zoo_core.tables import PredictionTable

PARTS = 5
SCRIPT = Path(survey_parts.__file__)


@pytest.fixture
def finished(tmp_path):
    """The folder of a run that went through."""
    with opened(tmp_path / "out") as output:
        finish(output)
    return tmp_path / "out"


def _values(folder):
    """All values of a folder, as those who know nothing of parts read it."""
    return pyarrow.dataset.dataset(folder).to_table()


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _assert_whole(folder, *, rows=ROWS):
    """Every row once and in order, in values, and nothing else in the folder."""
    names = [f"part-{number:06d}.parquet" for number in range(-(-rows // PART_ROWS))]
    assert _names(folder) == ["_manifest.json", "_parts.jsonl", *names]
    whole = pyarrow.concat_tables(pq.ParquetFile(folder / name).read() for name in names)
    wanted = table_of(0, rows).to_arrow()
    assert whole.schema.equals(wanted.schema)
    # NaN is not equal to itself; the text of both is.
    assert whole.to_pydict().__repr__() == wanted.to_pydict().__repr__()


# What is written


def test_a_folder_is_one_table(finished):
    """For pyarrow and for pandas, if it is there; every part has the same schema."""
    _assert_whole(finished)
    schemas = {str(pq.read_schema(path)) for path in finished.glob("part-*")}
    assert len(schemas) == 1
    assert _values(finished)["id"].to_pylist() == [f"object-{row}" for row in range(ROWS)]
    assert pq.read_table(finished).num_rows == ROWS


def test_pandas_reads_the_folder_in_order(finished):
    """As one table."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(finished)

    assert frame["id"].tolist() == [f"object-{row}" for row in range(ROWS)]


def test_rows_and_flags_are_counted(finished):
    """In the summary, and in what is read later."""
    with opened(finished) as output:
        summary = output.summary()
    parts = open_parts(finished)

    assert (summary.rows, summary.rows_done, summary.parts, summary.parts_done) == (
        23,
        23,
        5,
        5,
    )
    assert summary.flags == parts.flags == {"outside": 8}
    assert summary.bytes == sum(path.stat().st_size for path in finished.glob("part-*"))
    assert parts.rows == ROWS


def test_missing_parts_come_in_order(tmp_path):
    """With first row and length, and can be written in any."""
    with opened(tmp_path / "out") as output:
        assert list(output.missing) == [
            (0, 0, 5),
            (1, 5, 5),
            (2, 10, 5),
            (3, 15, 5),
            (4, 20, 3),
        ]
        for number in (3, 0):
            output.write(number, table_of(number * PART_ROWS, PART_ROWS))
        assert [number for number, *_ in output.missing] == [1, 2, 4]
        assert not output.is_finished
        finish(output)
        assert output.is_finished

    _assert_whole(tmp_path / "out")
    assert [len(table) for table in open_parts(tmp_path / "out")] == [5, 5, 5, 5, 3]


def test_parts_without_a_prediction_have_the_same_types(tmp_path):
    """Nobody knows then what the numbers look like; the template does."""
    flagged = {"id": ["x"] * 5, "p": np.full(5, np.nan), "vector": np.full(5, np.nan),
               "label": [""] * 5, "flag": ["outside"] * 5}  # fmt: skip
    with opened(tmp_path / "out") as output:
        output.write(0, PredictionTable(COLUMNS, flagged))
        finish(output)
    whole = _values(tmp_path / "out")

    assert whole.schema.equals(table_of(0, 0).to_arrow().schema)
    assert np.isnan(whole["vector"][0].values.to_numpy()).tolist() == [True, True]
    assert whole["label"][:5].to_pylist() == [""] * 5


@pytest.mark.parametrize(
    "values",
    [
        {"p": np.arange(5)},
        {"p": np.full(5, 0.1, dtype=np.longdouble)},
        {"vector": np.zeros((5, 3), dtype=np.float32)},
        {"vector": np.full((5, 2), 0.1)},
        {"label": np.zeros(5)},
        {"id": np.arange(5)},
    ],
)
def test_values_of_another_type_are_refused(tmp_path, values):
    """Whole numbers fit floating point; nothing is rounded or turned into text."""
    table = table_of(0, 5)
    changed = PredictionTable(COLUMNS, {**table.values, **values})
    with opened(tmp_path / "out") as output:
        if values.keys() == {"p"} and values["p"].dtype.kind == "i":
            output.write(0, changed)
            assert open_parts(tmp_path / "out").rows == 5
            return
        with pytest.raises(ValueError, match=f"column '{next(iter(values))}' holds"):
            output.write(0, changed)

        assert len(list(output.missing)) == PARTS


def test_a_part_is_written_once_and_whole(tmp_path):
    """Another number of rows, other columns, or the same part again are refused."""
    with opened(tmp_path / "out") as output:
        output.write(1, table_of(5, 5))
        with pytest.raises(ValueError, match="written already"):
            output.write(1, table_of(5, 5))
        with pytest.raises(ValueError, match="part 4 has 3 rows, was given 5"):
            output.write(4, table_of(20, 5))
        with pytest.raises(ValueError, match="the parts have the columns"):
            output.write(0, PredictionTable(COLUMNS[:1], {"id": ["x"] * 5}))


def test_no_objects_make_a_table_without_rows(tmp_path):
    """Which is finished at once, and has the columns."""
    with opened(tmp_path / "out", rows=0) as output:
        assert output.is_finished
        assert list(output.missing) == []
    whole = _values(tmp_path / "out")

    assert whole.num_rows == 0
    assert whole.schema.equals(table_of(0, 0).to_arrow().schema)
    assert [len(table) for table in open_parts(tmp_path / "out")] == [0]


def test_the_list_grows_by_a_line_a_part(tmp_path):
    """And the manifest is not touched: 50,000 parts must not cost their square."""
    with opened(tmp_path / "out") as output:
        before = (tmp_path / "out/_manifest.json").stat()
        sizes = []
        for number, first, count in output.missing:
            output.write(number, table_of(first, count))
            sizes.append((tmp_path / "out/_parts.jsonl").stat().st_size)
    after = (tmp_path / "out/_manifest.json").stat()

    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert max(np.diff(sizes)) < 250


def test_too_many_parts_are_refused(tmp_path):
    """Their names would not be in order any more."""
    with pytest.raises(UsageError, match="choose parts of 11 rows or more"), opened(
        tmp_path / "out", rows=10_000_001, part_rows=10
    ):  # fmt: skip
        pass
    assert not (tmp_path / "out").exists()


# Beginning, going on, beginning anew


def test_the_same_run_again_does_nothing(finished):
    """Whether it is to resume or not."""
    before = {path.name: path.stat().st_mtime_ns for path in finished.iterdir()}
    for resumes in (False, True):
        with opened(finished, resumes=resumes) as output:
            assert output.is_finished
            assert list(output.missing) == []

    assert {path.name: path.stat().st_mtime_ns for path in finished.iterdir()} == before


def test_an_unfinished_run_goes_on_when_asked(tmp_path):
    """And is not touched when not."""
    with opened(tmp_path / "out") as output:
        finish(output, most=2)
    with pytest.raises(OutputError, match=r"holds 2 of 5 parts of this run\. --resume"), opened(
        tmp_path / "out"
    ):  # fmt: skip
        pass
    with opened(tmp_path / "out", resumes=True) as output:
        assert output.summary().rows_done == 10
        assert finish(output) == [2, 3, 4]

    _assert_whole(tmp_path / "out")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"wanted": {**WANTED, "model": {"name": "toy", "sha256": "cd"}}},
         'model.sha256: "ab" then, "cd" now'),
        ({"wanted": {"model": WANTED["model"]}}, "options.resample: true then, nothing now"),
        ({"rows": 24}, "objects: 23 then, 24 now"),
        ({"part_rows": 6}, "rows of a part: 5 then, 6 now"),
        ({"template": PredictionTable(COLUMNS[:1], {"id": np.zeros(0, "U1")})}, "columns:"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("resumes", [False, True])
def test_another_run_is_refused_with_what_differs(finished, other, message, resumes):
    """And the folder stays as it is."""
    with pytest.raises(UsageError, match="holds the output of another run") as caught, opened(
        finished, resumes=resumes, **other
    ):  # fmt: skip
        pass

    assert message in str(caught.value)
    _assert_whole(finished)


def test_overwriting_removes_what_was_there(finished):
    """All of it: fewer parts are not mixed with old ones."""
    with opened(finished, overwrite=True, part_rows=20) as output:
        assert len(list(output.missing)) == 2
        assert list(finished.glob("part-*")) == []
        finish(output)

    assert _values(finished)["id"].to_pylist() == [f"object-{row}" for row in range(ROWS)]
    assert len(list(finished.glob("part-*"))) == 2


def test_both_wishes_contradict_each_other(finished):
    """Going on and beginning anew."""
    with pytest.raises(UsageError, match="give one"), opened(
        finished, resumes=True, overwrite=True
    ):  # fmt: skip
        pass
    _assert_whole(finished)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "part-000000.parquet"])
def test_other_files_are_left_alone(tmp_path, name, overwrite):
    """They are nobody's to remove, and would be read as a part."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=f"no run's output \\({name}\\)"), opened(
        tmp_path, overwrite=overwrite
    ):  # fmt: skip
        pass

    assert _names(tmp_path) == [name]


def test_a_refused_run_leaves_no_folder(tmp_path):
    """And a file in its place is told."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"), opened(tmp_path / "file"):
        pass
    with pytest.raises(OutputError, match=r"/proc/out cannot be written"), opened("/proc/out"):
        pass


# Damage


@pytest.mark.parametrize("harm", ["gone", "longer"])
def test_a_part_that_is_not_what_it_was_is_named(finished, harm):
    """With what to do, which then works."""
    part = finished / "part-000002.parquet"
    if harm == "gone":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes() + b"x")
    what = r"part-000002\.parquet (is gone|has [\d,]+ bytes and had)"
    with pytest.raises(OutputError, match=what), opened(finished, resumes=True):
        pass

    lines = (finished / "_parts.jsonl").read_text().splitlines(keepends=True)
    (finished / "_parts.jsonl").write_text("".join(li for li in lines if '"part": 2' not in li))
    with opened(finished, resumes=True) as output:
        assert finish(output) == [2]
    _assert_whole(finished)


def test_a_part_with_other_bytes_is_not_read(finished):
    """Of the same size, which going on does not look into."""
    part = finished / "part-000002.parquet"
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    parts = iter(open_parts(finished))

    assert [len(next(parts)), len(next(parts))] == [5, 5]
    with pytest.raises(InputError, match=r"part-000002\.parquet is not the file that the run"):
        next(parts)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{]\n", "line 6 is damaged"),
        ('{"part": 9, "rows": 5, "bytes": 1, "sha256": "", "flags": {}}\n', "part 9 of a run"),
        ('{"part": 2, "rows": 5, "bytes": 1, "sha256": "", "flags": {}}\n', "second one about"),
    ],
)
def test_a_damaged_list_is_told(finished, line, message):
    """By its line."""
    with (finished / "_parts.jsonl").open("a") as stream:
        stream.write(line)

    with pytest.raises(InputError, match=message):
        open_parts(finished)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is damaged"), ('{"format": 2}', "use the version that wrote")]
)
def test_a_damaged_manifest_is_told(finished, text, message):
    """Rather than taken for a new folder."""
    (finished / "_manifest.json").write_text(text)
    with pytest.raises(InputError, match=message), opened(finished, overwrite=True):
        pass


def test_a_folder_of_no_run_is_told(tmp_path):
    """As one that is not there."""
    for place, what in ((tmp_path, "is no output"), (tmp_path / "none", "is no folder")):
        with pytest.raises(InputError, match=what):
            open_parts(place)


# Two at once


def test_a_second_run_is_refused_and_told_by_whom(tmp_path, monkeypatch):
    """And the first one goes on."""
    monkeypatch.setattr("zoo_core.survey._hold._PATIENCE", 0.1)
    with opened(tmp_path / "out") as output:
        with pytest.raises(UsageError, match=f"another run: process {os.getpid()} on"), opened(
            tmp_path / "out", resumes=True
        ):  # fmt: skip
            pass
        finish(output)
    _assert_whole(tmp_path / "out")


def test_another_writer_without_a_lock_is_noticed(tmp_path):
    """As on a network file system that passes no locks on."""
    with opened(tmp_path / "out") as output:
        finish(output, most=1)
        with (tmp_path / "out/_parts.jsonl").open("a") as stream:
            stream.write("{}\n")
        with pytest.raises(OutputError, match="another one writes into the same folder"):
            output.write(1, table_of(5, 5))


# Kills


@pytest.fixture
def unsynced(monkeypatch):
    """Calls that wait for the disc return at once: what a kill leaves does not hang on them."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class _Killed(BaseException):
    """What stands for the end of the process."""


#: Every system call that changes a folder, after which nothing of the process happens.
_CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "ftruncate", "close")


class _Killer:
    """Ends the process at the n-th change of a folder, before or after it is made."""

    def __init__(self, monkeypatch, folder, at, *, halfway):
        self.left, self.halfway, self.is_dead = at, halfway, False
        self._folder = str(folder)
        self._ours = set()
        self.real = {name: getattr(os, name) for name in _CALLS}
        for name in _CALLS:
            monkeypatch.setattr(os, name, self._patched(name))

    def _patched(self, name):
        def call(first, *arguments, **options):
            if not self._is_ours(first):
                return self.real[name](first, *arguments, **options)
            if self.is_dead:
                # The kernel closes what is open; nothing else happens any more.
                if name == "close":
                    self._ours.discard(first)
                    return self.real[name](first)
                raise _Killed
            self.left -= 1
            if self.left == 0:
                self.is_dead = True
                if name == "write" and self.halfway:
                    self.real[name](first, bytes(arguments[0])[: len(arguments[0]) // 2])
                elif name == "close":
                    self.real[name](first)
                raise _Killed
            result = self.real[name](first, *arguments, **options)
            if name == "open":
                self._ours.add(result)
            elif name == "close":
                self._ours.discard(first)
            return result

        return call

    def _is_ours(self, first):
        if isinstance(first, int):
            return first in self._ours
        path = os.fspath(first)
        return str(path).startswith(self._folder) and "_lock" not in str(path)


def _run_until_killed(folder, at, *, halfway, **options):
    """One run; whether it was killed."""
    with pytest.MonkeyPatch.context() as patch:
        killer = _Killer(patch, folder, at, halfway=halfway)
        try:
            with opened(folder, **options) as output:
                finish(output)
        except _Killed:
            return True
        return killer.is_dead


@pytest.mark.parametrize("halfway", [False, True])
def test_a_kill_between_any_two_system_calls_loses_nothing(unsynced, tmp_path, halfway):
    """Killed at each change of the folder in turn; what is whole is not computed again."""
    at, killed, kept = 0, True, []
    while killed:
        at += 1
        folder = tmp_path / str(at)
        killed = _run_until_killed(folder, at, halfway=halfway, rows=11)
        known = len(open_parts(folder)) if (folder / "_manifest.json").exists() else 0
        kept.append(known)
        with opened(folder, resumes=True, rows=11) as output:
            assert len(finish(output)) == 3 - known
        _assert_whole(folder, rows=11)
        shutil.rmtree(folder)

    assert at > 3 * 8
    assert kept == sorted(kept)
    assert kept[-1] == 3


def test_kills_one_after_the_other_lose_nothing(unsynced, tmp_path):
    """The next process may be killed as well, where it mends what it finds."""
    for at in range(2, 30, 4):
        folder = tmp_path / str(at)
        count = 0
        while _run_until_killed(folder, at, halfway=True, resumes=True):
            count += 1
            if count > 40:
                break
        with opened(folder, resumes=True) as output:
            finish(output)
        _assert_whole(folder)


def test_a_kill_while_overwriting_is_mended(unsynced, tmp_path):
    """At each step: the old run is whole, or it is cleared away; never a mixture."""
    with opened(tmp_path / "old", rows=11) as output:
        finish(output)
    at, killed = 0, True
    while killed:
        at += 1
        folder = tmp_path / f"copy-{at}"
        shutil.copytree(tmp_path / "old", folder)
        other = {"wanted": {"model": "other"}, "rows": 4, "part_rows": 2}
        killed = _run_until_killed(folder, at, halfway=True, overwrite=True, **other)
        if (folder / "_manifest.json").exists():
            wanted = json.loads((folder / "_manifest.json").read_text())["wanted"]
            if wanted == WANTED:
                _assert_whole(folder, rows=11)
        elif (folder / "_cleared.json").exists():
            # The same again, without a word more, does not trip over remains.
            with opened(folder, **other) as output:
                assert not output.is_finished
        with opened(folder, overwrite=True, rows=11) as output:
            finish(output)
        _assert_whole(folder, rows=11)
    assert at > 12


def test_a_part_moves_into_place_when_it_is_on_the_disc(tmp_path, monkeypatch):
    """And only then does the list get its line: also a power cut leaves no half part."""
    calls = []
    for name in ("write", "fsync", "replace"):
        real = getattr(os, name)

        def call(*arguments, name=name, real=real):
            calls.append((name, arguments[1] if name == "replace" else None))
            return real(*arguments)

        monkeypatch.setattr(os, name, call)
    with opened(tmp_path / "out") as output:
        calls.clear()
        output.write(0, table_of(0, 5))

    assert [name for name, _ in calls] == [
        "write",
        "fsync",
        "replace",
        "fsync",
        "write",
        "fsync",
    ]
    assert Path(calls[2][1]).name == "part-000000.parquet"


def test_a_part_that_the_list_does_not_know_is_removed(tmp_path):
    """At once, so that no one reads it before it is written anew."""
    with opened(tmp_path / "out") as output:
        finish(output, most=1)
    shutil.copy(tmp_path / "out/part-000000.parquet", tmp_path / "out/part-000001.parquet")
    with opened(tmp_path / "out", resumes=True) as output:
        assert _values(tmp_path / "out").num_rows == 5
        assert finish(output) == [1, 2, 3, 4]


def test_a_killed_process_is_gone_on_with(tmp_path):
    """By kill -9 at random moments, until a run comes through."""
    chance = random.Random(5)
    folder = tmp_path / "out"
    for _ in range(4):
        command = [sys.executable, str(SCRIPT), str(folder), "0.02"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout.readline() == "begun\n"
            time.sleep(chance.uniform(0.0, 0.06))
            process.send_signal(signal.SIGKILL)
    with opened(folder, resumes=True) as output:
        finish(output)

    _assert_whole(folder)


# A full disc


def test_a_full_disc_is_told_with_numbers(tmp_path, monkeypatch):
    """What is whole stays; with room, the run goes on."""
    folder = tmp_path / "out"
    write = os.write

    def full(descriptor, data):
        if len(data) < 100:
            return write(descriptor, data)
        write(descriptor, bytes(data)[:50])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened(folder) as output:
        finish(output, most=2)
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(
            OutputError, match=r"No space left on device\. [\d,]+ bytes are free"
        ) as (caught):
            output.write(2, table_of(10, 5))
        monkeypatch.undo()
    assert "The 2 of 5 parts that are there are whole" in str(caught.value)
    assert len(_names(folder)) == 4
    with opened(folder, resumes=True) as output:
        assert finish(output) == [2, 3, 4]
    _assert_whole(folder)


def test_a_disc_that_fills_up_with_the_last_line_is_mended(tmp_path, monkeypatch):
    """The part is there then, and the list does not know it."""
    folder = tmp_path / "out"
    write = os.write

    def full(descriptor, data):
        if bytes(data[:1]) == b"{":
            write(descriptor, bytes(data)[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    with opened(folder) as output:
        finish(output, most=2)
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="No space left"):
            output.write(2, table_of(10, 5))
        monkeypatch.undo()
        # The same process may try again.
        assert finish(output) == [2, 3, 4]
    _assert_whole(folder)


def test_a_real_disc_that_is_full(tmp_path):
    """A small one in memory, where the system lets us have it."""
    unshare = shutil.which("unshare")
    disc = tmp_path / "disc"
    disc.mkdir()
    mount = f"mount -t tmpfs -o size=24k tmpfs {disc} && "
    if (
        not unshare
        or subprocess.run(
            [unshare, "-rm", "sh", "-c", f"{mount} true"], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("no file system can be mounted here")
    code = (
        "import sys, shutil, survey_parts as s\n"
        "from zoo_core.errors import OutputError\n"
        "try:\n"
        "    with s.opened(sys.argv[1] + '/out') as output: s.finish(output)\n"
        "except OutputError as error: print(error)\n"
        "shutil.copytree(sys.argv[1] + '/out', sys.argv[2])\n"
    )
    paths = f"{SCRIPT.parent}{os.pathsep}{Path(__file__).parents[3]}"
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", f'{mount} exec "$@"', "sh",
         sys.executable, "-c", code, str(disc), str(tmp_path / "copy")],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with opened(tmp_path / "copy", resumes=True) as output:
        had = output.summary().parts_done
        finish(output)

    assert "No space left on device" in done.stdout
    assert 0 < had < PARTS
    _assert_whole(tmp_path / "copy")
