"""How far restored images are from the true ones: for eyes, and for measurements.

PSNR and SSIM are numbers of the stretched image that people look at; a restoration that
invents sharp detail can do well in them. Flux, size and shape are what is measured on it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

#: Constants of Wang et al. (2004), and the width of their window.
_K1, _K2, _SIGMA = 0.01, 0.03, 1.5

#: Adaptive moments: steps, and the change of the width at which they have converged.
_STEPS, _CONVERGED = 100, 1e-5


class Moments(NamedTuple):
    """Adaptive moments of images, each ``(n,)``; NaN where there is no object to measure.

    ``x`` and ``y`` in pixels from the middle; ``size`` is the fourth root of the determinant
    of the second moments, in pixels (the sigma of a round Gaussian); ``e1`` and ``e2`` are
    the distortion ``(1 - q^2) / (1 + q^2)`` along the axes and the diagonals.
    """

    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    e1: np.ndarray
    e2: np.ndarray


def psnr(truth: np.ndarray, restored: np.ndarray, *, data_range: float = 1.0) -> np.ndarray:
    """Peak signal-to-noise ratio of each image in dB: ``10 log10(range^2 / mean square)``.

    Parameters
    ----------
    truth, restored : numpy.ndarray
        ``(n, band, y, x)`` or ``(n, y, x)``.
    data_range : float
        From the lowest value that is possible to the highest.

    Returns
    -------
    numpy.ndarray
        ``(n,)``; infinite where both are the same.

    Examples
    --------
    >>> import numpy as np
    >>> psnr(np.zeros((1, 4, 4)), np.full((1, 4, 4), 0.1)).round(6)
    array([20.])
    """
    import numpy as np

    truth, restored = _paired(truth, restored)
    square = ((truth - restored) ** 2).reshape(len(truth), -1).mean(axis=1)
    with np.errstate(divide="ignore"):
        decibels: np.ndarray = 10.0 * np.log10(data_range**2 / square)
    return decibels


def ssim(truth: np.ndarray, restored: np.ndarray, *, data_range: float = 1.0) -> np.ndarray:
    """Structural similarity of each image (Wang et al. 2004), mean over pixels and bands.

    With a Gaussian window of 1.5 pixels and the population covariance, as in the paper.
    Arguments as of ``psnr``; ``(n,)``, 1 where both are the same.
    """
    import numpy as np
    from scipy.ndimage import gaussian_filter

    truth, restored = _paired(truth, restored)

    def mean(values: np.ndarray) -> np.ndarray:
        sigma = (0.0,) * (values.ndim - 2) + (_SIGMA, _SIGMA)
        smooth: np.ndarray = gaussian_filter(values, sigma, truncate=3.5)
        return smooth

    one, two = mean(truth), mean(restored)
    spread = mean(truth * truth) - one * one
    other = mean(restored * restored) - two * two
    both = mean(truth * restored) - one * two
    first, second = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    found = ((2 * one * two + first) * (2 * both + second)) / (
        (one * one + two * two + first) * (spread + other + second)
    )
    # Windows that reach over the edge see mirrored pixels; they are left out, as is usual.
    edge = int(3.5 * _SIGMA + 0.5)
    inner = found[..., edge:-edge, edge:-edge] if min(found.shape[-2:]) > 2 * edge else found
    means: np.ndarray = np.asarray(inner).reshape(len(truth), -1).mean(axis=1)
    return means


def adaptive_moments(images: np.ndarray) -> Moments:
    """Moments under an elliptical Gaussian that is matched to each object.

    Hirata & Seljak (2003, MNRAS 343, 459), appendix C, after Bernstein & Jarvis (2002): the
    weight is moved and shaped until its own moments are those that it measures.

    Parameters
    ----------
    images : numpy.ndarray
        ``(n, y, x)`` with one object near the middle, its sky subtracted.
    """
    import numpy as np

    images = np.asarray(images, dtype=np.float64)
    return Moments(*np.array([_moments(image) for image in images]).reshape(-1, 5).T)


def _moments(image: np.ndarray) -> tuple[float, float, float, float, float]:
    """Of one image ``(y, x)``."""
    import numpy as np

    lost = (math.nan,) * 5
    rows, columns = image.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    y -= (rows - 1) / 2
    x -= (columns - 1) / 2
    x0 = y0 = 0.0
    covariance = np.eye(2) * (min(rows, columns) / 12.0) ** 2
    for _ in range(_STEPS):
        inverse = np.linalg.inv(covariance)
        dx, dy = x - x0, y - y0
        rho = inverse[0, 0] * dx * dx + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy * dy
        weighted = image * np.exp(-0.5 * np.minimum(rho, 100.0))
        total = weighted.sum()
        if not total > 0:
            return lost
        step_x, step_y = (weighted * dx).sum() / total, (weighted * dy).sum() / total
        found = (
            np.array(
                [
                    [(weighted * dx * dx).sum(), (weighted * dx * dy).sum()],
                    [(weighted * dx * dy).sum(), (weighted * dy * dy).sum()],
                ]
            )
            / total
        )
        # The moments of a Gaussian under itself as the weight are a half of its own.
        try:
            better = np.linalg.inv(np.linalg.inv(found) - inverse)
        except np.linalg.LinAlgError:
            return lost
        x0, y0 = x0 + 2 * step_x, y0 + 2 * step_y
        if max(abs(x0), abs(y0)) > min(rows, columns) / 4:
            return lost
        change = np.abs(better - covariance).max() / np.trace(covariance)
        # Half steps: of an object that is no Gaussian, whole ones may jump to and fro.
        covariance = 0.5 * (covariance + better)
        values = np.linalg.eigvalsh(covariance)
        if not (values[0] > 1e-3 and values[1] < max(rows, columns) ** 2):
            return lost
        if change < _CONVERGED:
            break
    else:
        return lost
    trace = float(np.trace(covariance))
    size = float(np.linalg.det(covariance)) ** 0.25
    difference = float(covariance[0, 0] - covariance[1, 1])
    return x0, y0, size, difference / trace, 2.0 * float(covariance[0, 1]) / trace


def _paired(truth: np.ndarray, restored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    one, two = (np.asarray(values, dtype=np.float64) for values in (truth, restored))
    if one.shape != two.shape or one.ndim < 3:
        raise InputError(
            f"true and restored images must have one shape (n, y, x) or (n, band, y, x); got "
            f"{one.shape} and {two.shape}."
        )
    return one, two
