"""What the card of a classification must say about classes and temperature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..errors import CardError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cards import Target


def check_classes(target: Target) -> None:
    """Raise ``CardError`` if a class has no name or two have the same."""
    names = target.classes
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise CardError(
            f"the classes of target {target.name!r} need a name each, all different; "
            f"got {list(names)}."
        )


def check_calibration(calibration: Mapping[str, float], *, has_offset: bool = False) -> None:
    """Raise ``CardError`` unless there is at most a positive ``temperature``.

    And, of two classes, an ``offset``.
    """
    known = {"temperature", "offset"} if has_offset else {"temperature"}
    unknown = sorted(set(calibration) - known)
    if unknown:
        told = "'temperature' and 'offset'" if has_offset else "'temperature' alone"
        raise CardError(f"the calibration of this classification holds {told}, got {unknown}.")
    temperature = calibration.get("temperature", 1.0)
    if not math.isfinite(temperature) or temperature <= 0:
        raise CardError(f"the temperature must be a positive number, got {temperature}.")
    offset = calibration.get("offset", 0.0)
    if not math.isfinite(offset):
        raise CardError(f"the offset must be a number, got {offset}.")
