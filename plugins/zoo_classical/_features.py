"""The features by name, and the layer that measures and standardises them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from zoo_core.errors import InputError, UsageError, unknown_name

from ._gradients import GABOR_VALUES, gabor, hog, hog_values
from ._morphology import MORPHOLOGY, morphology
from ._series import STATISTICS, statistics
from ._sizes import Size, axes_of, check_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Standardised features lie within so many standard deviations.
_RANGE = 1e4


@dataclass(frozen=True, slots=True)
class Feature:
    """A kind of features.

    Attributes
    ----------
    axes : int
        Axes of a band: 1 a series, 2 an image; 0 for either.
    count : callable
        Numbers a band, of the lengths of its axes.
    measure : callable
        ``(n, *axes) -> (n, count)`` of one band.
    takes_nan : bool
        Values that are not finite reach it; they are replaced by the median otherwise.
    """

    axes: int
    count: Callable[[tuple[int, ...]], int]
    measure: Callable[[torch.Tensor], torch.Tensor]
    takes_nan: bool = False


def _pixels(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(1)


def _product(size: tuple[int, ...]) -> int:
    return functools.reduce(lambda a, b: a * b, size)


FEATURES = {
    "gabor": Feature(2, lambda _: GABOR_VALUES, gabor),
    "hog": Feature(2, hog_values, hog),
    "morphology": Feature(2, lambda _: len(MORPHOLOGY), morphology),
    "pixels": Feature(0, _product, _pixels, takes_nan=True),
    "statistics": Feature(1, lambda _: len(STATISTICS), statistics, takes_nan=True),
}


class Measured(nn.Module):
    """Measures features and standardises them; has no parameters.

    Parameters
    ----------
    names : str or sequence of str
        Among ``FEATURES``; several are put one after another.
    num_bands : int
        Channels of the input. Each is measured by itself.
    input_size : int or sequence of int
        Lengths of the axes after batch and band.

    Attributes
    ----------
    count : int
        Features of an object.
    mean, std : torch.Tensor
        ``(count,)``, buffers: of the data that the model was fitted to; 0 and 1 at first.

    Raises
    ------
    UnknownName
        No such feature.
    UsageError
        A feature for images on series or the reverse, or an image too small for it.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, names: str | Sequence[str], num_bands: int, input_size: Size):
        super().__init__()
        self.names = (names,) if isinstance(names, str) else tuple(names)
        self.size = axes_of(input_size)
        self.num_bands = num_bands
        if num_bands < 1 or not self.names:
            raise UsageError(
                f"a model needs a band and a feature at least, got num_bands={num_bands} and "
                f"features={list(self.names)}."
            )
        self.count = num_bands * sum(_checked_count(name, self.size) for name in self.names)
        check_numbers("features", self.count)
        self.register_buffer("mean", torch.zeros(self.count))
        self.register_buffer("std", torch.ones(self.count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Standardised features ``(n, count)`` of ``(n, band, *axes)`` float32.

        A measurement that failed is 0, the mean of the data of the fit.
        """
        return self.standardise(self.measure(x))

    def standardise(self, raw: torch.Tensor) -> torch.Tensor:
        """Deviations from the mean, in standard deviations, of features ``(n, count)``."""
        found = (raw - self.mean) / self.std
        return torch.where(raw.isfinite(), found, 0.0).clamp(-_RANGE, _RANGE)

    def measure(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(n, count)`` as they are, NaN where a measurement failed."""
        wanted = (self.num_bands, *self.size)
        if tuple(x.shape[1:]) != wanted:
            raise InputError(
                f"this model was fitted to inputs of (band, *axes) = {wanted}, got "
                f"{tuple(x.shape[1:])}. Build and fit one with these numbers."
            )
        if x.dtype != torch.float32 or self.mean.dtype != torch.float32:
            raise UsageError(
                "trees and kernels compare numbers with thresholds and need float32, got "
                f"{x.dtype} inputs and {self.mean.dtype} numbers of the model. Use "
                "precision float32."
            )
        if torch.is_autocast_enabled(x.device.type):
            raise UsageError(
                "trees and kernels need float32 throughout; do not run them in autocast."
            )
        found: torch.Tensor = _uncompiled(x, self.names)
        return found


def measured(x: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    """Features ``(n, count)`` of ``(n, band, *axes)``: of each kind, band after band."""
    found = []
    with torch.no_grad():
        filled = _without_gaps(x)
        for name in names:
            feature = FEATURES[name]
            source = x if feature.takes_nan else filled
            found += [feature.measure(source[:, band]) for band in range(x.shape[1])]
        return torch.cat(found, dim=1)


# The compiler would unroll loops over objects, and translate what numpy does.
_uncompiled = torch.compiler.disable(measured)


def _without_gaps(x: torch.Tensor) -> torch.Tensor:
    """Values that are not finite replaced by the median of their band, or else by 0."""
    finite = x.isfinite()
    if bool(finite.all()):
        return x
    known = torch.where(finite, x, torch.nan).flatten(2)
    median = known.nanmedian(dim=2).values.nan_to_num()
    return torch.where(finite, x, median.reshape(*median.shape, *[1] * (x.dim() - 2)))


def _checked_count(name: Any, size: tuple[int, ...]) -> int:
    """Numbers a band of a feature."""
    if name not in FEATURES:
        raise unknown_name("feature", str(name), sorted(FEATURES))
    feature = FEATURES[name]
    if feature.axes not in (0, len(size)):
        kind = "series" if feature.axes == 1 else "images"
        raise UsageError(
            f"the feature {name!r} is one of {kind}; input_size {list(size)} has "
            f"{len(size)} axes."
        )
    count = feature.count(size)
    if count < 1 or (feature.axes == 2 and min(size) < 4):
        raise UsageError(f"an image of {size} pixels is too small for the feature {name!r}.")
    return count
