"""Resampling images onto other pixels.

Reproject works through coordinates on the sky, image by image. Around any object a WCS is an
affine map, though, and nearly the same one all over a tile: objects are taken together by map
and by the fraction of a pixel at which they lie, and each group goes through reproject at
once, with one pair of coordinates for all its images.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ._quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    #: Values ``(n, y, x)`` of windows from first pixels x, y on, of a shape.
    Values = Callable[[np.ndarray, np.ndarray, tuple[int, int]], np.ndarray]

#: Pixels around what is needed that an interpolation looks at.
_PAD = 6

#: Bytes of source pixels that are resampled at once.
_CHUNK = 64 * 2**20

#: Pixels at the corner by which two maps may differ and be taken as one.
_SAME = 0.1

#: Degrees on the sky for a pixel: so small that the sky is flat.
_PIXEL = 1e-6


def resampled(
    values: Values,
    x: np.ndarray,
    y: np.ndarray,
    *,
    matrices: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """Cutouts around positions, on pixels of their own.

    Onto smaller pixels by bicubic interpolation, onto larger ones by averaging (DeForest
    2004, with a Hann kernel). Flux is conserved: a pixel value is a flux, not a brightness.

    Parameters
    ----------
    values : callable
        Gives windows of the source.
    x, y : numpy.ndarray
        ``(n,)``: pixel positions in the source of the middle of each cutout; kept to a
        quarter of a source pixel, or better if the cutout's pixels are smaller than half.
    matrices : numpy.ndarray
        ``(n, 2, 2)``: the step in source pixels of a step of one pixel of the cutout.
    shape : tuple of int
        Number of pixels of a cutout, ``(y, x)``.

    Returns
    -------
    numpy.ndarray
        ``(n, y, x)``, float32; NaN where a NaN or the edge of the source takes part.

    Raises
    ------
    UsageError
        Reproject is not installed.
    """
    import numpy as np

    result = np.full((len(x), *shape), np.nan, dtype=np.float32)
    if not len(x):
        return result
    scale = float(np.sqrt(np.abs(np.linalg.det(matrices)).mean()))
    phases = max(2, math.ceil(1.0 / scale))
    column, x_phase = _split(x, phases)
    row, y_phase = _split(y, phases)
    half = max(shape) / 2
    keys = np.round(matrices.reshape(-1, 4) * (half / _SAME)).astype(np.int64)
    keys = np.concatenate([keys, x_phase[:, None], y_phase[:, None]], axis=1)
    groups, member = np.unique(keys, axis=0, return_inverse=True)
    for number in range(len(groups)):
        chosen = np.flatnonzero(member.reshape(-1) == number)
        matrix = matrices[chosen].mean(axis=0)
        reach = _reach(matrix, shape)
        window = (2 * reach[1] + 1, 2 * reach[0] + 1)
        offset = tuple((groups[number, 4:] + 0.5) / phases - 0.5)
        most = max(1, _CHUNK // (8 * window[0] * window[1]))
        for start in range(0, len(chosen), most):
            part = chosen[start : start + most]
            source = values(column[part] - reach[0], row[part] - reach[1], window)
            result[part] = through_reproject(
                source, matrix, (reach[0] + offset[0], reach[1] + offset[1]), shape
            )
    return result


def footprint(
    x: np.ndarray,
    y: np.ndarray,
    *,
    matrices: np.ndarray,
    shape: tuple[int, int],
    image: tuple[int, int],
) -> np.ndarray:
    """``(n,)``: share of the pixels of such cutouts whose middle lies off the source."""
    import numpy as np

    rows, columns = (np.arange(length) - (length - 1) / 2 for length in shape)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    share = np.zeros(len(x))
    reach = np.abs(matrices) @ np.array([shape[1] / 2, shape[0] / 2])
    near = (x - reach[:, 0] < 0) | (x + reach[:, 0] > image[1] - 1)
    near |= (y - reach[:, 1] < 0) | (y + reach[:, 1] > image[0] - 1)
    for k in np.flatnonzero(near).tolist():
        place = grid @ matrices[k].T + (x[k], y[k])
        is_in = (place >= -0.5).all(axis=1) & (place[:, 0] < image[1] - 0.5)
        share[k] = 1.0 - np.mean(is_in & (place[:, 1] < image[0] - 0.5))
    return share


def _split(position: np.ndarray, phases: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest pixel, and in which of the equal parts of that pixel the position lies."""
    import numpy as np

    pixel = np.floor(position + 0.5)
    phase = np.floor((position + 0.5 - pixel) * phases)
    return pixel.astype(np.int64), np.clip(phase, 0, phases - 1).astype(np.int64)


