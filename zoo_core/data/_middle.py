"""Images whose middle, where the object is, is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ..cards import InputSpec

#: The middle is a fifth of each side, and missing if so much of it is.
_SIDE = 5
_SHARE = 0.75

#: Of shorter sides the middle would be a pixel, which a cosmic ray or a bad column takes.
_SHORTEST = 10


def missing_middles(images: np.ndarray, spec: InputSpec) -> np.ndarray:
    """In which bands an image lacks its middle, ``(n, band)`` bool of ``(n, band, y, x)``.

    Of images of any size, which are looked at all over, no part is the middle; nor of images
    of a few pixels.
    """
    import numpy as np

    sides = [length for length in spec.size if length is not None]
    if spec.kind != "image" or len(sides) < len(spec.size) or min(sides) < _SHORTEST:
        return np.zeros(images.shape[:2], dtype=bool)
    rows, columns = (_middle(length) for length in images.shape[2:])
    missing: np.ndarray = np.isnan(images[:, :, rows, columns]).mean(axis=(2, 3)) >= _SHARE
    return missing


def _middle(length: int) -> slice:
    width = length // _SIDE
    start = (length - width) // 2
    return slice(start, start + width)


def told_of_middle(missing: Sequence[bool] | np.ndarray, spec: InputSpec) -> str:
    """The line about it, for the bands of one object."""
    if all(missing):
        return "the middle is missing: nothing is seen of the object"
    bands = [
        band.name for band, is_missing in zip(spec.bands, missing, strict=True) if is_missing
    ]
    return f"the middle is missing in {', '.join(bands)}"
