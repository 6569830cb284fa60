"""The operations that a card may name, each implemented once.

An operation takes a float32 batch ``(batch, channel, *axes)`` and numbers, and returns a
float32 batch. It says in ``scope`` where its statistics come from: ``fixed`` numbers only,
or the ``sample`` itself (then a tile and the whole image give different results).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch


@dataclass(frozen=True, slots=True)
class Operation:
    """An entry of the vocabulary.

    Attributes
    ----------
    apply : callable
        ``apply(batch, **arguments) -> batch``.
    arguments : mapping of str to str
        Name of each argument and what it is: ``number``, ``positive``, ``per-channel``
        (a list with one number a channel) or ``lengths`` (a list with one positive
        integer an axis).
    scope : str
        ``fixed`` or ``sample``.
    channels : int, optional
        How many channels it leaves, where that is not as many as it gets.
    inverse : callable, optional
        ``inverse(batch, **arguments) -> batch`` undoes it, as far as numbers alone can.
    """

    apply: Callable[..., torch.Tensor]
    arguments: Mapping[str, str]
    scope: str
    summary: str
    channels: int | None = None
    inverse: Callable[..., torch.Tensor] | None = None


def _fill_nan(batch: torch.Tensor, value: float) -> torch.Tensor:
    import torch

    return torch.nan_to_num(batch, nan=value, posinf=value, neginf=value)


def _clip(batch: torch.Tensor, low: float, high: float) -> torch.Tensor:
    return batch.clamp(low, high)


def _as_it_is(batch: torch.Tensor, **_: float) -> torch.Tensor:
    return batch


def _scale(batch: torch.Tensor, factor: float) -> torch.Tensor:
    return batch * factor


def _asinh(batch: torch.Tensor, softening: float) -> torch.Tensor:
    return (batch / softening).asinh()


def _sinh(batch: torch.Tensor, softening: float) -> torch.Tensor:
    return batch.sinh() * softening


def _unscale(batch: torch.Tensor, factor: float) -> torch.Tensor:
    return batch / factor


def _per_channel(batch: torch.Tensor, values: list[float]) -> torch.Tensor:
    import torch

    shape = (1, len(values)) + (1,) * (batch.dim() - 2)
    return torch.tensor(values, dtype=batch.dtype, device=batch.device).view(shape)


def _normalize(batch: torch.Tensor, mean: list[float], std: list[float]) -> torch.Tensor:
    return (batch - _per_channel(batch, mean)).div_(_per_channel(batch, std))


def _denormalize(batch: torch.Tensor, mean: list[float], std: list[float]) -> torch.Tensor:
    return (batch * _per_channel(batch, std)).add_(_per_channel(batch, mean))


def _noise_scale(batch: torch.Tensor) -> torch.Tensor:
    import torch

    # Neighbours along all axes at once (diagonal pixels of an image): a smooth object
    # hardly changes between them, white noise does.
    ahead = behind = batch
    for axis in range(2, batch.dim()):
        ahead = ahead.narrow(axis, 1, ahead.shape[axis] - 1)
        behind = behind.narrow(axis, 0, behind.shape[axis] - 1)
    difference = (ahead - behind).abs_().flatten(2)
    # Missing samples tell nothing of the noise: they are left out, not counted as zeros.
    sigma = difference.nanmedian(dim=2).values * (1.4826 / math.sqrt(2.0))
    sigma = torch.where(sigma > 0, sigma, torch.ones_like(sigma))
    return batch / sigma.view(*sigma.shape, *(1,) * (batch.dim() - 2))


def _sigma_floor(batch: torch.Tensor, sigma: float) -> torch.Tensor:
    import torch

    values = batch.flatten(2)
    inside = values.isfinite()
    filled = values.nan_to_num(0.0, 0.0, 0.0)
    deviation = values.new_zeros(values.shape[:2])
    for _ in range(_CLIPPINGS):
        count = inside.sum(dim=2).clamp_min(1)
        mean = (filled * inside).sum(dim=2) / count
        off = (filled - mean[:, :, None]) * inside
        deviation = (off.square().sum(dim=2) / count).sqrt()
        inside &= (filled - mean[:, :, None]).abs() <= _CLIPPED * deviation[:, :, None]
    low = (values < sigma * deviation[:, :, None]).view_as(batch)
    return torch.where(low, torch.zeros_like(batch), batch)


def _peak_scale(batch: torch.Tensor) -> torch.Tensor:
    import torch

    values = batch.flatten(2)
    largest = torch.where(values.isnan(), values.new_tensor(-math.inf), values).amax(dim=2)
    usable = (largest > 0) & largest.isfinite()
    peak = torch.where(usable, largest, torch.ones_like(largest))
    return batch / peak.view(*peak.shape, *(1,) * (batch.dim() - 2))


def _subtract_median(batch: torch.Tensor) -> torch.Tensor:
    # One missing sample would make the plain median, and so the whole channel, NaN.
    median = batch.flatten(2).nanmedian(dim=2).values
    return batch - median.view(*median.shape, *(1,) * (batch.dim() - 2))


def _standardize(batch: torch.Tensor) -> torch.Tensor:
    import torch

    values = batch.flatten(2)
    there = ~values.isnan()
    count = there.sum(dim=2, keepdim=True)
    centred = values - _mean(values, there, count)
    # Once more: the first mean of a large level is rounded by more than the light varies.
    centred = centred - _mean(centred, there, count)
    # Squares of a flux in physical units, 1e-25 or 1e25, lie outside what float32 holds.
    largest = torch.where(there, centred.abs(), torch.zeros_like(centred)).amax(2, keepdim=True)
    centred = centred / torch.where(largest > 0, largest, torch.ones_like(largest))
    deviation = _mean(centred.square(), there, count).sqrt()
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return (centred / deviation).view_as(batch)


def _mean(values: torch.Tensor, there: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Mean along the last axis of what is there; 0 where nothing is."""
    import torch

    total = torch.where(there, values, torch.zeros_like(values)).sum(dim=2, keepdim=True)
    return total / count.clamp_min(1)