def _reach(matrix: np.ndarray, shape: tuple[int, int]) -> tuple[int, int]:
    """Source pixels to either side, x and y, that a cutout may look at."""
    import numpy as np

    wide = np.abs(matrix) @ np.array([shape[1] / 2, shape[0] / 2])
    pad = _PAD * np.maximum(1.0, np.abs(matrix).sum(axis=1))
    x, y = np.ceil(wide + pad).astype(int).tolist()
    return x, y


def through_reproject(
    source: np.ndarray,
    matrix: np.ndarray,
    middle: tuple[float, float],
    shape: tuple[int, int],
) -> np.ndarray:
    """Windows ``(n, y, x)`` with one geometry onto cutouts ``(n, y, x)``; see ``resampled``.

    Parameters
    ----------
    source : numpy.ndarray
        Floats; those that are not finite may be written over.
    matrix : numpy.ndarray
        ``(2, 2)``: the step in source pixels of a step of one pixel of the cutout.
    middle : tuple of float
        Position x, y in the source, from 0, of the middle of the cutout.
    shape : tuple of int
        Number of pixels of a cutout, ``(y, x)``.

    Raises
    ------
    UsageError
        Reproject is not installed.
    """
    import numpy as np

    try:
        from reproject import reproject_adaptive, reproject_interp
    except ImportError as error:
        raise UsageError(
            "these images have other pixels than the model, and resampling needs the package "
            "reproject: pip install 'astrozoo[survey]'. Without resampling (--no-resample of "
            "tiles, --fit crop of files) pixels are taken as they are."
        ) from error
    area = abs(float(np.linalg.det(matrix)))
    here = _flat_sky(np.eye(2), middle)
    there = _flat_sky(matrix, ((shape[1] - 1) / 2, (shape[0] - 1) / 2))
    wanted = {"shape_out": (len(source), *shape), "return_footprint": False}
    with quiet():
        if area > 1.0:
            averaged: np.ndarray = reproject_adaptive(
                (source, here), there, kernel="hann", conserve_flux=True, **wanted
            )
            return averaged
        is_bad = ~np.isfinite(source)
        holed = np.flatnonzero(is_bad.any(axis=(1, 2)))
        if len(holed):
            # A spline carries one all over the image, and a jump far: fill with what is
            # usual around it, and mark what it touches afterwards.
            part, bad = source[holed], is_bad[holed]
            level = _middle_value(part)
            source[holed] = np.where(bad, level[:, None, None], part)
        smooth: np.ndarray = reproject_interp((source, here), there, order="bicubic", **wanted)
        if len(holed):
            wanted["shape_out"] = (len(holed), *shape)
            touched = reproject_interp(
                (bad.astype(np.float32), here), there, order="bilinear", **wanted
            )
            holes = smooth[holed]
            holes[~(touched < 1e-6)] = np.nan
            smooth[holed] = holes
    return smooth * area


def _middle_value(images: np.ndarray) -> np.ndarray:
    """``(n,)``: the median of what is a number in each image, 0 where nothing is."""
    import numpy as np

    level = np.zeros(len(images), dtype=np.float32)
    some = np.flatnonzero(~np.isnan(images).all(axis=(1, 2)))
    level[some] = np.nanmedian(images[some], axis=(1, 2))
    return level


def _flat_sky(matrix: np.ndarray, middle: tuple[float, float]) -> Any:
    """A WCS around a position, in pixels from 0: the step on the sky of a step of a pixel."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [0.0, 0.0]
    wcs.wcs.crpix = [middle[0] + 1.0, middle[1] + 1.0]
    wcs.wcs.cd = matrix * _PIXEL
    wcs.wcs.set()
    return wcs
