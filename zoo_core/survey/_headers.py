"""What the headers of one file say of the images in it; pixels are not read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data._bands import stated_band
from ..data._header import value_of
from ..errors import InputError
from ._hdus import Hdus
from ._plane import PixelsRef
from ._profile import NANOJANSKY_OF_MAGNITUDE_ZERO
from ._sky import check_sky, sky_cards

if TYPE_CHECKING:
    from pathlib import Path

    from ._hdus import Hdu
    from ._profile import SurveyProfile

#: Keywords that state an image's band.
_BAND_KEYS = ("FILTER", "BAND")

#: Spellings of BUNIT that astropy does not know, in small letters, in nanojansky.
_UNITS = {"nanomaggy": 3631.0, "nanomaggies": 3631.0, "nmgy": 3631.0, "nanomaggie": 3631.0}


class FoundImage(NamedTuple):
    """One image of a file: where it is, and what is said of it.

    ``band`` is what FILTER or BAND says and ``name`` what EXTNAME says, empty if nothing;
    ``nanojansky`` that of a pixel value of one, None if nothing says it.
    """

    ref: PixelsRef
    shape: tuple[int, int]
    cards: str
    band: str
    name: str
    nanojansky: float | None


class FoundFile(NamedTuple):
    """The images of a file, its mask and weight, and how it ends too early, if it does."""

    images: tuple[FoundImage, ...]
    mask: PixelsRef | None
    bits: int
    weight: PixelsRef | None
    cut_off: str


def read_headers(path: Path, profile: SurveyProfile) -> FoundFile:
    """Look through the headers of a file.

    Raises
    ------
    InputError
        It cannot be read, holds no such image, or no position on the sky; ``flag`` is
        ``tile-unreadable``.
    """
    try:
        with Hdus.of(path) as hdus:
            return _look_through(hdus, path, profile)
    except InputError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> InputError:
    """The error for a file of a tile that cannot be read."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError) and error.strerror:
        told = error.strerror
    elif isinstance(error, OSError):
        told = str(error)
    else:
        told = f"{type(error).__name__}: {error}"
    one_line = " ".join(told.split())
    return InputError(f"{path.name} cannot be read: {one_line}", flag="tile-unreadable")


def _look_through(hdus: Hdus, path: Path, profile: SurveyProfile) -> FoundFile:
    images = []
    for hdu in _images(hdus, profile):
        primary = hdus.get(0)
        headers = (hdu.header, primary.header) if primary else (hdu.header,)
        image = FoundImage(
            ref=PixelsRef(path, hdu.number),
            shape=(hdu.shape[-2], hdu.shape[-1]),
            cards=sky_cards(hdu.header),
            band=next(filter(None, map(_band, headers)), ""),
            name=hdu.names[0],
            nanojansky=_nanojansky(headers, profile),
        )
        check_sky(image.cards)
        images.append(image)
    if hdus.cut_off and not images:
        raise InputError(hdus.cut_off, flag="tile-unreadable")
    if not images:
        wanted = " or ".join(map(str, profile.image))
        where = f" in the extension {wanted} (profile {profile.name!r})" if wanted else ""
        raise InputError(f"{path.name} holds no image{where}.", flag="tile-unreadable")
    mask, weight = _find(hdus, profile.mask), _find(hdus, profile.weight)
    bits = profile.bad_bits | (_bits(mask.header, profile.bad_planes) if mask else 0)
    return FoundFile(
        images=tuple(images),
        mask=PixelsRef(path, mask.number) if mask and bits else None,
        bits=bits,
        weight=PixelsRef(path, weight.number) if weight else None,
        cut_off=hdus.cut_off,
    )


def _images(hdus: Hdus, profile: SurveyProfile) -> list[Hdu]:
    """The image that the profile names; all in the extensions where it names none."""
    if profile.image:
        named = (_find(hdus, wanted) for wanted in profile.image)
        return [hdu for hdu in named if hdu is not None][:1]
    primary = hdus.get(0)
    if primary is not None and primary.is_plane:
        # What follows an image in the primary HDU is usually its mask or weight, and a file
        # of gigabytes would be unpacked to look for it.
        return [primary]
    return [hdu for hdu in hdus if hdu.is_plane]


def _find(hdus: Hdus, wanted: str | int | None) -> Hdu | None:
    """The image of a number or name, if there is one."""
    if wanted is None:
        return None
    if isinstance(wanted, int):
        hdu = hdus.get(wanted)
        return hdu if hdu is not None and hdu.is_plane else None
    planes = (hdu for hdu in hdus if hdu.is_plane)
    return next((hdu for hdu in planes if wanted.lower() in hdu.names), None)


def _band(header: Any) -> str:
    return next(filter(None, (stated_band(value_of(header, key)) for key in _BAND_KEYS)), "")


def _nanojansky(headers: tuple[Any, ...], profile: SurveyProfile) -> float | None:
    by_unit = _of_unit(value_of(headers[0], "BUNIT"))
    if by_unit is not None:
        return by_unit
    for key in profile.flux_keys:
        value = _number(headers, key)
        if value is not None and value > 0:
            return NANOJANSKY_OF_MAGNITUDE_ZERO / value
    for key in profile.zero_point_keys:
        value = _number(headers, key)
        if value is not None:
            return NANOJANSKY_OF_MAGNITUDE_ZERO * 10 ** (-0.4 * value)
    return profile.nanojansky


def _number(headers: tuple[Any, ...], key: str) -> float | None:
    """The finite number that the first of the headers with one has."""
    values = (value_of(header, key) for header in headers)
    numbers = (float(v) for v in values if isinstance(v, int | float) and v is not True)
    return next(filter(math.isfinite, numbers), None)


def _of_unit(text: object) -> float | None:
    """Nanojansky in a unit as a header writes it; None if it is no flux density."""
    from astropy import units

    name = text.strip() if isinstance(text, str) else ""
    if not name or name.lower() in _UNITS:
        return _UNITS.get(name.lower())
    try:
        return float(units.Unit(name).to(units.nJy))
    except (ValueError, TypeError):
        return None


def _bits(header: Any, planes: tuple[str, ...]) -> int:
    """The bits that a mask's header gives to planes; planes that it lacks have none."""
    numbers = (value_of(header, f"MP_{plane}") for plane in planes)
    return sum({1 << number for number in numbers if isinstance(number, int)})
