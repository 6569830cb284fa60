"""Opening the pixels of an image in the way that its file allows."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from ..data import quiet
from ..errors import InputError
from ._hdus import Hdus, is_packed, unpacked
from ._headers import unreadable
from ._plane import Plane, Scaling, StripedPlane

if TYPE_CHECKING:
    from ._plane import PixelsRef

#: Number types of FITS by BITPIX.
_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


def open_plane(ref: PixelsRef) -> Plane:
    """Open an image: mapped, or unpacked into memory where the file is compressed.

    Tile-compressed images (``.fz``) are unpacked in parts, when a window needs them.

    Raises
    ------
    InputError
        The file is not there, cut off or broken; ``flag`` is ``tile-unreadable``.
    """
    try:
        with quiet():
            return _opened(ref)
    except Exception as error:
        raise unreadable(ref.path, error) from error


def _opened(ref: PixelsRef) -> Plane:
    import numpy as np

    content = unpacked(ref.path) if is_packed(ref.path) else None
    stream = ref.path.open("rb") if content is None else io.BytesIO(content)
    size = ref.path.stat().st_size if content is None else len(content)
    with Hdus(stream, size=size, name=ref.path.name) as hdus:
        hdu = hdus.get(ref.extension)
    if hdus.cut_off:
        raise InputError(hdus.cut_off, flag="tile-unreadable")
    if hdu is None or not hdu.is_plane:
        raise InputError(
            f"{ref.path.name} has no image in the extension {ref.extension} any more.",
            flag="tile-unreadable",
        )
    if "ZIMAGE" in hdu.header:
        return StripedPlane(_compressed(ref, content), ref.extension)
    dtype, shape = np.dtype(_TYPES[int(hdu.header["BITPIX"])]), hdu.shape[-2:]
    scaling = Scaling(
        scale=float(hdu.header.get("BSCALE", 1.0)),
        zero=float(hdu.header.get("BZERO", 0.0)),
        blank=hdu.header.get("BLANK") if dtype.kind in "iu" else None,
    )
    if content is not None:
        array = np.frombuffer(content, dtype, math.prod(shape), hdu.start).reshape(shape)
        return Plane(array, scaling=scaling)
    mapped = np.memmap(ref.path, dtype=dtype, mode="r", offset=hdu.start, shape=shape)
    # Not as a memmap, which does its own bookkeeping at every slice.
    return Plane(mapped.view(np.ndarray), scaling=scaling, mapped=ref.path)


def _compressed(ref: PixelsRef, content: bytes | None) -> Any:
    from astropy.io import fits

    # Unsigned integers as floats: only then does astropy heed BLANK.
    if content is None:
        return fits.open(ref.path, uint=False)
    return fits.HDUList.fromstring(content, uint=False)