def _separate_center(batch: torch.Tensor) -> torch.Tensor:
    from ._central_light import separate_center

    return separate_center(batch)


def _subtract_sersic(batch: torch.Tensor) -> torch.Tensor:
    from ._central_light import subtract_sersic

    return subtract_sersic(batch)


def _center_crop(batch: torch.Tensor, size: list[int]) -> torch.Tensor:
    for axis, length in enumerate(size, start=2):
        batch = batch.narrow(axis, (batch.shape[axis] - length) // 2, length)
    return batch


def _resize(batch: torch.Tensor, size: list[int]) -> torch.Tensor:
    from torch.nn import functional

    if list(batch.shape[2:]) == size:
        return batch
    # Averages where pixels get larger, so that fine structure does not fold over.
    return functional.interpolate(batch, size=size, mode="bilinear", antialias=True)


#: Rounds of a sigma clipping, and where it clips.
_CLIPPINGS, _CLIPPED = 10, 3.0

VOCABULARY: Mapping[str, Operation] = {
    "asinh": Operation(
        _asinh,
        {"softening": "positive"},
        "fixed",
        "asinh(x / softening)",
        inverse=_sinh,
    ),
    "center_crop": Operation(
        _center_crop, {"size": "lengths"}, "fixed", "keep the middle of each axis"
    ),
    "clip": Operation(
        _clip,
        {"low": "number", "high": "number"},
        "fixed",
        "limit values to [low, high]",
        inverse=_as_it_is,
    ),
    "fill_nan": Operation(
        _fill_nan,
        {"value": "number"},
        "fixed",
        "replace NaN and infinities by a number",
        inverse=_as_it_is,
    ),
    "noise_scale": Operation(
        _noise_scale,
        {},
        "sample",
        "divide each channel by its noise: 1.4826 / sqrt(2) times the median absolute "
        "difference of neighbouring samples that are not NaN",
    ),
    "normalize": Operation(
        _normalize,
        {"mean": "per-channel", "std": "per-channel"},
        "fixed",
        "(x - mean) / std for each channel",
        inverse=_denormalize,
    ),
    "peak_scale": Operation(
        _peak_scale,
        {},
        "sample",
        "divide each channel by its largest value, where that is above 0",
    ),
    "resize": Operation(
        _resize,
        {"size": "lengths"},
        "fixed",
        "bring images to another number of pixels, bilinear with antialiasing",
    ),
    "scale": Operation(
        _scale,
        {"factor": "positive"},
        "fixed",
        "multiply by a positive number",
        inverse=_unscale,
    ),
    "separate_center": Operation(
        _separate_center,
        {},
        "sample",
        "keep what has another colour than the galaxy in the middle, as one channel: "
        "independent component analysis of two components over the channels of an image",
        channels=1,
    ),
    "sigma_floor": Operation(
        _sigma_floor,
        {"sigma": "positive"},
        "sample",
        "set to 0 what lies below so many standard deviations of each channel, after clipping "
        "at 3 of them ten times",
    ),
    "standardize": Operation(
        _standardize,
        {},
        "sample",
        "bring each channel to mean 0 and standard deviation 1, of the samples that are not "
        "NaN; one that does not vary becomes 0",
    ),
    "subtract_sersic": Operation(
        _subtract_sersic,
        {},
        "sample",
        "subtract from each channel of an image an elliptical Sersic profile fitted to its "
        "middle, with little weight on what is no part of it",
    ),
    "subtract_median": Operation(
        _subtract_median,
        {},
        "sample",
        "subtract each channel's median, of the samples that are not NaN",
    ),
}
