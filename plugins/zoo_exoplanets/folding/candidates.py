"""Views of candidates for AstroNet, of light curves and what a search has found in them.

    python -m zoo_exoplanets.folding.candidates candidates.csv -o views.npz
    zoo predict astronet views.npz -o planets.parquet

The table has a line for each candidate: ``path`` of the light curve (csv, ecsv, FITS; beside
the table if it is not absolute), ``period``, ``time`` of a mid-transit and ``duration``, in the
unit of the light curve's times; and perhaps ``id``. The star's slow variability is divided out
by a spline that passes by the transits.

A candidate that cannot be used has views of NaN, which ``zoo predict`` flags, and is told with
its reason; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo_core.cards import Band, InputSpec
from zoo_core.data import read_series
from zoo_core.errors import InputError, UsageError, ZooError

from .trend import without_trend
from .views import GLOBAL_BINS, LOCAL_BINS, fold, global_view, local_view

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Distance of the spline's knots and of samples between pieces, in durations: a transit of
#: three hours has knots a day apart, and pieces end at gaps of three quarters of a day.
KNOTS, GAP = 8.0, 6.0

#: The transit that the spline passes by, in durations.
PASSED = 1.5

#: Light curves are read at this cadence; the median of a bin smooths more.
CADENCE_SECONDS = 600.0

COLUMNS = ("path", "period", "time", "duration")


@dataclass(frozen=True)
class Candidate:
    """Dips that come back, in one light curve.

    Parameters
    ----------
    id : str
        Of the row of the result.
    path : Path
        Of the light curve.
    period, time, duration : float
        Of the dips, one mid-transit, and from begin to end; in the unit of the light curve's
        times.
    """

    id: str
    path: Path
    period: float
    time: float
    duration: float

    def __post_init__(self) -> None:
        numbers = (self.period, self.time, self.duration)
        if not np.isfinite(numbers).all() or not 0 < self.duration < self.period:
            raise InputError(
                f"period, time and duration must be numbers with 0 < duration < period; got "
                f"{self.period:g}, {self.time:g} and {self.duration:g}.",
                flag="wrong-ephemeris",
            )


def read_views(candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
    """Global ``(2001,)`` and local ``(201,)`` view, float32.

    Raises
    ------
    InputError
        The light curve cannot be read, or has nothing to fold; see its ``flag``.
    """
    spec = InputSpec(
        name="series",
        kind="series",
        bands=(Band(name="flux"),),
        size=(None,),
        cadence_seconds=CADENCE_SECONDS,
    )
    try:
        series = read_series(candidate.path, spec)
    except OSError as error:
        reason = f"{candidate.path} cannot be read: {error.strerror or error}."
        raise InputError(reason, flag="unreadable") from error
    return views_of(series.times(), series.values[0], candidate)


def views_of(
    time: np.ndarray, flux: np.ndarray, candidate: Candidate
) -> tuple[np.ndarray, np.ndarray]:
    """Global and local view of a light curve ``(n,)``, by ascending time; NaN is missing.

    Raises
    ------
    InputError
        No sample, or none that differs from the others.
    """
    folded = fold(time, candidate.period, candidate.time)
    flat = without_trend(
        time,
        flux,
        knot_spacing=KNOTS * candidate.duration,
        gap=GAP * candidate.duration,
        kept_out=np.abs(folded) < PASSED / 2.0 * candidate.duration,
    )
    return (
        global_view(folded, flat, candidate.period),
        local_view(folded, flat, candidate.period, candidate.duration),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Write ``global_view``, ``local_view`` and ``id`` as npz for ``zoo predict astronet``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path, help="csv or ecsv with a line for each candidate")
    parser.add_argument("-o", "--output", required=True, type=Path, help="npz file to write")
    arguments = parser.parse_args(words)
    try:
        rows = _rows(arguments.table)
        wide, near, bad = [], [], 0
        for row in rows:
            try:
                views = read_views(_candidate(row, arguments.table.parent))
            except InputError as error:
                print(f"{row['id']}: {error}", file=sys.stderr)
                views = np.full(GLOBAL_BINS, np.nan), np.full(LOCAL_BINS, np.nan)
                bad += 1
            wide.append(views[0])
            near.append(views[1])
        arrays = {
            "id": np.array([row["id"] for row in rows]),
            "global_view": np.array(wide, dtype=np.float32)[:, None],
            "local_view": np.array(near, dtype=np.float32)[:, None],
        }
        _write(arguments.output, arrays)
    except ZooError as error:
        print(f"zoo_exoplanets.folding.candidates: {error}", file=sys.stderr)
        return 2
    told = f", {bad} of them without views" if bad else ""
    print(f"{arguments.output}: {len(rows)} candidates{told}")
    return 1 if bad else 0


def _rows(path: Path) -> list[dict[str, Any]]:
    """The table's lines, each with an id."""
    from astropy.table import Table

    try:
        table = Table.read(path, format="ascii.ecsv" if path.suffix == ".ecsv" else "ascii.csv")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as a table: {error}") from error
    lacking = [name for name in COLUMNS if name not in table.colnames]
    if lacking or not len(table):
        raise UsageError(
            f"{path} needs a line for each candidate with the columns {', '.join(COLUMNS)}; "
            + (f"it lacks {', '.join(lacking)}." if lacking else "it has no line.")
        )
    rows = [dict(zip(table.colnames, row, strict=True)) for row in table]
    for number, row in enumerate(rows):
        row["id"] = str(row.get("id", f"{Path(str(row['path'])).stem}-{number}"))
    return rows


def _candidate(row: dict[str, Any], folder: Path) -> Candidate:
    try:
        numbers = {name: float(row[name]) for name in COLUMNS[1:]}
    except (TypeError, ValueError) as error:
        told = ", ".join(f"{name} {row[name]!s}" for name in COLUMNS[1:])
        raise InputError(f"{told}: not all are numbers.", flag="wrong-ephemeris") from error
    return Candidate(row["id"], folder / str(row["path"]), **numbers)


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    partial = path.with_name(f".{path.name}.npz")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(main())
