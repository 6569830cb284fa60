"""Checks that hold for every format: from an array as read to what a model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError
from ._middle import missing_middles, told_of_middle
from ._reader import Problem
from ._text import counted, times

if TYPE_CHECKING:
    import numpy as np

    from ..cards import InputSpec


class Checked(NamedTuple):
    """``(channel, *axes)`` float32 with NaN for all that is missing, and warnings."""

    array: np.ndarray
    warnings: tuple[Problem, ...]


def check_array(array: np.ndarray, spec: InputSpec, *, fit: str = "exact") -> Checked:
    """Bring an array into the form of an input specification.

    Parameters
    ----------
    array : numpy.ndarray
        ``(channel, *axes)`` of any real number type and byte order; ``axes`` alone will do
        where the specification has one channel.
    spec : InputSpec
        What the model takes.
    fit : str
        ``exact`` or ``crop``: keep the middle of axes that are longer than asked for.

    Raises
    ------
    InputError
        The array cannot be used; its ``flag`` is one of ``wrong-type``, ``wrong-bands``,
        ``wrong-size``, ``all-nan``, ``constant``, ``masked-center``, ``not-finite``,
        ``nan-filled``.
    """
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"the data are of type {array.dtype}; the model takes real numbers.",
            flag="wrong-type",
        )
    array = _fitted(_with_channels(array, spec), spec, fit)
    array = _float32(array)
    warnings = _mark_missing(array)
    _refuse_blank(array, spec)
    if warnings:
        warnings = (*_without_middle(array, spec), *warnings)
    if warnings and spec.missing == "refuse":
        reasons = " and ".join(warning.reason for warning in warnings)
        raise InputError(
            f"{reasons}; this model takes no missing values.", flag=warnings[0].flag
        )
    return Checked(array, warnings)


def _with_channels(array: np.ndarray, spec: InputSpec) -> np.ndarray:
    axes, channels = len(spec.size), len(spec.bands)
    if array.ndim == axes and channels == 1:
        array = array[None]
    if array.ndim == axes + 1 and array.shape[0] == channels:
        return array
    wanted = " ".join(band.name for band in spec.bands)
    hint = ""
    if array.ndim == axes + 1 and array.shape[-1] == channels:
        hint = " The last axis has that length: bring it to the front with numpy.moveaxis."
    if array.ndim in (axes, axes + 1):
        given = 1 if array.ndim == axes else array.shape[0]
        raise InputError(
            f"the data have {counted(given, 'band')} (shape {times(array.shape)}), the model "
            f"takes {channels} ({wanted}).{hint}",
            flag="wrong-bands",
        )
    raise InputError(
        f"the data have {counted(array.ndim, 'axis', 'axes')} (shape {times(array.shape)}), "
        f"the model takes {counted(channels, 'band')} of {counted(axes, 'axis', 'axes')} each.",
        flag="wrong-size",
    )


def _fitted(array: np.ndarray, spec: InputSpec, fit: str) -> np.ndarray:
    given = array.shape[1:]
    if all(want is None or want == have for want, have in zip(spec.size, given, strict=True)):
        return array
    is_larger = all(
        want is None or want <= have for want, have in zip(spec.size, given, strict=True)
    )
    if fit != "exact" and is_larger:
        middle = [slice(None)]
        for want, have in zip(spec.size, given, strict=True):
            start = 0 if want is None else (have - want) // 2
            middle.append(slice(start, None if want is None else start + want))
        return array[tuple(middle)]
    hint = " --fit crop takes the middle." if is_larger else " It cannot be enlarged."
    raise InputError(
        f"the {spec.kind} is {times(given)}, the model takes {times(spec.size)}.{hint}",
        flag="wrong-size",
    )


def _float32(array: np.ndarray) -> np.ndarray:
    """A copy that nothing else holds: the caller may write into it."""
    import numpy as np

    with np.errstate(over="ignore"):  # too large for float32: becomes an infinity, told below
        return np.array(array, dtype=np.float32, order="C")


def _mark_missing(array: np.ndarray) -> tuple[Problem, ...]:
    """Turn infinities into NaN, in place, and count both."""
    import numpy as np

    if np.isfinite(array).all():
        return ()
    warnings = []
    infinite = np.isinf(array)
    nans = int(np.count_nonzero(np.isnan(array)))
    if infinite.any():
        share = _share(int(np.count_nonzero(infinite)), array.size)
        warnings.append(Problem("not-finite", f"{share} are infinite, taken as missing"))
        array[infinite] = np.nan
    if nans:
        warnings.append(Problem("nan-filled", f"{_share(nans, array.size)} are NaN"))
    return tuple(warnings)


def _refuse_blank(array: np.ndarray, spec: InputSpec) -> None:
    """Refuse data without any information.

    Each band of an image must hold some. A channel of a series may well be constant (a
    mask, a flag), and so may a vector be.
    """
    import numpy as np

    if spec.kind == "image":
        parts = [(f" in {band.name}", array[i]) for i, band in enumerate(spec.bands)]
        parts = [("", array[0])] if len(parts) == 1 else parts
    else:
        parts = [("", array)]
    for where, part in parts:
        # Of numbers with a NaN among them it is NaN; most have none and need no copy.
        low = part.min(initial=np.inf)
        finite = part[~np.isnan(part)] if np.isnan(low) else part
        if not finite.size:
            raise InputError(
                f"no value{where} is a finite number (shape {times(array.shape)}).",
                flag="all-nan",
            )
        low, high = finite.min(), finite.max()
        if low == high and spec.size and part.size > 1:
            raise InputError(
                f"every value{where} is {low:g}: the {spec.kind} is constant.", flag="constant"
            )


def _without_middle(array: np.ndarray, spec: InputSpec) -> tuple[Problem, ...]:
    """Refuse an image without its middle; warn where it is missing in some bands."""
    (missing,) = missing_middles(array[None], spec)
    if not missing.any():
        return ()
    told = told_of_middle(missing, spec)
    if missing.all():
        raise InputError(f"{told}.", flag="masked-center")
    return (Problem("masked-center", told),)


def _share(count: int, total: int) -> str:
    return f"{count} of {total} values ({100 * count / total:.3g} %)"
