"""Angles as catalogues write them, in degrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: Degrees of a unit, for names that are usual in files and that astropy does not know, takes
#: for another unit ('h' is one of time there), or rounds (an hour angle).
_UNITS = {
    "deg": 1.0,
    "degree": 1.0,
    "degrees": 1.0,
    "d:m:s": 1.0,
    "dms": 1.0,
    "h": 15.0,
    "hr": 15.0,
    "hour": 15.0,
    "hours": 15.0,
    "hourangle": 15.0,
    "h:m:s": 15.0,
    "hms": 15.0,
}

_NUMBER = r"^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"

#: Degrees or hours, minutes, and seconds if there are any: 12:34:56.7, 12h34m56.7s, 12 34 56.
_SEXAGESIMAL = (
    r"^(?P<sign>[+\-]?)\s*(?P<whole>\d{1,3})(?P<mark>\s*[:hd°]\s*|\s+)"
    r"(?P<minutes>\d{1,2}(?:\.\d*)?)"
    r"(?:(?:\s*[:m'\x{2032}]\s*|\s+)(?P<seconds>\d{1,2}(?:\.\d*)?))?\s*(?:[sm\"'\x{2032}\x{2033}]|'')?$"
)

HOUR = 15.0


def degrees_of_unit(unit: str | None) -> float | None:
    """How many degrees one of a unit of angles is; None if it is no such unit.

    >>> degrees_of_unit("hourangle"), degrees_of_unit("mJy"), degrees_of_unit(None)
    (15.0, None, None)
    """
    if unit is None or not unit.strip():
        return None
    text = unit.strip().strip('"').lower()
    if text in _UNITS:
        return _UNITS[text]
    from astropy import units

    try:
        return float(units.Unit(unit.strip()).to(units.deg))
    except (ValueError, TypeError, units.UnitConversionError):
        return None


def to_degrees(array: pa.Array, *, unit: float, sexagesimal: float) -> np.ndarray:
    """Values of a column as degrees; NaN where there is no number.

    Parameters
    ----------
    array : pyarrow.Array
        ``(n,)``: numbers, or texts with numbers or in sexagesimal notation.
    unit : float
        Degrees of the unit of plain numbers.
    sexagesimal : float
        The same of ``12:34:56``: 15 where that is hours. ``12h34m56s`` and ``12d34m56s`` say
        it themselves.

    Returns
    -------
    numpy.ndarray
        ``(n,)``, float64, degrees.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(array.type):
        numbers = pc.cast(array, pa.float64(), safe=False)
        return np.asarray(numbers.to_numpy(zero_copy_only=False) * unit)
    texts = pc.utf8_trim_whitespace(array)
    # Arrow takes no plus sign; some files have a minus sign that is no hyphen.
    texts = pc.replace_substring(pc.replace_substring_regex(texts, r"^\+", ""), "\u2212", "-")
    is_number = pc.match_substring_regex(texts, _NUMBER)
    plain = pc.cast(pc.if_else(is_number, texts, None), pa.float64())
    values = np.array(plain.to_numpy(zero_copy_only=False) * unit)
    rest = np.isnan(values)
    if rest.any():
        values[rest] = _sexagesimal(texts.filter(pa.array(rest)), sexagesimal)
    return values


def _sexagesimal(texts: pa.Array, unit: float) -> np.ndarray:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.extract_regex(texts, pattern=_SEXAGESIMAL)
    sign, mark = (np.asarray(found.field(name).fill_null("")) for name in ("sign", "mark"))

    def numbers(name: str) -> np.ndarray:
        part = found.field(name)
        part = pc.if_else(pc.equal(part, ""), "0", part)
        cast = pc.cast(part, pa.float64())
        return np.asarray(cast.to_numpy(zero_copy_only=False), dtype=float)

    whole, minutes, seconds = (numbers(name) for name in ("whole", "minutes", "seconds"))
    # Files that round write 12:59:60.0.
    is_right = (minutes <= 60) & (seconds <= 60) & np.asarray(found.is_valid())
    values = np.where(is_right, whole + minutes / 60 + seconds / 3600, np.nan)
    values = np.where(sign == "-", -values, values)
    marks = np.char.strip(mark.astype(np.str_))
    units = np.where(marks == "h", HOUR, np.where(np.isin(marks, ("d", "°")), 1.0, unit))
    return np.asarray(values * units)
