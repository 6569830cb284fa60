"""Who does the parts of a run: this process, or others through a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from ..tables import PredictionTable
    from ._catalog import Positions
    from ._maker import WorkerMaker


class Engine(Protocol):
    """Runs workers over the parts of a catalogue.

    An engine computes, and does nothing else: which parts there are, in which folder they
    are written and when one counts as done is decided where it is called. So what another
    engine gives is the same table, and what is lost with it is at most the parts that were
    under way.
    """

    def run(
        self,
        make: WorkerMaker,
        parts: Iterable[tuple[int, Positions]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Generator[tuple[int, PredictionTable], None, None]:
        """Yield the number and the table of each part once, in any order.

        The generator is closed in every case, and then ends what it has started.

        Parameters
        ----------
        make : WorkerMaker
            Makes a worker; can be pickled.
        parts : iterable of (int, Positions)
            Drawn no faster than they are done.
        progress : callable, optional
            Called with numbers of objects that are done since.
        """
        ...


class InProcess:
    """One worker in this process, part after part."""

    def run(
        self,
        make: WorkerMaker,
        parts: Iterable[tuple[int, Positions]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Generator[tuple[int, PredictionTable], None, None]:
        """Yield the parts in order; see ``Engine.run``."""
        worker = make()
        for number, positions in parts:
            yield number, worker.predict(positions, progress=progress)
