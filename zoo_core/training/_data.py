"""Training data from a simulator: fresh objects every epoch, the same ones every run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from ..simulation import Simulated, Simulator
    from ..tasks import Task
    from ._auxiliary import AuxiliaryTarget


class Batch(NamedTuple):
    """Objects to train on; every tensor has one row an object.

    Attributes
    ----------
    arrays : dict of str to torch.Tensor
        Raw inputs.
    target : torch.Tensor, or what the task encodes a truth to of tensors
        What the task's loss takes.
    auxiliary : tuple of torch.Tensor
        What the auxiliary losses take.
    """

    arrays: dict[str, torch.Tensor]
    target: Any
    auxiliary: tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True)
class SimulatedData:
    """A simulator as a source of batches.

    Epoch ``e`` uses chunks ``e * k`` to ``(e + 1) * k - 1`` of the seed's endless data set,
    so a resumed run sees what an uninterrupted one would have seen.

    Parameters
    ----------
    simulator : Simulator
        Draws the objects.
    task : Task
        Encodes their truth.
    seed : int
        Of the data set.
    examples : int
        Objects an epoch.
    auxiliary : tuple of AuxiliaryTarget
        What comes along for auxiliary losses.
    """

    simulator: Simulator
    task: Task
    seed: int
    examples: int
    auxiliary: tuple[AuxiliaryTarget, ...] = ()

    def epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of an epoch; a remainder shorter than a batch is left out."""
        chunks = -(-self.examples // self.simulator.chunk_size)
        waiting: deque[Batch] = deque()
        held, left = 0, self.examples // batch_size
        for index in range(epoch * chunks, (epoch + 1) * chunks):
            chunk = self.simulator.chunk(index, seed=self.seed)
            waiting.append(self._batch(chunk))
            held += len(chunk)
            while held >= batch_size and left:
                yield _take(waiting, batch_size)
                held -= batch_size
                left -= 1

    def first(self) -> Batch:
        """One chunk, to find out what the data are like."""
        return self._batch(self.simulator.chunk(0, seed=self.seed))

    def whole(self) -> Batch:
        """The first ``examples`` objects at once, for validation."""
        parts = self.simulator.stream(self.examples, seed=self.seed)
        return _take(deque(self._batch(part) for part in parts), self.examples)

    def _batch(self, drawn: Simulated) -> Batch:
        # Cloned, because autograd accepts no tensors that were drawn in inference mode.
        return Batch(
            {name: values.clone() for name, values in drawn.arrays.items()},
            self.task.encode(drawn.told(self.task.target_names)),
            tuple(target.encode(drawn) for target in self.auxiliary),
        )


def _take(waiting: deque[Batch], count: int) -> Batch:
    """Remove ``count`` objects from the front of a queue of batches and join them."""
    import torch
    from torch.utils import _pytree

    parts: list[Batch] = []
    while count:
        part = waiting.popleft()
        length = len(_pytree.tree_leaves(part)[0])
        if length > count:
            rest, part = (
                _pytree.tree_map(lambda values, rows=rows: values[rows], part)
                for rows in (slice(count, None), slice(count))
            )
            waiting.appendleft(rest)
            length = count
        parts.append(part)
        count -= length
    joined: Batch = _pytree.tree_map(lambda *values: torch.cat(values), *parts)
    return joined
