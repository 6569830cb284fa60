"""Giving units to parts: near the wanted fractions in every class, no class forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._units import Unit

#: How often another order is tried where units of several classes leave a wish open.
_ATTEMPTS = 32

#: Units that are given away in all attempts together, so that many of them do not take long.
_MOST_WORK = 200_000

#: Stands for all classes together: each part must hold something.
_ANY = -1


def assign_units(
    units: Sequence[Unit], fractions: Sequence[float], *, seed: int
) -> tuple[list[int], bool]:
    """Choose a part for each unit.

    Parameters
    ----------
    units : sequence of Unit
        What is given away, whole.
    fractions : sequence of float
        Of each part, all above zero, their sum is one; the first is that of training.
    seed : int
        Not negative. Equal seeds give equal results.

    Returns
    -------
    tuple
        The part of each unit, and whether no part is empty. Each class is in the first
        part. A class with at least as many units as there are parts is in all of them,
        unless units of several classes make that impossible.
    """
    import numpy as np

    best: tuple[int, list[int], bool] | None = None
    for attempt in range(max(1, min(_ATTEMPTS, _MOST_WORK // max(1, len(units))))):
        order = np.random.default_rng([seed, attempt]).permutation(len(units)).tolist()
        assignment = _Assignment(units, fractions)
        assignment.fill(order)
        unmet = assignment.mend(order)
        if best is None or unmet < best[0]:
            full = set(assignment.part) == set(range(len(fractions)))
            best = (unmet, assignment.part, full)
        # Where every unit has one class, another order changes nothing.
        if not unmet or all(len(unit.classes) == 1 for unit in units):
            break
    assert best is not None  # noqa: S101 - there is at least one attempt
    return best[1], best[2]


class _Assignment:
    """The part of each unit, and what follows from it for the classes."""

    def __init__(self, units: Sequence[Unit], fractions: Sequence[float]):
        self.units = units
        self.parts = range(len(fractions))
        self.part = [-1] * len(units)
        total: dict[int, int] = {}
        self.of_class: dict[int, list[int]] = {_ANY: list(range(len(units)))}
        for index, unit in enumerate(units):
            for name, count in unit.classes.items():
                total[name] = total.get(name, 0) + count
                self.of_class.setdefault(name, []).append(index)
        total[_ANY] = sum(total.values())
        self.total = total
        #: Rows that a part still lacks.
        self.lack = {c: [n * fraction for fraction in fractions] for c, n in total.items()}
        #: Units of a class in a part.
        self.there = {name: [0 for _ in fractions] for name in total}

    def fill(self, order: Sequence[int]) -> None:
        """Give each unit, large ones first, to the part that its classes lack most in."""
        for index in sorted(order, key=lambda index: -len(self.units[index].rows)):
            unit = self.units[index]
            wishes = []
            for part in self.parts:
                wish = sum(
                    count * self.lack[name][part] / self.total[name]
                    for name, count in unit.classes.items()
                )
                wishes.append((round(wish, 9), round(self.lack[_ANY][part], 9), -part))
            self._put(index, -max(wishes)[2])

    def mend(self, order: Sequence[int]) -> int:
        """Move units until every class is where it must be; how often that failed."""
        unmet = 0
        names = sorted(self.total, key=lambda name: (len(self.of_class[name]), name))
        for part in self.parts:
            for name in names:
                if self.there[name][part] or not self._is_due(name, part):
                    continue
                index = self._spare(name, part, order)
                if index is None:
                    unmet += 1
                else:
                    self._put(index, part)
        return unmet

    def _is_due(self, name: int, part: int) -> bool:
        """Whether a class must be in a part."""
        return part == 0 or len(self.of_class[name]) >= len(self.parts)

    def _spare(self, name: int, part: int, order: Sequence[int]) -> int | None:
        """The smallest unit of a class that can go to a part and leaves no gap behind.

        The first part may leave gaps: they are mended afterwards.
        """
        rank = {index: position for position, index in enumerate(order)}
        able = [
            index
            for index in self.of_class[name]
            if self.part[index] != part and (part == 0 or self._is_spare(index))
        ]

        def price(index: int) -> tuple[int, float, int]:
            lack = self.lack[name][self.part[index]]
            return len(self.units[index].rows), round(lack, 9), rank[index]

        return min(able, key=price, default=None)

    def _is_spare(self, index: int) -> bool:
        part = self.part[index]
        return all(
            self.there[name][part] > 1 or not self._is_due(name, part)
            for name in (*self.units[index].classes, _ANY)
        )

    def _put(self, index: int, part: int) -> None:
        unit, before = self.units[index], self.part[index]
        for name, count in (*unit.classes.items(), (_ANY, len(unit.rows))):
            if before >= 0:
                self.there[name][before] -= 1
                self.lack[name][before] += count
            self.there[name][part] += 1
            self.lack[name][part] -= count
        self.part[index] = part
