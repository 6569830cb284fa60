"""What a telescope in space adds to an image: blur, photon noise, hits, noise, masks.

Images are ``(n, y, x)`` with a peak of one. Every function draws whether it touches an image
at all; the shares and ranges are those that Hezaveh et al. (2017) trained with, from their
public code. Their maps of cosmic rays and their noise power spectrum were measured on images
that are not ours to ship; tracks and correlations are drawn here instead.
"""

import math

import torch

from .draw import Draw

#: Share of the images that an effect touches.
TOUCHED = 0.8

#: Standard deviation of the Gaussian PSF, pixels.
PSF_SIGMA = (0.1, 2.0)

#: Electrons at the peak.
PEAK_COUNTS = (50.0, 1000.0)

#: Brightest hit of a cosmic ray as a share of the peak.
HIT_STRENGTH = (0.0, 0.5)

#: Standard deviation of the noise as a share of the peak.
NOISE = (0.01, 0.1)

#: Share of the images whose noise is white; that of the others is correlated between
#: neighbours as by drizzling, over a Gaussian with this standard deviation in pixels.
WHITE = 0.25
CORRELATION = (0.3, 1.0)

#: Radius of a mask, and how many an image with masks has at most.
MASK_RADIUS_ARCSEC = 0.2
MOST_MASKS = 6

_HITS = 6.0
_MOST_HITS = 24
_TRACK = (1.0, 30.0)
_STEPS = 30


def touched(draw: Draw, count: int, share: float = TOUCHED) -> torch.Tensor:
    """Which images an effect touches, bool ``(count,)``."""
    return draw.uniform(count, 0.0, 1.0) < share


def to_peak(images: torch.Tensor) -> torch.Tensor:
    """Scale each image so that its brightest pixel is one."""
    peak = images.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    scaled: torch.Tensor = images / peak
    return scaled


def smooth(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Convolve with round Gaussians of ``sigma`` pixels ``(n,)``, periodic, flux kept."""
    spectrum = torch.fft.rfft2(images) * gaussian_transfer(sigma, images.shape[-1])
    smoothed: torch.Tensor = torch.fft.irfft2(spectrum, s=images.shape[-2:])
    return smoothed


def gaussian_transfer(sigma: torch.Tensor, side: int) -> torch.Tensor:
    """Fourier transforms ``(n, side, side // 2 + 1)`` of round Gaussians, real."""
    rows = torch.fft.fftfreq(side)
    columns = torch.fft.rfftfreq(side)
    scale = -2.0 * math.pi**2 * sigma[:, None].square()
    # Below exp(-80) there is nothing left, and denormal numbers are slow.
    along_y = (scale * rows.square()).clamp_min(-80.0).exp()
    along_x = (scale * columns.square()).clamp_min(-80.0).exp()
    transfer: torch.Tensor = along_y[:, :, None] * along_x[:, None, :]
    return transfer


def count_photons(draw: Draw, images: torch.Tensor) -> torch.Tensor:
    """Poisson noise of the light for a drawn number of electrons at the peak."""
    count = len(images)
    is_touched = touched(draw, count)
    peak = draw.uniform(count, *PEAK_COUNTS)[:, None, None]
    counted = torch.poisson(images.clamp_min(0.0) * peak, generator=draw.generator) / peak
    return torch.where(is_touched[:, None, None], counted, images)


def hit(draw: Draw, images: torch.Tensor) -> torch.Tensor:
    """Add cosmic rays: straight tracks one pixel wide, as sharp as the detector."""
    count, side = len(images), images.shape[-1]
    numbers = draw.poisson(count, _HITS, _MOST_HITS)
    strength = draw.uniform(count, *HIT_STRENGTH) * touched(draw, count)
    owner = torch.repeat_interleave(torch.arange(count), numbers)
    n = len(owner)
    x, y = draw.uniform(n, 0.0, side), draw.uniform(n, 0.0, side)
    angle, length = draw.angle(n), draw.log_uniform(n, *_TRACK)
    bright = draw.uniform(n, 0.0, 1.0).square() * strength[owner]
    step = torch.arange(_STEPS)
    column = (x[:, None] + torch.cos(angle)[:, None] * step).floor().long()
    row = (y[:, None] + torch.sin(angle)[:, None] * step).floor().long()
    is_in = (step < length[:, None]) & (column >= 0) & (column < side)
    is_in &= (row >= 0) & (row < side)
    place = (owner[:, None] * side + row.clamp(0, side - 1)) * side + column.clamp(0, side - 1)
    hits = torch.zeros(images.numel())
    amount = (bright[:, None] * is_in).expand_as(place)
    hits.scatter_reduce_(0, place.flatten(), amount.flatten(), "amax")
    return images + hits.view_as(images)


def noise(draw: Draw, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Add Gaussian noise, white or correlated; also its standard deviation ``(n,)``."""
    count, side = len(images), images.shape[-1]
    rms = draw.uniform(count, *NOISE)
    is_white = touched(draw, count, WHITE)
    sigma = draw.uniform(count, *CORRELATION) * ~is_white
    transfer = gaussian_transfer(sigma, side)
    white = torch.randn(images.shape, generator=draw.generator)
    correlated = torch.fft.irfft2(torch.fft.rfft2(white) * transfer, s=images.shape[-2:])
    # What smoothing leaves of the variance, exactly: the mean square of the transfer, with
    # the columns that the transform of real numbers leaves out counted too.
    weight = torch.full((side // 2 + 1,), 2.0)
    weight[0] = 1.0
    if side % 2 == 0:
        weight[-1] = 1.0
    left = (transfer.square() * weight).sum(dim=(-2, -1)) / side**2
    return images + correlated * (rms / left.sqrt())[:, None, None], rms


def mask(
    draw: Draw, images: torch.Tensor, share: float, pixel_scale_arcsec: float
) -> torch.Tensor:
    """Set round patches of a share of the images to NaN."""
    count, side = len(images), images.shape[-1]
    numbers = (1 + draw.choice(count, [1.0] * MOST_MASKS)) * touched(draw, count, share)
    owner = torch.repeat_interleave(torch.arange(count), numbers)
    n = len(owner)
    x, y = draw.uniform(n, 0.0, side), draw.uniform(n, 0.0, side)
    reach = MASK_RADIUS_ARCSEC / pixel_scale_arcsec
    span = torch.arange(-math.ceil(reach), math.ceil(reach) + 1)
    column, row = x.floor().long()[:, None] + span, y.floor().long()[:, None] + span
    distance = (column + 0.5 - x[:, None])[:, None, :].square()
    distance = distance + (row + 0.5 - y[:, None])[:, :, None].square()
    is_in = distance < reach**2
    is_in &= ((column >= 0) & (column < side))[:, None, :]
    is_in &= ((row >= 0) & (row < side))[:, :, None]
    which, j, i = torch.nonzero(is_in, as_tuple=True)
    masked = images.clone()
    masked[owner[which], row[which, j], column[which, i]] = torch.nan
    return masked
