"""Small tiles on the sky, and what astropy makes of them by itself."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from zoo_core.cards import Band, InputSpec
from zoo_core.survey import PROFILES, find_tiles

#: Degrees of a pixel of 0.2 arcsec.
PIXEL = 0.2 / 3600


def sky(shape=(100, 120), *, centre=(150.0, 2.0), pixel=PIXEL, angle=0.0, at=None):
    """A TAN WCS of an image ``(y, x)``; ``at`` is the reference pixel from 0."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = centre
    x, y = at or ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    wcs.wcs.crpix = x + 1, y + 1
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    wcs.wcs.cd = pixel * np.array([[-c, s], [s, c]])
    wcs.wcs.set()
    return wcs


def noise(shape=(100, 120), seed=0):
    """Noise around 10, float32."""
    return np.random.default_rng(seed).normal(10.0, 1.0, shape).astype(np.float32)


def stars(wcs, shape, ra, dec, *, fwhm=1.0):
    """An image of Gaussians of flux 1 at positions: FWHM in arcsec."""
    pixel = np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))) * 3600
    sigma = fwhm / 2.3548 / pixel
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.zeros(shape)
    for x0, y0 in zip(*wcs.all_world2pix(ra, dec, 0), strict=True):
        image += np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / sigma**2)
    return (image / (2 * np.pi * sigma**2)).astype(np.float32)


def write(path, pixels, wcs=None, **keywords):
    """Write an image with a WCS; keywords go into its header."""
    header = (wcs or sky(pixels.shape)).to_header(relax=True)
    header.update(keywords)
    fits.writeto(path, pixels, header)
    return path


def spec(*bands, size=(16, 16), scale=None, missing="fill", unit=None):
    """What a model of bands such as ``g`` takes."""
    return InputSpec(
        name="image",
        kind="image",
        bands=tuple(Band(name=f"lsst-{band}", unit=unit) for band in bands or "g"),
        size=size,
        pixel_scale_arcsec=scale,
        missing=missing,
    )


def tiles_of(pattern, *bands, profile="plain"):
    """The tiles of a pattern."""
    return find_tiles(
        str(pattern), [f"lsst-{band}" for band in bands or "g"], PROFILES[profile]
    )
