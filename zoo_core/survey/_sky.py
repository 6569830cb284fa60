"""From positions to pixels and back, for one image plane at a time."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data import quiet
from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

#: Keywords that say where pixels lie on the sky: linear part, projection, frame, SIP, TNX.
_KEYS = re.compile(
    r"NAXIS\d?|WCSAXES|C(TYPE|UNIT|RPIX|RVAL|DELT|ROTA)\d|(CD|PC)0*\d_0*\d|P[VS]\d_\d+"
    r"|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH"
    r"|[AB]P?_(\d+_\d+|ORDER|DMAX)|WAT\d_\d+|WAXMAP\d+"
)

#: Steps of differentiation, in pixels to either side: small against any distortion.
_STEP = 2.0


def sky_cards(header: Any) -> str:
    """The cards of a FITS header that say where its pixels lie, as text."""
    from astropy.io import fits

    kept = fits.Header(card for card in header.cards if _KEYS.fullmatch(card.keyword))
    lines = kept.tostring(sep="\n", padding=False).splitlines()
    return "\n".join(line.rstrip() for line in lines)


class _Sky(NamedTuple):
    wcs: Any
    frame: Any  # None for ICRS


@functools.lru_cache(maxsize=512)
def _sky(cards: str) -> _Sky:
    from astropy.io import fits
    from astropy.wcs import WCS
    from astropy.wcs.utils import wcs_to_celestial_frame

    with quiet():
        wcs = WCS(fits.Header.fromstring(cards, sep="\n"), naxis=2)
        if not wcs.has_celestial:
            raise ValueError("CTYPE1 and CTYPE2 are no celestial axes")
        frame = wcs_to_celestial_frame(wcs)
    return _Sky(wcs, None if frame.name == "icrs" else frame)


def check_sky(cards: str) -> None:
    """Refuse what is no WCS on the sky.

    Raises
    ------
    InputError
        There is none, or it cannot be used; ``flag`` is ``tile-unreadable``.
    """
    try:
        _sky(cards)
    except Exception as error:
        told = " ".join(str(error).split())
        raise InputError(
            f"no position on the sky is known for its pixels: {told}.", flag="tile-unreadable"
        ) from error


def to_pixels(cards: str, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel positions of ICRS positions.

    Parameters
    ----------
    cards : str
        From ``sky_cards``.
    ra, dec : numpy.ndarray
        ``(n,)``, degrees.

    Returns
    -------
    tuple of numpy.ndarray
        x and y, ``(n,)``, from 0 at the centre of the first pixel; NaN where the WCS has no
        pixel for the position.
    """
    import numpy as np
    from astropy.wcs import NoConvergence

    sky = _sky(cards)
    if not len(ra):
        return np.zeros(0), np.zeros(0)
    if sky.frame is not None:
        from astropy.coordinates import SkyCoord

        there = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(sky.frame).spherical
        ra, dec = there.lon.deg, there.lat.deg
    try:
        # Which world axis is the longitude, and with it the order, is the header's choice.
        world = (ra, dec) if sky.wcs.wcs.lng == 0 else (dec, ra)
        x, y = sky.wcs.all_world2pix(*world, 0)
    except NoConvergence as error:
        solution = np.array(error.best_solution)
        for bad in (error.divergent, error.slow_conv):
            if bad is not None:
                solution[bad] = np.nan
        x, y = solution.T
    return np.asarray(x), np.asarray(y)


def to_sky(cards: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ICRS positions in degrees of pixel positions; arrays as in ``to_pixels``."""
    import numpy as np

    sky = _sky(cards)
    lon, lat = sky.wcs.all_pix2world(x, y, 0)
    if sky.wcs.wcs.lng != 0:
        lon, lat = lat, lon
    if sky.frame is not None:
        from astropy.coordinates import SkyCoord

        there = SkyCoord(lon, lat, unit="deg", frame=sky.frame).icrs
        lon, lat = there.ra.deg, there.dec.deg
    return np.asarray(lon), np.asarray(lat)


def unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """``(n, 3)`` of positions in degrees: near each other where the positions are.

    >>> unit_vectors([90.0], [0.0]).round(12).tolist()
    [[0.0, 1.0, 0.0]]
    """
    import numpy as np

    ra, dec = np.radians(ra), np.radians(dec)
    flat = np.cos(dec)
    vectors: np.ndarray = np.stack([flat * np.cos(ra), flat * np.sin(ra), np.sin(dec)], axis=-1)
    return vectors


def jacobians(cards: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far a step of a pixel goes on the sky.

    Returns
    -------
    numpy.ndarray
        ``(n, 2, 2)``, arcsec per pixel: rows are towards east and north (at a pole: along
        the axes that the position's right ascension defines), columns are x and y.
    """
    import numpy as np

    steps = ((0.0, 0.0), (_STEP, 0.0), (-_STEP, 0.0), (0.0, _STEP), (0.0, -_STEP))
    positions = [to_sky(cards, x + dx, y + dy) for dx, dy in steps]
    ra, dec = (np.radians(angle) for angle in positions[0])
    zero = np.zeros_like(ra)
    east = np.stack([-np.sin(ra), np.cos(ra), zero], axis=-1)
    north = np.stack(
        [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1
    )
    vectors = [unit_vectors(*position) for position in positions]
    differences = (vectors[1] - vectors[2], vectors[3] - vectors[4])
    columns = [
        np.stack([(change * east).sum(-1), (change * north).sum(-1)], axis=-1)
        for change in differences
    ]
    matrices: np.ndarray = np.degrees(np.stack(columns, axis=-1)) * 3600.0 / (2 * _STEP)
    return matrices


def pixel_scale(matrices: np.ndarray) -> float:
    """Root of the mean area of a pixel, arcsec, of the matrices of ``jacobians``."""
    import numpy as np

    return float(np.sqrt(np.abs(np.linalg.det(matrices)).mean()))


def outline(shape: tuple[int, int], points: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Points along the outer edge of the pixels of an image ``(y, x)``."""
    import numpy as np

    height, width = shape
    along = np.linspace(0.0, 1.0, points)
    x = [along, along, np.zeros(points), np.ones(points)]
    y = [np.zeros(points), np.ones(points), along, along]
    return np.concatenate(x) * width - 0.5, np.concatenate(y) * height - 0.5
