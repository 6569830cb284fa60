"""Finding the number of objects that go through a network together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

#: Largest batch that is tried.
LARGEST = 4096

#: A larger or smaller batch has to be faster by this factor to be taken.
_GAIN = 1.08

#: Batches that are timed at each size; the fastest counts.
_REPEATS = 3


#: Numbers in a batch's inputs that keep the activations near a processor's caches.
_PROCESSOR_NUMBERS = 2**16


def processor_batch_size(inputs: Sequence[torch.Tensor]) -> int:
    """Batch size on a processor, by the size of an object alone: a power of two, 4 to 512.

    A processor is about as fast with any batch that stays near its caches. A size that does
    not depend on the time it takes gives the same numbers to the last bit in every run.
    """
    numbers = sum(math.prod(tensor.shape[1:]) for tensor in inputs)
    wanted = round(math.log2(_PROCESSOR_NUMBERS / max(1, numbers)))
    return int(2 ** min(9, max(2, wanted)))


class BatchSize:
    """A batch size that is improved while the work is done.

    Starting from ``start``, the size is doubled as long as that makes the work faster; if
    the first doubling does not, it is halved as long as that does. The batches that are
    timed are part of the work, so the search costs next to nothing.

    Parameters
    ----------
    start : int
        Size of the first batches.
    search : bool
        Look for a better size; otherwise only memory changes it.

    Examples
    --------
    >>> size = BatchSize(32, search=True)
    >>> while size.is_searching:  # a network that takes 1 s a batch and 10 ms an object
    ...     size.record(size.current, 1.0 + 0.01 * size.current)
    >>> size.current
    1024
    """

    def __init__(self, start: int, *, search: bool):
        self.current = start
        self.is_searching = search
        self._start = start
        self._best = start
        self._best_rate = 0.0
        self._rates: list[float] = []
        self._is_growing = True
        self._largest = LARGEST

    def record(self, count: int, seconds: float) -> None:
        """Take note of the time of a batch; one of another size says nothing."""
        if not self.is_searching or count != self.current:
            return
        self._rates.append(count / max(seconds, 1e-9))
        if len(self._rates) == _REPEATS:
            self._step(max(self._rates))

    def shrink(self, count: int) -> int:
        """Memory ran out for ``count`` objects: the size to go on with, for good."""
        smaller = max(1, count // 2)
        self.current = self._best = smaller
        self._largest = smaller
        self.is_searching = False
        return smaller

    def _step(self, rate: float) -> None:
        self._rates = []
        if rate > _GAIN * self._best_rate:
            self._best, self._best_rate = self.current, rate
            follow = self.current * 2 if self._is_growing else self.current // 2
        elif self._is_growing and self._best == self._start:
            self._is_growing = False
            follow = self._start // 2
        else:
            follow = 0
        if 1 <= follow <= self._largest:
            self.current = follow
        else:
            self.current = self._best
            self.is_searching = False
