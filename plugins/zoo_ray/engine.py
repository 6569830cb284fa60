"""Parts of a run computed by processes of Ray."""

from __future__ import annotations

import itertools
import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo_core.errors import ProcessError, ZooError

from ._cluster import connected, import_ray, nodes_of
from ._member import Member, settings
from ._plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from zoo_core.survey import Positions, WorkerMaker
    from zoo_core.tables import PredictionTable

#: Workers that one part may cost, or that may die one after the other while they are made.
_MOST_DEATHS = 3

#: Seconds in which a first worker must be ready.
_PATIENCE = 600.0


class RayEngine:
    """Workers in processes of Ray, each with a model of its own.

    A worker has one part at a time. When its process dies, another gets the part, up to three
    times.

    Parameters
    ----------
    workers : int, optional
        How many; by default as many as have room in the cluster with four threads each, or on
        GPUs one for each.

    Raises
    ------
    UsageError
        Ray is not installed.
    """

    def __init__(self, *, workers: int | None = None):
        import_ray()
        self._workers = workers

    def run(
        self,
        make: WorkerMaker,
        parts: Iterable[tuple[int, Positions]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Generator[tuple[int, PredictionTable], None, None]:
        """Yield the parts as they are done; see ``zoo_core.survey.Engine.run``.

        Raises
        ------
        ProcessError
            The cluster cannot be reached, no worker becomes ready, or workers die again and
            again.
        UsageError
            The cluster is too small for what was asked.
        """
        wanted, threads = self._workers, make.threads
        # A cluster of our own is as large as is wished; one that is there is what it is.
        cores = wanted * (threads or 1) if wanted else None
        with connected(cores=cores) as ray:
            plan = make_plan(
                nodes_of(ray),
                on_gpu=make.device.startswith("cuda"),
                workers=wanted,
                threads=threads,
            )
            team = _Team(ray, make, plan)
            try:
                for part, table in team.work(parts):
                    if progress:
                        progress(len(part.positions.ra))
                    yield part.number, table
            finally:
                team.dismiss()


@dataclass(eq=False, slots=True)
class _Part:
    number: int
    positions: Positions
    deaths: int = 0


@dataclass(eq=False, slots=True)
class _Team:
    """The workers of a run, and what each of them does."""

    ray: Any
    make: WorkerMaker
    plan: Plan
    #: What is awaited: a worker with its part, or without one while it is being made.
    _busy: dict[Any, tuple[Any, _Part | None]] = field(default_factory=dict)
    _idle: list[Any] = field(default_factory=list)
    _again: list[_Part] = field(default_factory=list)
    #: Workers that have died in a row before any was ready.
    _stillborn: int = 0
    _is_ready: bool = False

    def work(
        self, parts: Iterable[tuple[int, Positions]]
    ) -> Iterator[tuple[_Part, PredictionTable]]:
        """Parts with their tables, as they are done."""
        source = itertools.starmap(_Part, parts)
        first = list(itertools.islice(source, self.plan.workers))
        rest = itertools.chain(first, source)
        make = self.ray.put(self.make)
        for _ in first:
            self._hire(make)
        is_more = bool(first)
        while is_more or self._again or any(part for _, part in self._busy.values()):
            part, table = self._wait(make)
            # Before the part is written, for which the worker need not wait.
            while self._idle and (following := self._next(rest)):
                self._give(self._idle.pop(), following)
            is_more = not self._idle
            if part is not None and table is not None:
                yield part, table

    def dismiss(self) -> None:
        """End all workers."""
        for member in [*self._idle, *(member for member, _ in self._busy.values())]:
            self.ray.kill(member)

    def _next(self, rest: Iterator[_Part]) -> _Part | None:
        return self._again.pop() if self._again else next(rest, None)

    def _hire(self, make: Any) -> None:
        member = (
            self.ray.remote(Member)
            .options(num_cpus=self.plan.threads, num_gpus=self.plan.gpus)
            .remote()
        )
        ready = member.prepare.remote(make, os.getcwd(), settings(), self.plan.threads)  # noqa: PTH109
        self._busy[ready] = member, None

    def _give(self, member: Any, part: _Part) -> None:
        self._busy[member.predict.remote(part.positions)] = member, part

    def _wait(self, make: Any) -> tuple[_Part | None, PredictionTable | None]:
        """Until a worker is ready, has done a part, or has died; the part and its table."""
        timeout = None if self._is_ready else _PATIENCE
        done, _ = self.ray.wait(list(self._busy), num_returns=1, timeout=timeout)
        if not done:
            raise ProcessError(
                f"no worker of Ray was ready within {_PATIENCE / 60:.0f} minutes. Its cluster "
                f"has free: {self.ray.available_resources()}; a worker needs "
                f"{self.plan.threads} cores and {self.plan.gpus} GPUs. `ray status` tells who "
                "has the others."
            )
        member, part = self._busy.pop(done[0])
        try:
            table = self.ray.get(done[0])
        except self.ray.exceptions.RayTaskError as error:
            # An error of the code, which would come again, not the end of a process.
            if isinstance(error.cause, ZooError):
                raise error.cause from error
            raise
        except self.ray.exceptions.RayError as error:
            self._replace(member, part, error, make)
            return None, None
        self._is_ready = True
        self._stillborn = 0
        self._idle.append(member)
        return part, table

    def _replace(self, member: Any, part: _Part | None, error: Exception, make: Any) -> None:
        """Take the part of a dead worker back, and have another one made."""
        if part is None:
            self._stillborn += 1
            deaths, what = self._stillborn, "being made"
        else:
            part.deaths += 1
            deaths, what = part.deaths, f"computing part {part.number}"
        if deaths >= _MOST_DEATHS:
            raise ProcessError(
                f"{deaths} workers of Ray have died while {what}: {_in_short(error)} Often "
                "that is for want of memory: take fewer --workers, or smaller parts. The parts "
                "that are done stay; --resume goes on with them."
            ) from error
        logging.getLogger(__name__).warning(
            "a worker of Ray has died while %s: another one does it", what
        )
        # It may only be out of reach.
        self.ray.kill(member)
        if part is not None:
            self._again.append(part)
        if not self._idle:
            self._hire(make)


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
