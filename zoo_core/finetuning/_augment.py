"""Augmentations that leave the class of an astronomical object as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Random changes of a batch of images, before the preprocessing.

    The sky has no up and no left: flips and quarter turns are always right, and they move
    pixels without mixing them. Everything else changes the noise or the resolution a little.

    Parameters
    ----------
    dihedral : bool
        Flips and quarter turns; of images that are not square, flips and half turns.
    shift : float
        Largest shift as a part of the image's side; whole pixels, the edge is repeated.
    rotate : bool
        Any angle, by bilinear interpolation.
    zoom : float
        Largest change of scale: factors from 1 / (1 + zoom) to 1 + zoom.
    noise : float
        Largest standard deviation of added white noise, in units of the image's own.
    blur : float
        Largest standard deviation of a Gaussian blur in pixels.
    """

    dihedral: bool = False
    shift: float = 0.0
    rotate: bool = False
    zoom: float = 0.0
    noise: float = 0.0
    blur: float = 0.0

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Change ``(n, channel, y, x)`` float32, each object in its own way.

        NaN, which marks missing pixels, moves with the pixels; interpolation, noise and blur
        leave out objects that have any.
        """
        if images.dim() != 4:
            return images
        if self.dihedral:
            images = _dihedral(images, generator)
        if self.shift:
            images = _shifted(images, self.shift, generator)
        # Numbers are drawn for all objects, so that one with NaN changes nothing for others.
        whole = ~images.isnan().flatten(1).any(1)
        if self.rotate or self.zoom:
            images = _put(images, whole, _turned(images, self, generator))
        if self.blur:
            images = _put(images, whole, _blurred(images, self.blur, generator))
        if self.noise:
            images = _put(images, whole, _noisy(images, self.noise, generator))
        return images


#: By name, as ``--augment`` takes them.
AUGMENTATIONS = {
    "none": Augmentation(),
    "dihedral": Augmentation(dihedral=True),
    "safe": Augmentation(dihedral=True, shift=0.04),
    "strong": Augmentation(
        dihedral=True, shift=0.08, rotate=True, zoom=0.15, noise=0.3, blur=0.5
    ),
}


def _put(images: torch.Tensor, rows: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    if bool(rows.all()):
        return changed
    images = images.clone()
    images[rows] = changed[rows]
    return images


def _dihedral(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    import torch

    square = images.shape[2] == images.shape[3]
    turns = torch.randint(4 if square else 2, (len(images),), generator=generator)
    turns = turns if square else 2 * turns
    flips = torch.rand(len(images), generator=generator) < 0.5
    out = torch.empty_like(images)
    for turn in range(4):
        for flip in (False, True):
            rows = (turns == turn) & (flips == flip)
            if bool(rows.any()):
                part = images[rows].flip(3) if flip else images[rows]
                out[rows] = part.rot90(turn, (2, 3))
    return out


def _shifted(images: torch.Tensor, part: float, generator: torch.Generator) -> torch.Tensor:
    import torch

    height, width = images.shape[2:]
    shifted = []
    for length in (height, width):
        most = int(part * length)
        steps = torch.randint(-most, most + 1, (len(images),), generator=generator)
        index = torch.arange(length)[None] - steps[:, None]
        shifted.append(index.clamp(0, length - 1))
    rows, columns = shifted
    objects = torch.arange(len(images))[:, None, None]
    moved = images.permute(0, 2, 3, 1)[objects, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _turned(
    images: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> torch.Tensor:
    import math

    import torch

    count, _, height, width = images.shape
    angle = torch.rand(count, generator=generator) * (2 * math.pi if settings.rotate else 0.0)
    spread = 2 * torch.rand(count, generator=generator) - 1
    scale = (1.0 + settings.zoom) ** spread
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    # The grid of torch goes from -1 to 1 along both sides, whatever their lengths.
    ratio = height / width
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = cosine, -sine * ratio
    matrix[:, 1, 0], matrix[:, 1, 1] = sine / ratio, cosine
    grid = torch.nn.functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def _blurred(images: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    import torch

    count, channels, height, width = images.shape
    sigma = (most * torch.rand(count, generator=generator)).clamp_min(1e-3)
    reach = max(1, round(3 * most))
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets[None] / sigma[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    flat = images.reshape(1, count * channels, height, width)
    padded = torch.nn.functional.pad(flat, (reach, reach, reach, reach), mode="replicate")
    groups = count * channels
    across = torch.nn.functional.conv2d(padded, kernel[:, None, None, :], groups=groups)
    down = torch.nn.functional.conv2d(across, kernel[:, None, :, None], groups=groups)
    return down.reshape(images.shape)


def _noisy(images: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    import torch

    # Differences of neighbours hold the noise and little of the object.
    differences = (images[..., 1:] - images[..., :-1]).abs().flatten(2).median(2).values
    scale = 1.4826 / 2**0.5 * differences[..., None, None]
    level = most * torch.rand(len(images), 1, 1, 1, generator=generator)
    return images + level * scale * torch.randn(images.shape, generator=generator)
