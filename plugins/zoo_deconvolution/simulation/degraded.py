"""What blur and noise make of galaxies, after Schawinski et al. (2017)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from .galaxies import KINDS, draw_galaxies

if TYPE_CHECKING:
    import torch

#: Pixels of SDSS frames, and the side of an image.
PIXEL_SCALE_ARCSEC, SIZE = 0.396, 128

#: FWHM of the blur that is added, arcsec, and the noise in units of the survey's own.
FWHMS_ARCSEC = (1.4, 1.8, 2.0, 2.5)
NOISE_FACTORS = (1.2, 2.0, 5.0, 10.0)

#: Noise of the survey in each pixel, nmgy: about that of an SDSS frame in r.
NOISE_NMGY = 0.02

#: Whose noise is whose.
NOISE_MAPS = ("each", "one", "both")


class DegradedGalaxies(Simulator):
    """Three-band images of nearby galaxies, blurred and noisy, with what they were before.

    Galaxies with bulges, spiral arms and clumps, ellipticals, edge-on discs and irregular
    ones, drawn with GalSim at the pixel scale of SDSS under a seeing of 1.3 arcsec. That image
    without noise is the truth. It is blurred by a round Gaussian of the drawn FWHM, on top of
    the seeing, and gets white noise of the drawn multiple of the survey's.

    The grid of blur and noise is the one usually told of Schawinski et al. (2017, MNRAS 467,
    L110), where it could not be verified. Their truth are SDSS images, with noise of their
    own, and their noise is the same in all bands.

    Parameters
    ----------
    fwhm : float, optional
        Of the blur that is added, 0.5 to 5 arcsec; one of ``FWHMS_ARCSEC`` for each object,
        if not given.
    noise : float, optional
        In units of the survey's, 0 to 50; one of ``NOISE_FACTORS`` for each, if not given.
    noise_maps : str
        ``each`` band has noise of its own, ``one`` map for all bands, as published, or
        ``both``: half of the objects each.

    Raises
    ------
    UsageError
        One of them is no such thing, or GalSim is not installed.
    """

    name = "degraded-galaxies"
    version = "1"
    summary = "Blurred and noisy three-band galaxies with their truth, 128x128 px"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=tuple(Band(name=f"sdss-{band}", unit="nmgy") for band in "irg"),
            size=(SIZE, SIZE),
            pixel_scale_arcsec=PIXEL_SCALE_ARCSEC,
        ),
    )
    truth = (
        Column("kind", "kind of galaxy: " + ", ".join(KINDS)),
        Column("magnitude", "i, of the whole galaxy", "mag"),
        Column("half_light", "half-light radius of the disc or body", "arcsec"),
        Column("fwhm", "of the blur that was added", "arcsec"),
        Column("noise_factor", "noise in units of the survey's"),
        Column("noise", "standard deviation of the noise in each pixel", "nmgy"),
    )
    maps = (Column("restored", "the image under the seeing alone, without noise", "nmgy"),)
    chunk_size = 64

    def __init__(
        self,
        fwhm: float | None = None,
        noise: float | None = None,
        *,
        noise_maps: str = "each",
    ):
        self.fwhm = _between("fwhm", fwhm, 0.5, 5.0)
        self.noise = _between("noise", noise, 0.0, 50.0)
        if noise_maps not in NOISE_MAPS:
            raise UsageError(f"noise_maps must be one of {NOISE_MAPS}, is {noise_maps!r}.")
        self.noise_maps = noise_maps

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` objects; see ``Simulator.draw``."""
        import torch

        seed = int(torch.randint(2**62, (1,), generator=generator))
        rng = np.random.default_rng(seed)
        galaxies = draw_galaxies(count, rng, size=SIZE, pixel_scale_arcsec=PIXEL_SCALE_ARCSEC)
        fwhm = rng.choice(FWHMS_ARCSEC, count) if self.fwhm is None else _all(count, self.fwhm)
        factor = (
            rng.choice(NOISE_FACTORS, count) if self.noise is None else _all(count, self.noise)
        )
        blurred = blur(galaxies.images, fwhm / PIXEL_SCALE_ARCSEC)
        white = rng.normal(size=blurred.shape)
        one = rng.uniform(size=count) < {"each": 0.0, "one": 1.0, "both": 0.5}[self.noise_maps]
        white = np.where(one[:, None, None, None], white[:, :1], white)
        degraded = blurred + (NOISE_NMGY * factor)[:, None, None, None] * white
        truth = {
            "kind": galaxies.kind,
            "magnitude": galaxies.magnitude,
            "half_light": galaxies.half_light,
            "fwhm": fwhm,
            "noise_factor": factor,
            "noise": NOISE_NMGY * factor,
        }
        return Simulated(
            arrays={"image": torch.from_numpy(degraded.astype(np.float32))},
            truth=truth,
            maps={"restored": torch.from_numpy(galaxies.images)},
        )


def blur(images: np.ndarray, fwhm_px: np.ndarray) -> np.ndarray:
    """Convolve ``(n, band, y, x)`` with round Gaussians of FWHMs ``(n,)`` in pixels.

    In the Fourier domain, on a frame that is padded with zeros.
    """
    side = images.shape[-1]
    padded = 2 * side
    sigma = fwhm_px / (2.0 * math.sqrt(2.0 * math.log(2.0)))
    rows, columns = np.fft.fftfreq(padded), np.fft.rfftfreq(padded)
    exponent = -2.0 * (math.pi * sigma[:, None]) ** 2
    along_y = np.exp(exponent * rows**2)[:, None, :, None]
    along_x = np.exp(exponent * columns**2)[:, None, None, :]
    spectrum = np.fft.rfft2(images, s=(padded, padded)) * along_y * along_x
    blurred: np.ndarray = np.fft.irfft2(spectrum, s=(padded, padded))
    return blurred[..., :side, :side]


def _all(count: int, value: float) -> np.ndarray:
    return np.full(count, value, dtype=np.float64)


def _between(name: str, value: float | None, lowest: float, highest: float) -> float | None:
    if value is None:
        return None
    if not (isinstance(value, int | float) and lowest <= value <= highest):
        raise UsageError(
            f"{name} must be a number from {lowest:g} to {highest:g}, is {value!r}."
        )
    return float(value)
