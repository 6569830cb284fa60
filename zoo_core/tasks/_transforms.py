"""Numbers as a network learns them: transformed, then shifted and scaled to order one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..errors import CardError, InputError
from ._labels import truth_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ..cards import Target

#: What ``Target.transform`` may say. All of them grow with the value.
TRANSFORMS = ("identity", "log10")


def check_target(target: Target) -> None:
    """Raise ``CardError`` if a target is no number that can be learned."""
    where = f"the target {target.name!r} of a regression"
    if target.classes:
        raise CardError(f"{where} has the classes {list(target.classes)}; it must have none.")
    if target.transform not in TRANSFORMS:
        raise CardError(
            f"{where} has the transform {target.transform!r}; known are {list(TRANSFORMS)}."
        )
    if not (math.isfinite(target.location) and 0 < target.scale < math.inf):
        raise CardError(
            f"{where} has the location {target.location} and the scale {target.scale}; the "
            "location must be finite and the scale above 0."
        )


def to_standard(target: Target, truth: Mapping[str, np.ndarray]) -> np.ndarray:
    """Truth column ``(n,)`` as float64 in standard units.

    Raises
    ------
    InputError
        If the column is missing, or an entry is no number that the transform can take.
    """
    import numpy as np

    column = truth_column(truth, target.name)
    try:
        values = column.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the truth column {target.name!r} holds what is no number: {error}."
        ) from error
    is_good = np.isfinite(values)
    if target.transform == "log10":
        is_good &= values > 0
        values = np.log10(np.where(is_good, values, 1.0))
    if values.ndim != 1 or not is_good.all():
        bad = np.flatnonzero(~is_good)
        shown = ", ".join(f"{column[row]} (row {row})" for row in bad[:4])
        wanted = "positive numbers" if target.transform == "log10" else "finite numbers"
        raise InputError(
            f"{len(bad)} of {len(values)} entries of the truth column {target.name!r} are no "
            f"{wanted}, such as {shown}. Leave these objects out."
        )
    return (values - target.location) / target.scale


def from_standard(target: Target, values: np.ndarray) -> np.ndarray:
    """Values of any shape in the target's unit."""
    import numpy as np

    moved: np.ndarray = target.location + target.scale * values
    return np.power(10.0, moved) if target.transform == "log10" else moved
