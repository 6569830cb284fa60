"""Checks of an engine: each part comes once and whole, drawn as the work goes on."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ._check import NotApplicable, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..survey import Engine, Positions
    from ..tables import PredictionTable
    from ._uses import Uses

_ROWS = 3

_PARTS = 200

#: Parts that one worker may have under way.
_AHEAD = 20


class _Echo:
    """A worker that gives the identifiers back."""

    def predict(self, positions: Positions, *, progress: Any = None) -> PredictionTable:
        from ..tables import Column, PredictionTable

        if progress:
            progress(len(positions.ids))
        return PredictionTable([Column("id")], {"id": positions.ids})


class _MakesEchoes:
    """Stands for a ``WorkerMaker``."""

    device = "cpu"
    threads = 1

    def __call__(self, *, threads: int | None = None) -> _Echo:  # noqa: ARG002 - as there
        return _Echo()


def gives_each_part_once(uses: Uses, name: str) -> None:
    """In any order, with its own rows; drawn as they are done, and all told as progress."""
    told: list[int] = []
    drawn, given, most = 0, [], 0

    def parts() -> Iterator[tuple[int, Positions]]:
        nonlocal drawn
        for number in range(_PARTS):
            drawn += 1
            yield number, _positions(number)

    with closing(_engine(uses, name).run(_maker(), parts(), progress=told.append)) as tables:
        for number, table in tables:
            wanted = _positions(number).ids.tolist()
            ids = table["id"].tolist()
            require(ids == wanted, f"part {number} has the rows {ids}, not {wanted}")
            given.append(number)
            most = max(most, drawn - len(given))
    require(
        sorted(given) == list(range(_PARTS)), f"of {_PARTS} parts it gives the numbers {given}"
    )
    rows = _ROWS * _PARTS
    require(sum(told) == rows, f"of {rows} rows {sum(told)} were told as progress")
    require(
        most <= _AHEAD,
        f"it has drawn {most} parts that it had not given; a catalogue is longer than memory",
    )


def _engine(uses: Uses, name: str) -> Engine:
    from ..survey import IN_PROCESS, find_engine

    require(name != IN_PROCESS, f"{name!r} is the engine of the zoo itself; take another name")
    try:
        return find_engine(name, uses.zoo.plugins, workers=1)
    except UsageError as error:
        raise NotApplicable(str(error)) from error


def _maker() -> Any:
    return _MakesEchoes()


def _positions(number: int) -> Positions:
    import numpy as np

    from ..survey import Positions

    first = number * _ROWS
    nothing, none = np.zeros(_ROWS), np.zeros(_ROWS, dtype=bool)
    return Positions(first, np.arange(first, first + _ROWS), nothing, nothing, none, none)


CHECKS = (gives_each_part_once,)
