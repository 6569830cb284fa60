"""The pixel scale that a FITS header states, compared with the model's."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from ..errors import InputError
from ._header import value_of
from ._reader import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ..cards import InputSpec

#: Scales that differ by less are the same for a network.
TOLERANCE = 0.05

#: Pixels that are this many times the model's hold too little to be made into its own.
_COARSEST = 10.0

#: Pixels of the model that resampling looks at beyond the edge of an image.
_MARGIN = 2

#: Beginnings of the names of celestial axes (FITS WCS paper II).
_CELESTIAL = ("RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT")


def compare_pixel_scale(header: Mapping[str, object], spec: InputSpec) -> Problem | None:
    """A warning if the header states a scale that is not the model's."""
    wanted = spec.pixel_scale_arcsec
    found = other_pixel_scale(header, spec)
    if found is None:
        return None
    return Problem(
        "pixel-scale",
        f"pixels of {found:.3g} arcsec, the model was trained on {wanted:.3g} arcsec; "
        "--fit resample brings them to it",
    )


def other_pixel_scale(header: Mapping[str, object], spec: InputSpec) -> float | None:
    """The scale in arcsec per pixel that the header states, if it is not the model's."""
    wanted = spec.pixel_scale_arcsec
    found = None if wanted is None else stated_pixel_scale(header)
    if wanted is None or found is None or abs(found / wanted - 1.0) <= TOLERANCE:
        return None
    return found


def unstated_pixel_scale(header: Mapping[str, object], spec: InputSpec) -> Problem | None:
    """A warning if images are to be resampled and the header does not say from what."""
    if stated_pixel_scale(header) is not None:
        return None
    return Problem(
        "pixel-scale",
        "the header states no pixel scale (PIXSCALE or a celestial WCS); taken to be the "
        f"model's {spec.pixel_scale_arcsec:.3g} arcsec",
    )


def at_pixel_scale(array: np.ndarray, found: float, spec: InputSpec) -> np.ndarray:
    """An image of another scale on the model's pixels, around the same middle.

    Flux is conserved: a pixel value is a flux, not a brightness. Beyond its edge the image is
    taken to go on as in a mirror, so that pixels at the edge are not lost.

    Parameters
    ----------
    array : numpy.ndarray
        ``(y, x)``, or with axes in front.
    found : float
        Its scale, arcsec per pixel.
    spec : InputSpec
        With a pixel scale. A model of a size gets that size; any other as many pixels as
        the image fills.

    Raises
    ------
    InputError
        The image covers less of the sky than the model takes, or its pixels are ten times
        as large as the model's (``wrong-size``).
    UsageError
        Reproject is not installed.
    """
    import numpy as np

    from ._resample import through_reproject

    wanted = spec.pixel_scale_arcsec or found
    if found > _COARSEST * wanted:
        raise InputError(
            f"pixels of {found:.3g} arcsec are too coarse to be brought to the model's "
            f"{wanted:.3g} arcsec; is the unit in the header right?",
            flag="wrong-size",
        )
    given = array.shape[-2:]
    filled = [length * found / wanted for length in given]
    shape = [size or max(1, int(fill)) for size, fill in zip(spec.size, filled, strict=True)]
    if any(fill < size - 0.5 for size, fill in zip(shape, filled, strict=True)):
        across = "x".join(f"{length * found:.3g}" for length in given)
        needed = "x".join(f"{size * wanted:.3g}" for size in shape)
        raise InputError(
            f"the image is {across} arcsec, the model takes {needed} arcsec. It cannot be "
            "enlarged.",
            flag="wrong-size",
        )
    source = np.array(array, dtype=np.float64).reshape(-1, *given)
    margin = math.ceil(_MARGIN * max(1.0, wanted / found))
    source = np.pad(source, ((0, 0), (margin, margin), (margin, margin)), mode="symmetric")
    middle = ((given[1] - 1) / 2.0 + margin, (given[0] - 1) / 2.0 + margin)
    made = through_reproject(source, np.eye(2) * (wanted / found), middle, (shape[0], shape[1]))
    return made.reshape(*array.shape[:-2], *shape).astype(np.float32)


def stated_pixel_scale(header: Mapping[str, object]) -> float | None:
    """Scale in arcsec per pixel by ``PIXSCALE`` or the celestial WCS; None if not stated.

    Of the WCS the root of the area of a pixel is taken: ``CDi_j``, or ``CDELTi`` with
    ``PCi_j``, in the units ``CUNITi``, which are degrees if they are not stated.

    >>> stated_pixel_scale({"PIXSCALE": 0.2})
    0.2
    >>> stated_pixel_scale({"CTYPE1": "RA---TAN", "CDELT1": -0.001, "CDELT2": 0.001})
    3.6
    """
    scale = _number(header, "PIXSCALE", math.nan)
    if not math.isnan(scale):
        return scale if scale > 0 else None
    if not str(value_of(header, "CTYPE1")).startswith(_CELESTIAL):
        return None
    name, on_axis = ("CD", 0.0) if "CD1_1" in header else ("PC", 1.0)
    on = [_number(header, f"{name}{key}", on_axis) for key in ("1_1", "2_2")]
    off = [_number(header, f"{name}{key}", 0.0) for key in ("1_2", "2_1")]
    steps = [1.0, 1.0]
    if name == "PC":
        steps = [_number(header, f"CDELT{axis}", math.nan) for axis in (1, 2)]
    units = [_arcsec(str(value_of(header, f"CUNIT{axis}") or "deg")) for axis in (1, 2)]
    area = abs((on[0] * on[1] - off[0] * off[1]) * math.prod(steps) * math.prod(units))
    # Whatever cannot be read is NaN, and then so is the area.
    return round(math.sqrt(area), 9) if area > 0 else None


def _number(header: Mapping[str, object], key: str, default: float) -> float:
    """A finite number of the header, ``default`` without the keyword, NaN for anything else."""
    if key not in header:
        return default
    value = value_of(header, key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else math.nan  # type: ignore[arg-type]


@functools.cache
def _arcsec(unit: str) -> float:
    """Arcseconds in a unit as a header names it; NaN if it is no angle."""
    from astropy import units

    try:
        return float(units.Unit(unit.strip().lower() or "deg").to(units.arcsec))
    except ValueError:
        return math.nan
