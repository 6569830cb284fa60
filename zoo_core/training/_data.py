"""Training data from a simulator: fresh objects every epoch, the same ones every run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from ..simulation import Simulated, Simulator
    from ..tasks import Task

    Batch = tuple[dict[str, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class SimulatedData:
    """A simulator as a source of batches.

    Epoch ``e`` uses chunks ``e * k`` to ``(e + 1) * k - 1`` of the seed's endless data set,
    so a resumed run sees what an uninterrupted one would have seen.
    """

    simulator: Simulator
    task: Task
    seed: int
    examples: int

    def epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of an epoch; a remainder shorter than a batch is left out."""
        chunks = -(-self.examples // self.simulator.chunk_size)
        waiting: deque[Batch] = deque()
        held, left = 0, self.examples // batch_size
        for index in range(epoch * chunks, (epoch + 1) * chunks):
            chunk = self.simulator.chunk(index, seed=self.seed)
            waiting.append((_cloned(chunk), self.task.encode(chunk.truth)))
            held += len(chunk)
            while held >= batch_size and left:
                yield _take(waiting, batch_size)
                held -= batch_size
                left -= 1

    def whole(self) -> Batch:
        """The first ``examples`` objects at once, for validation."""
        parts = list(self.simulator.stream(self.examples, seed=self.seed))
        pieces = deque((_cloned(part), self.task.encode(part.truth)) for part in parts)
        return _take(pieces, self.examples)


def _cloned(chunk: Simulated) -> dict[str, torch.Tensor]:
    """Copies that autograd accepts: simulators draw in inference mode."""
    return {name: values.clone() for name, values in chunk.arrays.items()}


def _take(waiting: deque[Batch], count: int) -> Batch:
    """Remove ``count`` objects from the front of a queue of pieces and join them."""
    import torch

    arrays: list[dict[str, torch.Tensor]] = []
    targets: list[torch.Tensor] = []
    while count:
        inputs, target = waiting.popleft()
        if len(target) > count:
            rest = {name: values[count:] for name, values in inputs.items()}
            waiting.appendleft((rest, target[count:]))
            inputs = {name: values[:count] for name, values in inputs.items()}
            target = target[:count]
        arrays.append(inputs)
        targets.append(target)
        count -= len(target)
    joined = {name: torch.cat([part[name] for part in arrays]) for name in arrays[0]}
    return joined, torch.cat(targets)
