"""One restored image as a FITS file, with the header that its input had."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

#: What stands in a header for those who find the file without us.
WARNING = "Pixels are what a trained model takes to be likely, not an observation."

#: Of the input's header, what is not true of the output any more.
_UNTRUE = ("CHECKSUM", "DATASUM", "BSCALE", "BZERO", "BLANK", "DATAMIN", "DATAMAX", "EXTNAME")


def write_image(
    path: Path,
    image: np.ndarray,
    *,
    source: Sequence[Path],
    bands: Sequence[str],
    unit: str | None,
    provenance: Mapping[str, str],
) -> None:
    """Write an image, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Replaced if it is there.
    image : numpy.ndarray
        ``(band, y, x)``; one band is written as ``(y, x)``.
    source : sequence of pathlib.Path
        Files of the input; the first that is FITS lends its header, WCS and all.
    bands : sequence of str
        Names, in order.
    unit : str, optional
        Of the pixels, where the header of the input does not say it.
    provenance : mapping of str to str
        Of the model: ``model``, ``model_version``, ``weights_sha256``, ``astrozoo_version``.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    import numpy as np
    from astropy.io import fits

    from ..data import quiet

    header = _header_of(source)
    if unit and "BUNIT" not in header:
        header["BUNIT"] = unit
    header["ESTIMATE"] = (True, "a model's estimate, not an observation")
    header["ZOOMODEL"] = (f"{provenance['model']} {provenance['model_version']}", "model")
    header["ZOOSHA"] = (provenance["weights_sha256"][:32], "SHA-256 of its weights, begins")
    header["ZOOVERS"] = (provenance["astrozoo_version"], "version of astrozoo")
    if len(bands) > 1:
        for keyword in ("FILTER", "BAND"):  # of the first plane alone
            header.remove(keyword, ignore_missing=True)
        for number, band in enumerate(bands, start=1):
            header[f"BAND{number}"] = (band, f"plane {number}")
    header.add_comment(WARNING)
    data = np.ascontiguousarray(image[0] if len(image) == 1 else image, dtype=np.float32)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with quiet():
            fits.PrimaryHDU(data, header).writeto(partial, overwrite=True, checksum=True)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _header_of(files: Sequence[Path]) -> Any:
    """Header of the first image in the files, without what says how it is stored."""
    from astropy.io import fits

    from ..data import quiet

    for file in files:
        try:
            with quiet(), fits.open(file, memmap=True) as hdus:
                primary = hdus[0].header
                for hdu in hdus:
                    if hdu.is_image and len(hdu.shape) > 1:
                        header = hdu.header.copy(strip=True)
                        if hdu is not hdus[0]:
                            header.extend(primary.copy(strip=True), unique=True)
                        for key in _UNTRUE:
                            header.remove(key, ignore_missing=True, remove_all=True)
                        return header
        # What could be read as data but has no header is a picture, or another format.
        except Exception:  # noqa: BLE001, S112
            continue
    return fits.Header()
