"""The pixel grid that the simulator renders on, and the step from it to detector pixels.

Profiles are sampled on sub-pixels of a grid somewhat larger than the cutout, convolved
there with the PSF by FFT (periodic; the margin keeps the wrap away from the cutout),
averaged to detector pixels and cropped.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

from . import profiles

# Images transformed at once, so that the work arrays stay in the cache.
_BLOCK = 64
_FEW = 16


@dataclass(frozen=True)
class Grid:
    """Geometry of a cutout.

    Attributes
    ----------
    size : int
        Side of the cutout, pixels.
    pixel_scale_arcsec : float
        Of the detector.
    oversampling : int
        Sub-pixels per detector pixel and axis.
    margin : int
        Sub-pixels rendered beyond each edge and cropped at the end; the default brings
        the default grid to 108, a size that FFTs like.
    extra : int
        Sub-pixels beyond the last edges alone, for a size that FFTs like where the cutout is
        odd and the grid should be even.
    """

    size: int = 45
    pixel_scale_arcsec: float = 0.2
    oversampling: int = 2
    margin: int = 9
    extra: int = 0

    @property
    def subpixels(self) -> int:
        """Side of the rendered grid in sub-pixels."""
        return self.size * self.oversampling + 2 * self.margin + self.extra

    @property
    def middle(self) -> float:
        """Where the centre of the cutout is on either axis, in sub-pixels from the first."""
        return self.margin + (self.size * self.oversampling - 1) / 2.0

    @property
    def step_arcsec(self) -> float:
        """Distance between neighbouring sub-pixels."""
        return self.pixel_scale_arcsec / self.oversampling

    def coordinates(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Sub-pixel centres, arcsec from the cutout's centre: ``(1, 1, x)``, ``(1, y, 1)``."""
        return _coordinates(self)

    def observe(self, image: torch.Tensor, transfer: torch.Tensor) -> torch.Tensor:
        """Convolve surface brightness with PSFs; flux per detector pixel ``(batch, y, x)``.

        ``image`` is ``(batch, y, x)`` on the sub-pixels, ``transfer`` is what ``transfer``
        returns. Without oversampling both may have an axis of bands after the batch; an image
        of one band is seen through the PSF of each.
        """
        if self.oversampling == 1:
            return self._observe_pixels(image, transfer)
        return self._observe_subpixels(image, transfer)

    def _observe_pixels(self, image: torch.Tensor, transfer: torch.Tensor) -> torch.Tensor:
        side, inner = self.subpixels, slice(self.margin, self.margin + self.size)
        observed = torch.empty(*transfer.shape[:-2], self.size, self.size)
        step = max(1, _FEW // transfer.shape[1:-2].numel())
        for start in range(0, len(transfer), step):
            block = slice(start, start + step)
            spectrum = torch.fft.rfft2(image[block]) * transfer[block]
            whole = torch.fft.irfft2(spectrum, s=(side, side))
            cropped = whole[..., inner, inner]
            torch.mul(cropped, self.pixel_scale_arcsec**2, out=observed[block])
        return observed

    def _observe_subpixels(self, image: torch.Tensor, transfer: torch.Tensor) -> torch.Tensor:
        """The inverse transform as two matrix products.

        They also move the PSF's centre to the origin, average to detector pixels and crop.
        """
        rows, columns = _inverse_transform(self)
        observed = torch.empty(len(image), self.size, self.size)
        for start in range(0, len(image), _BLOCK):
            block = slice(start, start + _BLOCK)
            spectrum = torch.fft.rfft2(image[block]).mul_(transfer[block])
            partial = torch.view_as_real(torch.matmul(rows, spectrum)).flatten(-2)
            torch.matmul(partial, columns, out=observed[block])
        return observed

    def transfer(
        self,
        fwhm: torch.Tensor,
        beta: torch.Tensor,
        ellipticity: torch.Tensor,
        position_angle: torch.Tensor,
    ) -> torch.Tensor:
        """Fourier transforms of the PSFs that ``psf_image`` draws, ``(batch, ky, kx)``.

        Without oversampling the PSF's centre is at the origin, and as it is the same on both
        sides of it, the transform is real. ``fwhm`` may be ``(batch, band, 1, 1)``; then there
        is a transform for each band.
        """
        side, whole = self.subpixels, self.oversampling == 1
        shape = (*fwhm.shape[:-2], side, side // 2 + 1)
        spectrum = torch.empty(shape, dtype=torch.float32 if whole else torch.complex64)
        x, y = self._from_psf_centre()
        if whole:
            x, y = (torch.fft.ifftshift(values) for values in (x, y))
        step = max(1, (_FEW if whole else _BLOCK) // fwhm.shape[1:].numel())
        for start in range(0, len(fwhm), step):
            block = slice(start, start + step)
            of_block = (values[block] for values in (fwhm, beta, ellipticity, position_angle))
            found = torch.fft.rfft2(_psf(x, y, *of_block))
            spectrum[block] = found.real if whole else found
        return spectrum

    def psf_image(
        self,
        fwhm: torch.Tensor,
        beta: torch.Tensor,
        ellipticity: torch.Tensor,
        position_angle: torch.Tensor,
    ) -> torch.Tensor:
        """Elliptical Moffat PSFs centred on sub-pixel ``subpixels // 2``, sum one.

        Parameters are ``(batch, 1, 1)``; ``ellipticity`` is ``1 - q``. On an even grid
        that sub-pixel is the one after the centre, where ``observe`` expects the peak.
        """
        return _psf(*self._from_psf_centre(), fwhm, beta, ellipticity, position_angle)

    def _from_psf_centre(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Coordinates from the centre of sub-pixel ``subpixels // 2``."""
        x, y = self.coordinates()
        shift = (self.subpixels // 2 - self.middle) * self.step_arcsec
        return x - shift, y - shift

    def to_detector(self, surface_brightness: torch.Tensor) -> torch.Tensor:
        """Average to detector pixels, crop the margin: flux per pixel, ``(batch, y, x)``."""
        inner = slice(self.margin, self.margin + self.size * self.oversampling)
        cropped = surface_brightness[:, None, inner, inner]
        pooled = torch.nn.functional.avg_pool2d(cropped, self.oversampling)
        return pooled[:, 0] * self.pixel_scale_arcsec**2


@lru_cache(maxsize=8)
def _coordinates(grid: Grid) -> tuple[torch.Tensor, torch.Tensor]:
    offsets = (torch.arange(grid.subpixels) - grid.middle) * grid.step_arcsec
    return offsets[None, None, :], offsets[None, :, None]


def _psf(
    x: torch.Tensor,
    y: torch.Tensor,
    fwhm: torch.Tensor,
    beta: torch.Tensor,
    ellipticity: torch.Tensor,
    position_angle: torch.Tensor,
) -> torch.Tensor:
    """Elliptical Moffat PSFs at positions from their centre; widths may be of several bands."""
    radius_squared = profiles.elliptical_radius_squared(x, y, 1.0 - ellipticity, position_angle)
    if fwhm.dim() > radius_squared.dim():
        radius_squared, beta = radius_squared[:, None], beta[:, None]
    psf = profiles.moffat(radius_squared, fwhm, beta)
    return psf.div_(psf.sum(dim=(-2, -1), keepdim=True))


@lru_cache(maxsize=8)
def _inverse_transform(grid: Grid) -> tuple[torch.Tensor, torch.Tensor]:
    """Inverse DFT, shift of the PSF's centre, pixel average and crop, for ``observe``.

    Returns the complex matrix ``(y, ky)`` to multiply from the left and the real matrix
    ``(2 kx, x)`` to multiply from the right: it takes real and imaginary parts in turn
    and restores the half of the spectrum that the transform of real numbers leaves out.
    """
    side, factor = grid.subpixels, grid.oversampling
    start = side // 2 + grid.margin
    position = start + torch.arange(grid.size * factor, dtype=torch.float64)
    frequency = torch.arange(side, dtype=torch.float64)
    phase = (2.0 * math.pi / side) * torch.outer(position, frequency)
    waves = torch.polar(torch.full_like(phase, 1.0 / side), phase)
    waves = waves.reshape(grid.size, factor, side).mean(dim=1) * grid.pixel_scale_arcsec
    half = waves[:, : side // 2 + 1].T.clone()
    half[1 : (side + 1) // 2] *= 2.0
    columns = torch.stack([half.real, -half.imag], dim=1).flatten(0, 1)
    return waves.to(torch.complex64), columns.to(torch.float32)
