"""The pixel scale that a FITS header states, compared with the model's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._reader import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cards import InputSpec

#: Scales that differ by less are the same for a network.
_TOLERANCE = 0.05

#: Beginnings of the names of celestial axes (FITS WCS paper II).
_CELESTIAL = ("RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT")


def compare_pixel_scale(header: Mapping[str, object], spec: InputSpec) -> Problem | None:
    """A warning if the header states a scale that is not the model's."""
    wanted = spec.pixel_scale_arcsec
    if wanted is None:
        return None
    found = stated_pixel_scale(header)
    if found is None or abs(found / wanted - 1.0) <= _TOLERANCE:
        return None
    return Problem(
        "pixel-scale",
        f"pixels of {found:.3g} arcsec, the model was trained on {wanted:.3g} arcsec; "
        "resample the image",
    )


def stated_pixel_scale(header: Mapping[str, object]) -> float | None:
    """Scale in arcsec per pixel by ``PIXSCALE`` or the celestial WCS; None if not stated.

    Of the WCS the root of the area of a pixel is taken: ``CDi_j``, or ``CDELTi`` with
    ``PCi_j``, in degrees.

    >>> stated_pixel_scale({"PIXSCALE": 0.2})
    0.2
    >>> stated_pixel_scale({"CTYPE1": "RA---TAN", "CDELT1": -0.001, "CDELT2": 0.001})
    3.6
    """
    stated = _number(header, "PIXSCALE")
    if stated is not None:
        return stated if stated > 0 else None
    if not str(header.get("CTYPE1", "")).startswith(_CELESTIAL):
        return None
    name, default = ("CD", 0.0) if "CD1_1" in header else ("PC", 1.0)
    off = [_number(header, f"{name}{key}") or 0.0 for key in ("1_2", "2_1")]
    on = [_number(header, f"{name}{key}") for key in ("1_1", "2_2")]
    on_axis = [default if value is None else value for value in on]
    area = abs(on_axis[0] * on_axis[1] - off[0] * off[1])
    if name == "PC":
        steps = [_number(header, f"CDELT{axis}") for axis in (1, 2)]
        if None in steps:
            return None
        area *= abs(math.prod(step for step in steps if step is not None))
    return round(3600.0 * math.sqrt(area), 9) or None


def _number(header: Mapping[str, object], key: str) -> float | None:
    value = header.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]
