"""Reading in processes: the same rows in the same order, whatever happens to a process."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from toys import SIZE, Spots, trained_toy

from zoo_core.data import quiet
from zoo_core.prediction import _processes
from zoo_core.prediction._processes import count_processes, read_in_processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes fork on Linux only")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return trained_toy(tmp_path_factory.mktemp("zoo"))[0].load("toy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of 60 spots, a broken one among them."""
    folder = tmp_path_factory.mktemp("files")
    images = next(iter(Spots().stream(32, seed=1))).arrays["image"].numpy()
    for index in range(60):
        fits.PrimaryHDU(images[index % 32, 0]).writeto(folder / f"{index:02d}.fits")
    (folder / "07.fits").write_text("no FITS")
    return folder


def _ids(pieces):
    return [sample.id for piece in pieces for sample in piece]


@pytest.mark.parametrize("processes", [1, 3])
def test_rows_are_those_that_are_read_here(model, folder, monkeypatch, processes):
    """A prediction does not change with who reads; broken files are flagged as always."""
    here = model.predict(folder)
    monkeypatch.setattr(_processes, "_FEWEST", 10)
    monkeypatch.setattr(
        "zoo_core.prediction._reading.count_processes", lambda *_, **__: processes
    )
    there = model.predict(folder)

    assert list(there["id"]) == list(here["id"])
    np.testing.assert_array_equal(there["p_spot"], here["p_spot"])
    assert list(there["reason"]) == list(here["reason"])


def test_pieces_come_in_order(model, folder):
    """Each of the length asked for, the last one shorter."""
    pieces = list(read_in_processes(model.open(folder), rows=7, processes=2))

    assert [len(piece) for piece in pieces] == [7] * 8 + [4]
    assert _ids(pieces) == [f"{index:02d}" for index in range(60)]


def test_a_process_that_dies_costs_no_row(model, folder, monkeypatch):
    """The rest is read by the caller."""
    parent = os.getpid()
    inputs = model.open(folder)
    read = type(inputs).__getitem__

    def fatal(self, index):
        if os.getpid() != parent and isinstance(index, slice) and index.start >= 14:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, index)

    monkeypatch.setattr(type(inputs), "__getitem__", fatal)
    pieces = read_in_processes(inputs, rows=7, processes=1)

    assert _ids(pieces) == [f"{index:02d}" for index in range(60)]


@pytest.mark.parametrize("moment", range(4))
def test_a_process_that_is_killed_between_two_pieces(model, folder, moment):
    """Whether it is asked again or was asked already."""
    pieces = read_in_processes(model.open(folder), rows=7, processes=1)
    ids = []
    for number, piece in enumerate(pieces):
        ids += [sample.id for sample in piece]
        if number == moment:
            for process in multiprocessing.active_children():
                process.kill()
                process.join()

    assert ids == [f"{index:02d}" for index in range(60)]


def test_processes_end_with_the_one_that_asked(folder, tmp_path):
    """Killed in the middle, it leaves none behind."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from zoo_core.cards import Band, InputSpec\n"
        "from zoo_core.data import open_inputs\n"
        "from zoo_core.prediction._processes import read_in_processes\n"
        "import multiprocessing\n"
        "spec = InputSpec(name='image', kind='image', bands=(Band(name='g'),), size=(9, 9))\n"
        "pieces = read_in_processes(open_inputs(sys.argv[1], (spec,)), rows=7, processes=2)\n"
        "next(pieces)\n"
        "print(*(p.pid for p in multiprocessing.active_children()), flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        children = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    end = time.monotonic() + 20

    assert len(children) == 2
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < end, "a process lives on"
        time.sleep(0.05)


def test_a_fork_while_another_thread_reads_does_not_hang(model, folder):
    """The lock of the warnings is free in the processes."""
    with quiet():
        assert len(_ids(read_in_processes(model.open(folder), rows=7, processes=1))) == 60


def test_leaving_off_ends_the_processes(model, folder):
    """Nothing is read on after the caller has stopped."""
    pieces = read_in_processes(model.open(folder), rows=7, processes=2)
    next(pieces)
    assert multiprocessing.active_children()
    pieces.close()
    end = time.monotonic() + 20

    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.02)
    assert multiprocessing.active_children() == []


def test_only_many_slow_inputs_are_worth_processes(model, folder, monkeypatch):
    """Few files and arrays in memory are read by the caller."""
    files, array = model.open(folder), model.open(np.zeros((60, 1, SIZE, SIZE)))

    assert count_processes(files, threads=8, device="cpu") == 0
    monkeypatch.setattr(_processes, "_FEWEST", 10)
    assert count_processes(files, threads=8, device="cpu") == 2
    assert count_processes(files, threads=2, device="cpu") == 1
    assert count_processes(files, threads=8, device="cuda:0") == 7
    assert count_processes(array, threads=8, device="cpu") == 0
