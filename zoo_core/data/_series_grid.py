"""From samples at any times to samples at regular ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from ._reader import Problem
from ._text import counted

if TYPE_CHECKING:
    import numpy as np

#: Relative difference up to which a cadence is taken for that of the model.
_SAME_CADENCE = 0.1

#: Gaps up to so many sampling intervals are bridged where samples are interpolated.
_BRIDGED = 1.5

#: Regular samples that a series may span: ten years of minutes. Each fifth may be a row.
_LONGEST = 5_000_000

#: Samples may lie so many times as far apart as the model's. Lines between fewer are smooth
#: where the model has learned noise, and look like what it searches for.
_COARSEST = 4.0

#: From here on it is more likely that the unit of the times is another.
_OTHER_UNIT = 100.0

#: Share of samples below zero from which on a flux is no flux.
_NEGATIVE = 0.9


@dataclass(frozen=True, slots=True)
class Series:
    """A series at regular times.

    Attributes
    ----------
    values : numpy.ndarray
        ``(channel, n)`` float64, NaN where nothing was measured.
    start, step : float
        Time of the first sample and between samples, in the unit of the file; the step is
        NaN where samples were left at their own times.
    warnings : tuple of Problem
        What was not as it should be.
    notes : tuple of str
        What was done to the samples, as with any such file.
    """

    values: np.ndarray
    start: float
    step: float
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.values.shape[1])

    def times(self) -> np.ndarray:
        """Time of each sample ``(n,)``, in the unit of the file."""
        import numpy as np

        times: np.ndarray = self.start + self.step * np.arange(len(self))
        return times


def to_regular(
    time: np.ndarray, values: np.ndarray, *, unit_seconds: float, cadence_seconds: float | None
) -> Series:
    """Bring samples to the cadence of a model.

    Samples without a time are left out. A cadence that is the model's to ten per cent stays
    as it is, a shorter one is averaged, a longer one is interpolated between neighbours.

    Parameters
    ----------
    time : numpy.ndarray
        ``(n,)`` float64, in any order.
    values : numpy.ndarray
        ``(channel, n)`` float64; NaN and infinities are missing.
    unit_seconds : float
        Seconds of the unit of ``time``.
    cadence_seconds : float or None
        Of the model; None leaves the samples where they are, sorted.

    Raises
    ------
    InputError
        No sample has a time (``all-nan``), all have the same, they span more than can be
        meant (``wrong-times``), or they are much farther apart than the model's (``cadence``,
        or ``wrong-times`` where the unit must be another).
    """
    import numpy as np

    there = np.isfinite(time)
    if not there.any():
        raise InputError("no sample has a time that is a number.", flag="all-nan")
    time, values = time[there], np.where(np.isfinite(values), values, np.nan)[:, there]
    warnings = _negative(values)
    gaps = np.diff(time)
    if (gaps < 0).any():
        back = counted(int((gaps < 0).sum()), "time")
        warnings.insert(0, Problem("unsorted-times", f"{back} before the one above; sorted"))
        order = np.argsort(time, kind="stable")
        time, values = time[order], values[:, order]
        gaps = np.diff(time)
    if (gaps == 0).any():
        same = counted(int((gaps == 0).sum()), "sample")
        warnings.insert(0, Problem("duplicate-times", f"{same} at the time of another"))
    if cadence_seconds is None:
        return Series(values, float(time[0]), float("nan"), tuple(warnings))
    wanted = cadence_seconds / unit_seconds
    own = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 0.0
    if own <= 0.0:
        raise InputError(
            f"all times are the same ({counted(len(time), 'sample')}).", flag="wrong-times"
        )
    if own > _COARSEST * wanted:
        raise _too_coarse(own * unit_seconds, cadence_seconds)
    notes: tuple[str, ...] = ()
    step = own if abs(own / wanted - 1.0) <= _SAME_CADENCE else wanted
    count = (time[-1] - time[0]) / step
    if count > _LONGEST:
        raise InputError(
            f"the times span {count:.3g} samples of {step * unit_seconds:g} s. Is their unit "
            "told? Numbers without one are taken for days.",
            flag="wrong-times",
        )
    told = f"samples every {own * unit_seconds:.4g} s, the model takes {cadence_seconds:g} s"
    if own > (1.0 + _SAME_CADENCE) * wanted:
        regular = _interpolated(time, values, step=step, reach=_BRIDGED * own)
        warnings.append(Problem("cadence", f"{told}: interpolated"))
    else:
        regular = _averaged(time, values, step=step)
        notes = (f"{told}: averaged",) if step != own else ()
    return Series(regular, float(time[0]), step, tuple(warnings), notes)


def _too_coarse(own: float, wanted: float) -> InputError:
    told = f"there is a sample every {own:.4g} s, the model takes one every {wanted:g} s"
    if own > _OTHER_UNIT * wanted:
        return InputError(
            f"{told}. Is the unit of the times told? Numbers without one are taken for days.",
            flag="wrong-times",
        )
    return InputError(
        f"{told}. Lines between samples this far apart would mislead it: at most "
        f"{_COARSEST * wanted:g} s can be interpolated.",
        flag="cadence",
    )


def _negative(values: np.ndarray) -> list[Problem]:
    import numpy as np

    finite = values[np.isfinite(values)]
    if not finite.size or (finite < 0).mean() < _NEGATIVE:
        return []
    return [
        Problem(
            "negative",
            f"{100 * (finite < 0).mean():.3g} % of the values are negative: are they "
            "magnitudes, or is a background subtracted twice?",
        )
    ]


def _averaged(time: np.ndarray, values: np.ndarray, *, step: float) -> np.ndarray:
    """Mean of the samples in each step, NaN where there is none."""
    import numpy as np

    place = np.round((time - time[0]) / step).astype(np.int64)
    regular = np.full((len(values), int(place[-1]) + 1), np.nan)
    for channel, series in enumerate(values):
        there = np.isfinite(series)
        weight = np.bincount(place[there], minlength=regular.shape[1])
        total = np.bincount(place[there], series[there], minlength=regular.shape[1])
        filled = weight > 0
        regular[channel, filled] = total[filled] / weight[filled]
    return regular


def _interpolated(
    time: np.ndarray, values: np.ndarray, *, step: float, reach: float
) -> np.ndarray:
    """Lines between neighbours that are no farther apart than ``reach``, else NaN."""
    import numpy as np

    # A rounding must not cost the last sample.
    count = int(np.floor((time[-1] - time[0]) / step + 1e-6)) + 1
    wanted = np.minimum(time[0] + step * np.arange(count), time[-1])
    regular = np.full((len(values), count), np.nan)
    for channel, series in enumerate(values):
        there = np.isfinite(series)
        if not there.any():
            continue
        known = time[there]
        after = np.searchsorted(known, wanted).clip(0, len(known) - 1)
        exact = known[after] == wanted
        before = np.where(exact, after, (after - 1).clip(0))
        inside = (known[before] <= wanted) & (wanted <= known[after])
        near = inside & (known[after] - known[before] <= reach)
        regular[channel, near] = np.interp(wanted[near], known, series[there])
    return regular
