"""Which columns of a table are time, values and quality of a series.

Tables of light curves have no common names. Taken are those of the model's bands, and for a
band named ``flux`` those that Kepler's, K2's and TESS's light curves and lightkurve use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from ..cards import Band

_TIME = ("time", "bjd", "bjd_tdb", "btjd", "bkjd", "jd", "mjd", "hjd", "t")
_QUALITY = ("quality", "sap_quality")

#: The one that is corrected for systematics first.
_FLUX = ("flux", "pdcsap_flux", "kspsap_flux", "det_flux", "corr_flux", "sap_flux")

_SECONDS_OF_A_DAY = 86400.0

_MAGNITUDES = "Magnitudes are no flux: turn them into 10**(-0.4 * mag) first."


def has_series(names: Iterable[str]) -> bool:
    """Whether there is a column of times among the names."""
    return _first(names, _TIME) is not None


def times_of(table: Mapping[str, Any], names: Sequence[str]) -> tuple[np.ndarray, float]:
    """Times ``(n,)`` float64 as the table tells them, and the seconds of their unit.

    Astropy's times and dates in words become Julian dates; numbers without a unit of time are
    days, as everywhere in the field.

    Raises
    ------
    InputError
        There is no such column (``missing-column``), it holds no times (``wrong-type``), or
        its unit is none of time (``wrong-times``).
    """
    import numpy as np

    name = _first(names, _TIME)
    if name is None:
        raise InputError(
            f"no column holds times; found {_told(names)}. Name one of them 'time'.",
            flag="missing-column",
        )
    column = table[name]
    jd = getattr(column, "jd", None)
    if jd is None and np.asarray(column).dtype.kind in "SU":
        jd = _dates(column, name)
    if jd is None and np.ndim(column) == 2 and np.shape(column)[1] == 2:
        # Astropy writes its times into FITS as two numbers, to lose no precision.
        jd = _unmasked(column).sum(axis=1)
    if jd is not None:
        return _numbers(jd, name), _SECONDS_OF_A_DAY
    return _numbers(column, name), _seconds(column, name)


def values_of(
    table: Mapping[str, Any], names: Sequence[str], band: Band, *, accepted: Sequence[str] = ()
) -> np.ndarray:
    """Values ``(n,)`` float64 of a band.

    Raises
    ------
    InputError
        There is no such column (``missing-band``), or it holds no numbers, or magnitudes
        where a flux is wanted (``wrong-type``).
    """
    wanted = [*accepted] or [band.name, band.short_name]
    is_flux = band.short_name.lower() == "flux"
    if not accepted and is_flux:
        wanted += _FLUX
    name = _first(names, [text.lower() for text in wanted])
    if name is not None:
        if is_flux and "mag" in str(getattr(table[name], "unit", "")).lower():
            raise InputError(
                f"the column {name!r} is in {table[name].unit}. {_MAGNITUDES}",
                flag="wrong-type",
            )
        return _numbers(table[name], name)
    hint = f"Name one of them {band.short_name!r}, or say which with --accept-band."
    if any(text.lower().startswith("mag") for text in names):
        hint = _MAGNITUDES
    raise InputError(
        f"no column for {wanted[0]!r}; found {_told(names)}. {hint}", flag="missing-band"
    )


def is_bad(table: Mapping[str, Any], names: Sequence[str]) -> np.ndarray | None:
    """Mask ``(n,)`` of samples with any flag of quality; None without such a column."""
    import numpy as np

    name = _first(names, _QUALITY)
    if name is None:
        return None
    flags = np.ma.asarray(table[name])
    if flags.dtype.kind not in "biuf":
        return None
    bad: np.ndarray = np.ma.filled(flags.astype(float), 0.0) != 0
    return bad


def _first(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    there = {name.lower(): name for name in names}
    return next((there[text] for text in wanted if text in there), None)


def _told(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12])
    return f"{shown}, ... ({len(names)})" if len(names) > 12 else shown or "none"


def _numbers(column: Any, name: str) -> np.ndarray:
    """A column ``(n,)`` as float64, NaN where it is masked."""
    import numpy as np

    plain = column if isinstance(column, np.ma.MaskedArray) else _unmasked(column)
    if plain.dtype.kind in "SU":
        raise InputError(
            f"the column {name!r} holds texts, such as {_first_text(plain)!r}, where each "
            "sample should have a number. Leave empty what was not measured, or write nan.",
            flag="wrong-type",
        )
    if plain.dtype.kind not in "biuf" or plain.ndim != 1:
        raise InputError(
            f"the column {name!r} holds {plain.dtype} of shape {plain.shape[1:]} where each "
            "sample should have one number.",
            flag="wrong-type",
        )
    filled: np.ndarray = np.ma.filled(np.ma.asarray(plain).astype(np.float64), np.nan)
    return filled


def _unmasked(column: Any) -> np.ndarray:
    """Numbers of a column, of a quantity without its unit, of astropy's masked ones as NaN."""
    import numpy as np

    mask = getattr(column, "mask", None)
    bare = getattr(column, "unmasked", column)
    values = np.asarray(getattr(bare, "value", bare))
    if mask is None or not np.any(mask):
        return values
    return np.ma.array(values, mask=mask)


def _dates(column: Any, name: str) -> np.ndarray:
    from astropy.time import Time

    try:
        jd: np.ndarray = Time([str(text) for text in column]).jd
    except ValueError as error:
        # Astropy's own line lists every format that it tried.
        raise InputError(
            f"the column {name!r} holds texts that are no dates, such as "
            f"{_first_text(column)!r}. Times are numbers, or dates such as "
            "'2026-01-31T12:00:00'.",
            flag="wrong-type",
        ) from error
    return jd


def _first_text(column: Any) -> str:
    """The first text of a column that is no number, or else the first one."""
    texts = [str(text) for text in column]
    return next((text for text in texts if not _is_number(text)), texts[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _seconds(column: Any, name: str) -> float:
    """Seconds of the unit of a column of numbers."""
    from astropy import units

    unit = getattr(column, "unit", None)
    if not isinstance(unit, units.UnitBase) or isinstance(unit, units.UnrecognizedUnit):
        return _SECONDS_OF_A_DAY  # none, or such as "BJD - 2454833, days"
    if unit == units.dimensionless_unscaled:
        return _SECONDS_OF_A_DAY
    try:
        return float(unit.to(units.s))
    except units.UnitConversionError as error:
        raise InputError(
            f"the column {name!r} is in {unit}, which is no unit of time.", flag="wrong-times"
        ) from error
