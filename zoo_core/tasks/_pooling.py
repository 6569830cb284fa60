"""Averaging what several networks predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np


def mean_columns(
    members: Sequence[Mapping[str, np.ndarray]], names: Iterable[str]
) -> dict[str, np.ndarray]:
    """The mean of each of the columns ``(n,)`` over the members.

    >>> import numpy as np
    >>> mean_columns([{"p": np.array([0.0])}, {"p": np.array([0.5])}], ["p"])
    {'p': array([0.25])}
    """
    import numpy as np

    return {name: np.mean([member[name] for member in members], axis=0) for name in names}
