"""Reading files in processes of their own, while the network computes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from ..data import quiet

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future

    from ..data import Inputs, Sample

#: Objects below which starting processes does not pay.
_FEWEST = 1000

#: Pieces that are asked for ahead of the network, for each process.
_AHEAD = 2

#: Seconds between two looks whether the process that asked is still there.
_WATCH = 1.0

#: What the processes read from: set in each of them when it begins.
_held: list[Inputs] = []


def count_processes(inputs: Inputs, *, threads: int, device: str) -> int:
    """How many processes should read these inputs; 0 if the caller should.

    A processor that runs the network spares one thread in four for reading; where an
    accelerator runs it, all but one read. Processes are forked, which is safe on Linux only.
    """
    if sys.platform != "linux" or inputs.slow < _FEWEST:
        return 0
    return max(1, threads // 4) if device == "cpu" else min(16, max(1, threads - 1))


def read_in_processes(
    inputs: Inputs, *, rows: int, processes: int
) -> Generator[list[Sample], None, None]:
    """Yield pieces of ``rows`` samples in order.

    A process that dies costs nothing but time: the rest is read here.
    """
    context = multiprocessing.get_context("fork")
    starts = deque(range(0, len(inputs), rows))
    waiting: deque[tuple[int, Future[list[Sample]]]] = deque()
    pool = ProcessPoolExecutor(
        processes, context, initializer=_begin, initargs=(inputs, os.getpid())
    )
    works = True
    try:
        while starts or waiting:
            while works and starts and len(waiting) < _AHEAD * processes:
                future = _submit(pool, starts[0], rows)
                works = future is not None
                if future is not None:
                    waiting.append((starts.popleft(), future))
            samples = None
            if waiting:
                start, future = waiting.popleft()
                try:
                    samples = future.result()
                except BrokenProcessPool:
                    works = False
            else:
                start = starts.popleft()
            yield inputs[start : start + rows] if samples is None else samples
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, start: int, rows: int) -> Future[list[Sample]] | None:
    """Ask for a piece; None if there is nobody to ask any more."""
    # Forking with threads about gives a warning: the processes only read files, and touch
    # neither torch nor threads. Nobody else may be reading here while they are forked.
    with quiet():
        try:
            return pool.submit(_read, start, start + rows)
        except (BrokenProcessPool, OSError):
            return None


def _begin(inputs: Inputs, parent: int) -> None:
    # Ctrl-C is for the process that writes the table.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _held.append(inputs)


def _end_with(parent: int) -> None:
    """End this process soon after the one that asked for it was killed."""
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(1)


def _read(start: int, end: int) -> list[Sample]:
    return _held[-1][start:end]
