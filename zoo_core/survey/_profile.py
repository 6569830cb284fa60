"""What a survey's images look like: where bands, pixels, masks and fluxes are found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

#: Nanojansky of an AB magnitude of zero (Oke & Gunn 1983: -48.60 for erg/s/cm^2/Hz).
NANOJANSKY_OF_MAGNITUDE_ZERO = 10 ** (0.4 * 31.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyProfile:
    """The conventions of the images of one survey.

    Attributes
    ----------
    name, summary : str
        What it is asked for by, and one line for people.
    bands : tuple
        Pairs of a band's short name, in small letters, and a tuple of its other spellings in
        file names and headers, such as ``("g", ("HSC-G", "DECAM_g"))``. The short name
        itself need not be among them.
    image : tuple of str or int
        Extensions that may hold the image, by EXTNAME (or EXTTYPE) or number; the first
        that is there is taken, the first image of the file where none is named.
    mask, weight : str or int or None
        Extensions of the same file with bits, and with a weight or variance: where that is
        not above zero, the pixel holds nothing.
    mask_file, weight_file : tuple of str or None
        A part of the file's name and what stands in its place in the name of the file
        beside it that holds the mask or weight; a file that is not there is done without.
    bad_bits : int
        Mask bits that make a pixel NaN.
    bad_planes : tuple of str
        The same by name: bit ``n`` where the mask's header says ``MP_<name> = n``.
    no_data : float or None
        A value that means that there is no data.
    nanojansky : float or None
        Nanojansky of a pixel value of one, if no header says it.
    zero_point_keys : tuple of str
        Keywords whose value is the AB magnitude of a pixel value of one.
    flux_keys : tuple of str
        Keywords whose value is the pixel value of AB magnitude zero. ``BUNIT`` counts before
        all of these if it is a flux density.
    tile_name : str or None
        Regular expression that finds the tile in a file's name, where more than the band
        differs between the files of one tile (a time of writing).
    """

    name: str
    summary: str
    bands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    image: tuple[str | int, ...] = ()
    mask: str | int | None = None
    weight: str | int | None = None
    mask_file: tuple[str, str] | None = None
    weight_file: tuple[str, str] | None = None
    bad_bits: int = 0
    bad_planes: tuple[str, ...] = ()
    no_data: float | None = None
    nanojansky: float | None = None
    zero_point_keys: tuple[str, ...] = ()
    flux_keys: tuple[str, ...] = ()
    tile_name: str | None = None

    def __post_init__(self) -> None:
        if self.tile_name is None:
            return
        try:
            re.compile(self.tile_name)
        except re.error as error:
            raise UsageError(
                f"survey profile {self.name!r}: tile_name {self.tile_name!r} is no regular "
                f"expression ({error})."
            ) from error

    def spellings(self, band: str) -> tuple[str, ...]:
        """All the ways in which a band may be written, the longest first.

        >>> SurveyProfile(name="x", summary="", bands=(("g", ("HSC-G",)),)).spellings("lsst-g")
        ('lsst-g', 'HSC-G', 'g')
        """
        short = band.rsplit("-", 1)[-1].lower()
        known = [text for name, texts in self.bands if name == short for text in texts]
        return tuple(sorted(dict.fromkeys((band, *known, short)), key=len, reverse=True))


def beside(path: Path, change: tuple[str, str] | None) -> Path | None:
    """The file whose name differs by the change; None if it is not there.

    Parameters
    ----------
    path : pathlib.Path
        A file.
    change : tuple of str or None
        A part of its name and what to put there.
    """
    if change is None or change[0] not in path.name:
        return None
    other = path.with_name(path.name.replace(*change))
    return other if other != path and other.exists() else None
