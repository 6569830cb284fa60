"""Taking away the light of the galaxy in the middle of an image, as a lens's from its arcs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

#: Cells along the longer side of the coarse image that a profile is fitted to.
_CELLS = 48

#: Steps of the fit; the residual, in units of its scatter, beyond which a pixel hardly counts;
#: how far parameters are moved to see what they do.
_STEPS = 40
_OUTLIER = 2.5
_NUDGE = 1e-5

#: Sersic index and axis ratio that a fit may reach.
_INDICES = (0.3, 8.0)
_FLATTEST = 0.1

#: Pixels that an independent component analysis needs for each component.
_LEAST_PIXELS = 16

#: Pixels over which a component is smoothed to see where its light is.
_SMOOTH = 1.5

#: Second singular value over the first below which channels tell the same: rounding.
_SAME = 1e-5


def subtract_sersic(batch: torch.Tensor) -> torch.Tensor:
    """Subtract an elliptical Sersic profile that is fitted to the middle of each channel.

    The profile and a constant level are fitted to the image averaged to about 48 cells a
    side by damped Gauss-Newton steps, with weights after Cauchy that let what is no part of
    the profile, such as arcs, stand out. The level is not subtracted.

    Parameters
    ----------
    batch : torch.Tensor
        ``(n, channel, y, x)``.

    Returns
    -------
    torch.Tensor
        The same shape; NaN where the input is NaN. An image without a value is left alone.
    """
    import torch

    count, channels, rows, columns = batch.shape
    images = batch.reshape(count * channels, rows, columns)
    factor = max(1, max(rows, columns) // _CELLS)
    coarse = _averaged(images, factor)
    found = _fit(coarse, factor, (rows, columns))
    model = _sersic(found, *_grid(rows, columns, batch))
    usable = found.isfinite().all(1)[:, None, None]
    return torch.where(usable, images - model, images).view_as(batch)


def _averaged(images: torch.Tensor, factor: int) -> torch.Tensor:
    """Means of ``factor x factor`` cells, without what is missing; NaN where all is."""
    from torch.nn import functional

    there = images.isfinite()
    filled = images.nan_to_num(0.0, 0.0, 0.0)
    total = functional.avg_pool2d(filled[:, None], factor)[:, 0]
    share = functional.avg_pool2d(there[:, None].to(images.dtype), factor)[:, 0]
    return total / share.where(share > 0, share.new_tensor(math.nan))


def _grid(
    rows: int, columns: int, like: torch.Tensor, factor: int = 1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of cells in pixels from the middle: ``(y, 1)`` and ``(x,)``."""
    import torch

    def axis(length: int) -> torch.Tensor:
        cells = torch.arange(length // factor, dtype=torch.float32, device=like.device)
        return factor * (cells + 0.5) - length / 2.0

    return axis(rows)[:, None], axis(columns)


def _sersic(parameters: torch.Tensor, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Surface brightness ``(n, y, x)`` of parameters ``(n, 8)``, without the level.

    The parameters are amplitude at the half-light radius, level, centre, logarithms of the
    radius and of the index, and a shear-like ellipticity: ``log(1/q) (cos, sin)(2 phi)``.
    """
    import torch

    amplitude, _, x0, y0, log_radius, log_index, g1, g2 = (
        parameters[:, i, None, None] for i in range(8)
    )
    flattening = torch.sqrt(g1.square() + g2.square() + 1e-12)
    stretch = torch.exp(0.5 * flattening.clamp_max(-math.log(_FLATTEST)))
    angle = 0.5 * torch.atan2(g2, g1 + 1e-12)
    dx, dy = x - x0, y - y0
    along = dx * torch.cos(angle) + dy * torch.sin(angle)
    across = dy * torch.cos(angle) - dx * torch.sin(angle)
    # A pixel is no point: half of it stays between its light and the cusp.
    r2 = (along / stretch).square() + (across * stretch).square() + 0.25
    index = torch.exp(log_index).clamp(*_INDICES)
    b = 2.0 * index - 1.0 / 3.0 + 4.0 / (405.0 * index)
    power = torch.exp((0.5 * torch.log(r2) - log_radius) / index)
    return amplitude * torch.exp((-b * (power - 1.0)).clamp(-60.0, 60.0))


def _start(coarse: torch.Tensor, factor: int, shape: tuple[int, int]) -> torch.Tensor:
    """A round profile of index 2 with the level and the middle of each image."""
    import torch

    y, x = _grid(*shape, coarse, factor)
    level = coarse.flatten(1).nanmedian(dim=1).values
    middle = (x.square() + y.square()) < (min(shape) / 8.0) ** 2
    light = torch.where(middle, coarse - level[:, None, None], torch.zeros_like(coarse))
    height = light.nan_to_num(0.0).flatten(1).amax(1)
    zero = torch.zeros_like(level)
    radius = torch.full_like(level, math.log(min(shape) / 16.0))
    return torch.stack(
        [0.15 * height, level, zero, zero, radius, zero + math.log(2.0), zero, zero], dim=1
    )


def _fit(coarse: torch.Tensor, factor: int, shape: tuple[int, int]) -> torch.Tensor:
    """Parameters ``(n, 8)`` of each coarse image; NaN where there is nothing to fit."""
    import torch

    coarse = coarse.double()
    y, x = _grid(*shape, coarse, factor)
    there = coarse.isfinite()
    data = coarse.nan_to_num(0.0)
    scale = data.flatten(1).abs().amax(1).clamp_min(1e-30)[:, None, None]
    data = data / scale
    found = _start(coarse / scale, factor, shape).nan_to_num(0.0)

    def model(parameters: torch.Tensor) -> torch.Tensor:
        return _sersic(parameters, y, x) + parameters[:, 1, None, None]

    def cost(parameters: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        off = torch.where(there, model(parameters) - data, torch.zeros_like(data))
        return (weight * off.square()).flatten(1).sum(1)

    nudges = _NUDGE * torch.eye(found.shape[1], dtype=found.dtype, device=found.device)
    damping = torch.full_like(found[:, 0], 1e-2)
    for _ in range(_STEPS):
        now = model(found)
        off = torch.where(there, now - data, torch.zeros_like(data))
        spread = 1.4826 * off.abs().flatten(1).median(dim=1).values.clamp_min(1e-7)
        weight = there / (1.0 + (off / (_OUTLIER * spread[:, None, None])).square())
        nudged = [(model(found + nudge) - now) / _NUDGE for nudge in nudges]
        slopes = torch.stack(nudged, dim=-1).flatten(1, 2)
        weighted = slopes * weight.flatten(1)[:, :, None]
        normal = weighted.mT @ slopes
        gradient = (weighted.mT @ off.flatten(1)[:, :, None])[:, :, 0]
        diagonal = normal.diagonal(dim1=1, dim2=2)
        damped = normal + torch.diag_embed(damping[:, None] * diagonal + 1e-9)
        step, _ = torch.linalg.solve_ex(damped, gradient)
        trial = _limited(found - step.nan_to_num(0.0), shape)
        better = cost(trial, weight) < cost(found, weight)
        found = torch.where(better[:, None], trial, found)
        damping = torch.where(better, damping * 0.3, damping * 4.0).clamp(1e-6, 1e6)
    found = found * torch.cat([scale[:, 0].expand(-1, 2), torch.ones_like(found[:, 2:])], dim=1)
    usable = there.flatten(1).any(1)[:, None]
    return torch.where(usable, found, found.new_tensor(math.nan)).float()


def _limited(parameters: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Keep a galaxy in the middle, of a size and an index that galaxies have."""
    import torch

    reach = min(shape) / 8.0
    lowest = parameters.new_tensor(
        [0.0, -math.inf, -reach, -reach, 0.0, math.log(_INDICES[0]), -2.3, -2.3]
    )
    highest = parameters.new_tensor(
        [math.inf, math.inf, reach, reach, math.log(2.0 * max(shape)), math.log(_INDICES[1]),
         2.3, 2.3]
    )  # fmt: skip
    return torch.minimum(torch.maximum(parameters, lowest), highest)


def separate_center(batch: torch.Tensor) -> torch.Tensor:
    """Keep what has another colour than the galaxy in the middle, as one channel.

    Independent component analysis with two components over the channels (FastICA;
    Hyvarinen & Oja 2000), as Hezaveh et al. (2017) separate arcs from a lens. The component
    whose light lies nearer to the middle is the galaxy; the other is returned, in the units of
    the channel that it is brightest in.

    Parameters
    ----------
    batch : torch.Tensor
        ``(n, channel, y, x)`` with two channels or more.

    Returns
    -------
    torch.Tensor
        ``(n, 1, y, x)``; NaN where a channel is NaN, and all NaN where the channels do not
        differ or are missing.
    """
    import torch

    images = batch.detach().to("cpu", torch.float64).numpy()
    made = [_other_component(image) for image in images]
    return torch.stack([torch.from_numpy(image) for image in made])[:, None].to(batch)


def _other_component(image: np.ndarray) -> np.ndarray:
    """The component ``(y, x)`` of an image ``(channel, y, x)`` that is not the centre's."""
    import warnings

    import numpy as np
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    out = np.full(image.shape[1:], np.nan)
    there = np.isfinite(image).all(axis=0)
    pixels = image[:, there].T
    if len(pixels) < _LEAST_PIXELS:
        return out
    strengths = np.linalg.svd(pixels - pixels.mean(0), compute_uv=False)
    if strengths[1] <= _SAME * strengths[0]:
        return out
    scale = np.abs(pixels).max()
    analysis = FastICA(2, whiten="unit-variance", random_state=0, max_iter=400)
    with warnings.catch_warnings():
        # The last step is as good as any: what it is worth is seen in the image.
        warnings.simplefilter("ignore", ConvergenceWarning)
        components = analysis.fit_transform(pixels / scale)
    places = np.argwhere(there)
    far = [_mean_radius(component, places, there.shape) for component in components.T]
    other = int(np.argmax(far))
    weights = analysis.mixing_[:, other]
    brightest = int(np.argmax(np.abs(weights)))
    kept = components[:, other] * weights[brightest] * scale
    # Its sign is free; light is what stands out further.
    middle = np.median(kept)
    if kept.max() - middle < middle - kept.min():
        kept, middle = -kept, -middle
    out[there] = kept - middle
    return out


def _mean_radius(component: np.ndarray, places: np.ndarray, shape: tuple[int, ...]) -> float:
    """Mean distance of a component's light from the middle, weighted by its square."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    centred = component - np.median(component)
    if centred.max() < -centred.min():
        centred = -centred
    image = np.zeros(shape)
    image[tuple(places.T)] = centred
    # Smoothed, so that noise far out, of which there is most, does not count.
    weight = np.clip(gaussian_filter(image, _SMOOTH), 0.0, None) ** 2
    middle = (np.array(shape) - 1) / 2.0
    distance = np.hypot(*(np.indices(shape) - middle[:, None, None]))
    return float((weight * distance).sum() / max(weight.sum(), 1e-300))
