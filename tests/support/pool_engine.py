"""Pool: processes of this machine, each with a worker of its own."""

from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context

made = []


def begin(make):
    made.append(make(threads=1))


def compute(number, positions):
    return number, made[0].predict(positions)


class PoolEngine:
    """Two workers, or as many as ``--workers`` says."""

    def __init__(self, *, workers=None):
        self.workers = workers or 2

    def run(self, make, parts, *, progress=None):
        parts = iter(parts)
        with ProcessPoolExecutor(
            self.workers, get_context("spawn"), initializer=begin, initargs=(make,)
        ) as pool:
            pending = {pool.submit(compute, *part) for part in islice(parts, self.workers)}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                pending |= {pool.submit(compute, *part) for part in islice(parts, len(done))}
                for number, table in (future.result() for future in done):
                    if progress:
                        progress(len(table))
                    yield number, table
