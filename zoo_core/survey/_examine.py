"""What is wrong with the cutouts of a block: the checks of single objects, for many at once.

What is refused, and in which words, is what ``zoo_core.data`` says of objects in files.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..data._middle import missing_middles, told_of_middle
from ..data._text import times

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ..cards import InputSpec
    from ..data import Problem


class Block(NamedTuple):
    """Cutouts as they were cut.

    ``array`` is ``(n, band, y, x)``, ``outside`` the share of each ``(n, band)`` that lies
    off the tile, ``problems`` what is to be said of all of them.
    """

    array: np.ndarray
    outside: np.ndarray
    problems: tuple[Problem, ...]


class Examined(NamedTuple):
    """For each cutout whether it can be used, one word, and one line."""

    is_usable: np.ndarray
    flags: list[str]
    reasons: list[str]


def examine(block: Block, spec: InputSpec) -> Examined:
    """Check the cutouts of a block.

    Infinite values become NaN in place, and so does all of a cutout that cannot be used.

    Parameters
    ----------
    block : Block
        The cutouts, float32.
    spec : InputSpec
        Whether the model takes missing values.
    """
    import numpy as np

    array, told = block.array, _Told(len(block.array))
    counts, size = _missing(array), math.prod(array.shape[1:])
    is_refused = np.zeros(len(array), dtype=bool)
    for index, band in enumerate(spec.bands):
        where = f" in {band.name}" if len(spec.bands) > 1 else ""
        nans, pixels = counts.nan[:, index], math.prod(array.shape[2:])
        is_empty = (nans == pixels) & ~is_refused
        told.add(is_empty, "all-nan", partial(_empty, where, times(array.shape[1:])))
        low, high = _range(array[:, index], nans > 0)
        is_flat = (low == high) & ~is_empty & ~is_refused & (pixels > 1)
        told.add(is_flat, "constant", partial(_flat, where, low))
        is_refused |= is_empty | is_flat
    middles = _missing_middles(array, spec, counts)
    told.add(
        middles.any(axis=1) & ~is_refused,
        "masked-center",
        lambda k: told_of_middle(middles[k], spec) + ("." if middles[k].all() else ""),
    )
    is_refused |= middles.all(axis=1)
    outside = block.outside.max(axis=1, initial=0.0)
    total_nan, infinite = counts.nan.sum(axis=1), counts.infinite
    told.add(
        outside > 0,
        "edge",
        lambda k: f"{100 * outside[k]:.3g} % of the cutout lies off the tile",
    )
    told.add(
        (infinite > 0) & ~is_refused,
        "not-finite",
        lambda k: f"{_share(infinite[k], size)} are infinite, taken as missing",
    )
    told.add(
        (total_nan > infinite) & ~is_refused,
        "nan-filled",
        lambda k: f"{_share(total_nan[k] - infinite[k], size)} are NaN",
    )
    if spec.missing == "refuse":
        is_missing = (total_nan > 0) & ~is_refused
        told.end(is_missing, "; this model takes no missing values.")
        is_refused |= is_missing
    for problem in block.problems:
        told.add(np.ones(len(array), dtype=bool), problem.flag, partial(_reason, problem))
    if is_refused.any():
        array[is_refused] = np.nan
    return Examined(~is_refused, told.flags, told.reasons)


class _Missing(NamedTuple):
    nan: np.ndarray  # (n, band), infinities among them
    infinite: np.ndarray  # (n,)


def _missing(array: np.ndarray) -> _Missing:
    """Turn infinities into NaN, and count both."""
    import numpy as np

    nan = np.zeros(array.shape[:2], dtype=np.int64)
    infinite = np.zeros(len(array), dtype=np.int64)
    # A sum is finite only if every value is (or it overflows, and then the rest decides):
    # a fraction of the time of asking each value.
    with np.errstate(over="ignore", invalid="ignore"):
        suspects = np.flatnonzero(~np.isfinite(array.sum(axis=(1, 2, 3))))
    if len(suspects):
        part = array[suspects]
        is_infinite = np.isinf(part)
        if is_infinite.any():
            part[is_infinite] = np.nan
            array[suspects] = part
            infinite[suspects] = np.count_nonzero(is_infinite, axis=(1, 2, 3))
        nan[suspects] = np.count_nonzero(np.isnan(part), axis=(2, 3))
    return _Missing(nan, infinite)


def _missing_middles(array: np.ndarray, spec: InputSpec, counts: _Missing) -> np.ndarray:
    """``(n, band)`` bool; only where values are missing is anything looked at."""
    import numpy as np

    missing = np.zeros(array.shape[:2], dtype=bool)
    suspects = np.flatnonzero(counts.nan.any(axis=1))
    if len(suspects):
        missing[suspects] = missing_middles(array[suspects], spec)
    return missing


def _range(plane: np.ndarray, has_nan: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each ``(y, x)`` that is no NaN; of none, NaN."""
    import numpy as np

    low, high = plane.min(axis=(1, 2)), plane.max(axis=(1, 2))
    holed = np.flatnonzero(has_nan)
    if len(holed):
        part = plane[holed]
        low[holed] = np.fmin.reduce(part, axis=(1, 2))
        high[holed] = np.fmax.reduce(part, axis=(1, 2))
    return low, high


class _Told:
    """Words and lines, the first word of each object staying its flag."""

    def __init__(self, count: int):
        self.flags = [""] * count
        self.reasons = [""] * count

    def add(self, which: np.ndarray, flag: str, reason: Callable[[int], str]) -> None:
        """Say something of some objects."""
        for k in which.nonzero()[0].tolist():
            self.flags[k] = self.flags[k] or flag
            line = reason(k)
            self.reasons[k] = f"{self.reasons[k]}; {line}" if self.reasons[k] else line

    def end(self, which: np.ndarray, text: str) -> None:
        """Add to what was said of some objects."""
        for k in which.nonzero()[0].tolist():
            self.reasons[k] += text


def _empty(where: str, shape: str, _: int) -> str:
    return f"no value{where} is a finite number (shape {shape})."


def _flat(where: str, low: np.ndarray, k: int) -> str:
    return f"every value{where} is {low[k]:g}: the image is constant."


def _reason(problem: Problem, _: int) -> str:
    return problem.reason


def _share(count: int, total: int) -> str:
    return f"{count} of {total} values ({100 * count / total:.3g} %)"
