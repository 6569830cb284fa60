"""An ordered list of operations with their numbers, checked once and then applied."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CardError
from ._operations import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import torch

#: Numbers of which a few copies fit into the caches of one core.
_CACHED_NUMBERS = 2**17


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What happens to one input between the reader and the network.

    Examples
    --------
    >>> steps = Preprocessing.parse([{"op": "asinh", "softening": 2.0}], channels=1)
    >>> steps.describe()
    'asinh(softening=2.0)'
    """

    steps: tuple[tuple[str, dict[str, Any]], ...]

    @classmethod
    def parse(cls, steps: Iterable[Mapping[str, Any]], *, channels: int) -> Preprocessing:
        """Check a card's list of ``{"op": name, argument: number, ...}``.

        Raises
        ------
        CardError
            An operation that is not in the vocabulary, an argument that is missing,
            unknown, not a finite number, or not one number for each channel that there is
            at that step.
        """
        parsed = []
        for position, step in enumerate(steps):
            arguments = {key: value for key, value in step.items() if key != "op"}
            name = step.get("op")
            where = f"preprocessing step {position} ({name!r})"
            if not isinstance(name, str) or name not in VOCABULARY:
                raise CardError(
                    f"{where}: no such operation. Known: {', '.join(sorted(VOCABULARY))}."
                )
            _check_arguments(where, VOCABULARY[name].arguments, arguments, channels)
            parsed.append((name, arguments))
            channels = VOCABULARY[name].channels or channels
        return cls(tuple(parsed))

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Apply all steps to ``(batch, channel, *axes)`` float32."""
        rows = _rows_at_once(batch)
        if rows >= len(batch) or not self.steps:
            return self._apply(batch)
        first = self._apply(batch[:rows])
        whole = first.new_empty((len(batch), *first.shape[1:]))
        whole[:rows] = first
        for start in range(rows, len(batch), rows):
            whole[start : start + rows] = self._apply(batch[start : start + rows])
        return whole

    def _apply(self, batch: torch.Tensor) -> torch.Tensor:
        for name, arguments in self.steps:
            batch = VOCABULARY[name].apply(batch, **arguments)
        return batch

    def invert(self, batch: torch.Tensor) -> torch.Tensor:
        """Undo all steps, last first, on ``(batch, channel, *axes)``.

        What was clipped or filled stays as it is.

        Raises
        ------
        CardError
            A step that cannot be undone: it takes numbers of the sample itself.
        """
        for name, arguments in reversed(self.steps):
            inverse = VOCABULARY[name].inverse
            if inverse is None:
                raise CardError(f"the step {name!r} cannot be undone. {self.undoable()}")
            batch = inverse(batch, **arguments)
        return batch

    @staticmethod
    def undoable() -> str:
        """Which steps can be undone, for people."""
        able = [name for name, operation in VOCABULARY.items() if operation.inverse]
        return f"Those that can are {', '.join(sorted(able))}."

    def to_json(self) -> list[dict[str, Any]]:
        """The list as it stands on a card."""
        return [{"op": name, **arguments} for name, arguments in self.steps]

    def describe(self) -> str:
        """The steps on one line."""
        parts = []
        for name, arguments in self.steps:
            inside = ", ".join(f"{key}={value}" for key, value in arguments.items())
            parts.append(f"{name}({inside})")
        return " -> ".join(parts) or "none"


def _rows_at_once(batch: torch.Tensor) -> int:
    """Objects that a processor takes through all steps before it begins with others.

    Each step goes over all numbers once, which is fast while they are in the caches.
    """
    import torch

    if batch.device.type != "cpu":
        return len(batch)
    numbers = _CACHED_NUMBERS * torch.get_num_threads()
    return max(1, numbers // max(1, math.prod(batch.shape[1:])))


def _check_arguments(
    where: str, expected: Mapping[str, str], given: Mapping[str, Any], channels: int
) -> None:
    if set(expected) != set(given):
        raise CardError(
            f"{where}: takes the arguments {sorted(expected)}, was given {sorted(given)}."
        )
    for key, kind in expected.items():
        problem = _problem(kind, given[key], channels)
        if problem:
            raise CardError(f"{where}: {key} must be {problem}, is {given[key]!r}.")


def _problem(kind: str, value: Any, channels: int) -> str | None:
    """What the value should have been, or None if it is right."""
    if kind == "number":
        return None if _is_number(value) else "a finite number"
    if kind == "positive":
        return None if _is_number(value) and value > 0 else "a positive number"
    if kind == "lengths":
        good = (
            isinstance(value, list)
            and value
            and all(isinstance(n, int) and n > 0 for n in value)
        )
        return None if good else "a list of positive integers, one an axis"
    good = isinstance(value, list) and len(value) == channels
    good = good and all(_is_number(number) for number in value)
    return None if good else f"a list of {channels} finite numbers, one a channel"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
