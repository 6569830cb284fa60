"""Threads that each run whole batches, instead of sharing every layer of one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Most workers; with more threads each worker gets several.
_MOST = 16


class Workers:
    """A processor's threads as workers, each of which takes the next batch.

    Threads that share a layer wait for the slowest of them at its end, hundreds of times a
    batch; workers never wait for each other. Each computes its batch as a single thread
    would, so the numbers do not depend on who took it.

    Parameters
    ----------
    threads : int
        Threads in all.
    """

    def __init__(self, threads: int):
        import torch

        self.count = min(threads, _MOST)
        self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="zoo-worker")
        before = torch.get_num_threads()
        barrier = Barrier(self.count + 1)

        def prepare() -> None:
            torch.get_num_threads()  # the first use in a thread sets the number that all have
            torch.set_num_threads(max(1, threads // self.count))
            torch.set_flush_denormal(True)
            barrier.wait()

        try:
            for _ in range(self.count):
                self._pool.submit(prepare)
            barrier.wait()
        except BaseException:
            # Those that wait would wait for ever, and the end of the program for them.
            barrier.abort()
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        # The number is a thread's own, but threads to come start with the one set last.
        torch.set_num_threads(before)

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Results in the order of the items, in inference mode.

        After an error, or Ctrl-C, items that no worker has taken yet are left out.
        """
        import torch

        def run(item: Any) -> Any:
            with torch.inference_mode():
                return function(item)

        futures = [self._pool.submit(run, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False)
