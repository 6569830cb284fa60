"""Texture: histograms of oriented gradients, and the responses of Gabor filters."""

from __future__ import annotations

import functools

import numpy as np
import torch

from ._extra import from_extra

ORIENTATIONS = 9
_BLOCK = 2

#: Cycles per pixel, and directions, of the Gabor filters.
FREQUENCIES = (0.1, 0.2, 0.4)
_DIRECTIONS = 4
GABOR_VALUES = 2 * len(FREQUENCIES) * _DIRECTIONS


def cell_size(size: tuple[int, ...]) -> int:
    """Pixels along a cell: an eighth of the shorter side, so 8 for 64, at least 2."""
    return max(2, min(size) // 8)


def hog_values(size: tuple[int, ...]) -> int:
    """Features of one image; 0 where it is smaller than a block."""
    blocks = [max(0, length // cell_size(size) - _BLOCK + 1) for length in size]
    return blocks[0] * blocks[1] * _BLOCK**2 * ORIENTATIONS


def hog(images: torch.Tensor) -> torch.Tensor:
    """Histograms of oriented gradients (Dalal & Triggs 2005, CVPR 1, 886), by scikit-image.

    Nine directions without sign, cells of an eighth of the shorter side, blocks of 2 x 2
    cells with a clipped norm.

    Parameters
    ----------
    images : torch.Tensor
        ``(n, y, x)``, finite.

    Returns
    -------
    torch.Tensor
        ``(n, hog_values(size))``, float32, 0 to 1, on the device of the images.
    """
    library = from_extra("skimage.feature", feature="hog")
    size = tuple(images.shape[1:])
    found = np.empty((len(images), hog_values(size)), dtype=np.float32)
    for row, image in zip(found, images.cpu().numpy(), strict=True):
        row[:] = library.hog(
            image,
            orientations=ORIENTATIONS,
            pixels_per_cell=(cell_size(size), cell_size(size)),
            cells_per_block=(_BLOCK, _BLOCK),
            block_norm="L2-Hys",
        )
    return torch.from_numpy(found).to(images.device)


def gabor(images: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation of the response to each of twelve Gabor filters.

    Kernels of scikit-image at 0.1, 0.2 and 0.4 cycles per pixel in four directions, one
    octave wide; the response is the modulus of the complex convolution with the image less
    its mean, zero beyond the edges. See Manjunath & Ma (1996, IEEE TPAMI 18, 837) for these
    statistics as a measure of texture.

    Parameters
    ----------
    images : torch.Tensor
        ``(n, y, x)``, finite.

    Returns
    -------
    torch.Tensor
        ``(n, 24)``: for each frequency and direction the mean, then the deviation; in units
        of the image.
    """
    height, width = (int(length) for length in images.shape[1:])
    filters = _spectra(height, width).to(images.device)
    rows, columns = (int(length) for length in filters.shape[1:])
    level = images - images.mean(dim=(1, 2), keepdim=True)
    spectrum = torch.fft.fft2(level, s=(rows, columns))
    found = []
    for one in filters:
        response = torch.fft.ifft2(spectrum * one)[:, :height, :width].abs()
        found += [response.mean(dim=(1, 2)), response.std(dim=(1, 2), correction=0)]
    return torch.stack(found, dim=1)


@functools.lru_cache(maxsize=8)
def _spectra(height: int, width: int) -> torch.Tensor:
    """Fourier transforms ``(filter, y, x)`` of the kernels, room for their wings included."""
    library = from_extra("skimage.filters", feature="gabor")
    scipy_fft = from_extra("scipy.fft", feature="gabor")
    kernels = [
        library.gabor_kernel(frequency, theta=np.pi * step / _DIRECTIONS)
        for frequency in FREQUENCIES
        for step in range(_DIRECTIONS)
    ]
    rows, columns = (
        scipy_fft.next_fast_len(length + max(kernel.shape[axis] for kernel in kernels) // 2)
        for axis, length in enumerate((height, width))
    )
    found = np.empty((len(kernels), rows, columns), dtype=np.complex64)
    for spectrum, kernel in zip(found, kernels, strict=True):
        # A kernel that is wider than the room is cut: nothing of it would meet the image.
        placed = np.zeros((rows, columns), dtype=complex)
        for offset, value in np.ndenumerate(kernel):
            y, x = (o - n // 2 for o, n in zip(offset, kernel.shape, strict=True))
            if abs(y) < height and abs(x) < width:
                placed[y % rows, x % columns] += value
        spectrum[:] = np.fft.fft2(placed)
    return torch.from_numpy(found)
