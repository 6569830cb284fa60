"""Rows that must stay together: those of a group, and exact copies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that go to one part, and how many of them each class has."""

    rows: tuple[int, ...]
    classes: Mapping[int, int]


def make_units(
    rows: Sequence[int],
    labels: Sequence[int],
    digests: Sequence[str],
    groups: Sequence[str] | None,
) -> list[Unit]:
    """Join rows that share a group or a digest, in one step or over others.

    Parameters
    ----------
    rows : sequence of int
        Those to join; the other arguments are about all rows.
    labels : sequence of int
        Class of each row.
    digests : sequence of str
        The same for exact copies.
    groups : sequence of str, optional
        Group of each row.
    """
    parent = {row: row for row in rows}

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for keys in (digests,) if groups is None else (digests, groups):
        first: dict[str, int] = {}
        for row in rows:
            parent[root(row)] = root(first.setdefault(keys[row], row))
    members: dict[int, list[int]] = {}
    for row in rows:
        members.setdefault(root(row), []).append(row)
    return [
        Unit(tuple(inside), dict(Counter(labels[row] for row in inside)))
        for inside in members.values()
    ]
