"""Reading files in processes of their own, while the network computes."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import warnings
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future

    from ..data import Inputs, Sample

#: Objects below which starting processes does not pay.
_FEWEST = 1000

#: Pieces that are asked for ahead of the network, for each process.
_AHEAD = 4

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
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(inputs,))
    is_broken = False
    try:
        while starts or waiting:
            while starts and len(waiting) < _AHEAD * processes and not is_broken:
                start = starts.popleft()
                with warnings.catch_warnings():
                    # The processes only read files; they touch neither torch nor threads.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    waiting.append((start, pool.submit(_read, start, start + rows)))
            start, future = waiting.popleft() if waiting else (starts.popleft(), None)
            try:
                samples = future.result() if future else inputs[start : start + rows]
            except BrokenProcessPool:
                is_broken = True
                samples = inputs[start : start + rows]
            yield samples
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin(inputs: Inputs) -> None:
    # Ctrl-C is for the process that writes the table.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _held.append(inputs)


def _read(start: int, end: int) -> list[Sample]:
    return _held[-1][start:end]
