"""What a simulator is: a seeded source of inputs with their truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import torch

    from ..cards import InputSpec
    from ..tables import Column


@dataclass(frozen=True, slots=True)
class Simulated:
    """Simulated inputs and their truth.

    Attributes
    ----------
    arrays : dict of str to torch.Tensor
        For each input of the simulator ``(n, channel, *axes)``, float32, in its units.
    truth : dict of str to numpy.ndarray
        Columns ``(n,)`` as the simulator's ``truth`` lists them.
    maps : dict of str to torch.Tensor
        ``(n, *axes)``, or with bands ``(n, band, *axes)``, float32, as the simulator's
        ``maps`` lists them.
    """

    arrays: dict[str, torch.Tensor]
    truth: dict[str, np.ndarray]
    maps: dict[str, torch.Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def told(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """The truth as a task takes it: its columns, and those of the maps that are named."""
        pictures = {name: self.maps[name].numpy() for name in names if name in self.maps}
        return {**self.truth, **pictures}

    def first(self, count: int) -> Simulated:
        """The first ``count`` objects."""
        return Simulated(
            arrays={name: values[:count] for name, values in self.arrays.items()},
            truth={name: values[:count] for name, values in self.truth.items()},
            maps={name: values[:count] for name, values in self.maps.items()},
        )


class Simulator(ABC):
    """Base class of simulators; a plugin lists its own in ``[[simulators]]``.

    A subclass states ``name``, ``version``, ``summary``, ``inputs`` and ``truth`` and
    implements ``draw``. Any change that alters the numbers for a seed must raise
    ``version``: cards name simulator, version and seed.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    summary: ClassVar[str]
    inputs: ClassVar[tuple[InputSpec, ...]]
    truth: ClassVar[tuple[Column, ...]]

    #: Pictures on the axes of an input: where a part of the scene is (not negative, for
    #: auxiliary losses), or what the scene truly looks like (the target of a restoration).
    #: They are not written with a data set.
    maps: ClassVar[tuple[Column, ...]] = ()

    #: Objects that share one random stream. Object ``i`` of a seed depends on the seed and
    #: on ``i // chunk_size`` alone, so any part of a data set can be drawn again.
    chunk_size: ClassVar[int] = 512

    @abstractmethod
    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` objects; every random number comes from ``generator``."""

    def chunk(self, index: int, *, seed: int) -> Simulated:
        """Draw chunk ``index`` of the endless data set that ``seed`` names."""
        import numpy as np
        import torch

        words = np.random.SeedSequence([seed, index]).generate_state(2, np.uint32)
        generator = torch.Generator().manual_seed(int(words[0]) << 32 | int(words[1]))
        with torch.inference_mode():
            return self.draw(self.chunk_size, generator)

    def stream(self, count: int, *, seed: int) -> Iterator[Simulated]:
        """Yield the first ``count`` objects of a seed, a chunk at a time."""
        for index in range(-(-count // self.chunk_size)):
            left = count - index * self.chunk_size
            chunk = self.chunk(index, seed=seed)
            yield chunk if left >= self.chunk_size else chunk.first(left)


def concatenate(chunks: Iterable[Simulated]) -> Simulated:
    """Join chunks into one; there must be at least one."""
    import numpy as np
    import torch

    parts = list(chunks)
    return Simulated(
        arrays={k: torch.cat([part.arrays[k] for part in parts]) for k in parts[0].arrays},
        truth={k: np.concatenate([part.truth[k] for part in parts]) for k in parts[0].truth},
        maps={k: torch.cat([part.maps[k] for part in parts]) for k in parts[0].maps},
    )
