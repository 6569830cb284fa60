"""Series in tables: light curves in csv, ecsv and FITS, a file an object.

A series that is longer than a model's window is scanned: every window is a row.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InputError
from ._fits import SUFFIXES as FITS_SUFFIXES
from ._listing import stem_of, suffix_of
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader
from ._series_columns import has_series, is_bad, times_of, values_of
from ._series_grid import Series, to_regular
from ._text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..cards import InputSpec

TEXT_SUFFIXES = (".csv", ".ecsv")
SUFFIXES = (*FITS_SUFFIXES, *TEXT_SUFFIXES)

#: Windows that a sample lies in.
_OVERLAP = 36

#: Share of its samples that a window must hold to be looked at. With less, networks that do
#: well with holes cannot tell anything; and what is there lies in other windows as well.
_FILLED = 0.5

#: What people separate columns with where a csv has commas.
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


class SeriesReader(Reader):
    """Series in tables, read by astropy.

    A table has a column of times, one for each band of the model, and perhaps flags of
    quality, which make samples missing. Samples are brought to the model's cadence. A series
    longer than the model's window becomes a row for each window: they begin a 36th of their
    length apart, the last one ends with the series, and those with less than half of their
    values are left out if others have more. The id of a row is then that of the file, ``@``
    and the middle of the window.
    """

    name = "table"
    kinds: ClassVar = frozenset({"series"})
    max_inputs: ClassVar = 1

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._lock = threading.RLock()
        self._held: tuple[Path, Series] | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Locks cannot go to another process.
        return {"request": self.request}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["request"])  # type: ignore[misc]

    @property
    def spec(self) -> InputSpec:
        """The model's one input."""
        return self.request.specs[0]

    def items(self, files: Sequence[Path]) -> Listing:
        """List the windows of each file; a file that cannot be read is one item."""
        items: list[Item] = []
        notes: list[str] = []
        for file in files:
            try:
                found, told = self._items_of(file)
                items += found
                notes += told
            except InputError as error:
                items.append(_broken(file, Problem(error.flag, str(error))))
            except OSError as error:
                items.append(_broken(file, Problem("unreadable", error.strerror or str(error))))
            except Exception as error:  # noqa: BLE001 - broken files fail in many ways
                reason = f"broken {self.name}: {type(error).__name__}: {error}"
                items.append(_broken(file, Problem("unreadable", reason)))
        return Listing(tuple(items), tuple(notes))

    def read(self, item: Item) -> Raw:
        """Read one window, or the whole series."""
        with self._lock:
            series = self.series(item.files[0])
        values = series.values
        if item.start is not None and self.spec.size[0] is not None:
            values = values[:, item.start : item.start + self.spec.size[0]]
        return Raw({self.spec.name: values}, warnings=series.warnings)

    def close(self) -> None:
        """Forget the series in memory."""
        with self._lock:
            self._held = None

    def series(self, file: Path) -> Series:
        """The series of a file at regular times."""
        if self._held is None or self._held[0] != file:
            accepted = self.request.accept_bands
            self._held = (file, read_series(file, self.spec, accept_bands=accepted))
        return self._held[1]

    def _items_of(self, file: Path) -> tuple[list[Item], list[str]]:
        import numpy as np

        with self._lock:
            series = self.series(file)
        stem, length = stem_of(file, SUFFIXES), self.spec.size[0]
        notes = [f"{file.name}: {note}" for note in series.notes]
        if length is None or len(series) == length:
            return [Item(id=stem, source=str(file), files=(file,), start=0)], notes
        if len(series) < length:
            how = f" ({'; '.join(series.notes)})" if series.notes else ""
            raise InputError(
                f"the series has {counted(len(series), 'sample')}{how}, the model takes "
                f"{length}. It cannot be made longer.",
                flag="wrong-size",
            )
        starts = window_starts(len(series), length)
        known = np.concatenate([[0], np.cumsum(np.isfinite(series.values).any(axis=0))])
        held = {start: known[start + length] - known[start] for start in starts}
        # A series that is sparser all over is looked at wherever there is anything.
        least = 1 if max(held.values()) < _FILLED * length else _FILLED * length
        filled = [start for start, count in held.items() if count >= least]
        if not filled:
            raise InputError("no value in it is a finite number.", flag="all-nan")
        if len(filled) < len(starts):
            empty = counted(len(starts) - len(filled), "window")
            lack = "any value" if least == 1 else "half of the values"
            notes.append(f"{file.name}: {empty} without {lack} left out")
        middle = (length - 1) / 2.0
        return [
            Item(
                id=f"{stem}@{series.start + series.step * (start + middle):.5f}",
                source=f"{file}[{start}:{start + length}]",
                files=(file,),
                start=start,
            )
            for start in filled
        ], notes


def window_starts(count: int, length: int) -> list[int]:
    """First samples of the windows that a long series is looked at in.

    >>> window_starts(400, 180)[:3], window_starts(400, 180)[-2:]
    ([0, 5, 10], [215, 220])
    """
    last = count - length
    starts = list(range(0, last + 1, max(1, length // _OVERLAP)))
    return starts if starts[-1] == last else [*starts, last]


def read_series(file: Path, spec: InputSpec, *, accept_bands: Sequence[str] = ()) -> Series:
    """Read the series of a table at the cadence of an input.

    Parameters
    ----------
    file : Path
        ``.csv``, ``.ecsv`` or FITS.
    spec : InputSpec
        Names of the bands, cadence.
    accept_bands : sequence of str
        Columns that may stand in for the band of a model that has one.

    Raises
    ------
    InputError
        A column is missing or of another type, or the times make no series; see its
        ``flag``.
    """
    import numpy as np

    table = _read_fits(file) if suffix_of(file, FITS_SUFFIXES) else _read_text(file)
    names = list(table.colnames)
    with quiet():
        time, unit_seconds = times_of(table, names)
        values = np.stack(
            [values_of(table, names, band, accepted=accept_bands) for band in spec.bands]
        )
        bad = is_bad(table, names)
    notes: list[str] = []
    if bad is not None and (bad & np.isfinite(values).any(axis=0)).any():
        notes.append(f"{int(bad.sum())} of {len(bad)} samples with a flag of quality left out")
        values[:, bad] = np.nan
    series = to_regular(
        time, values, unit_seconds=unit_seconds, cadence_seconds=spec.cadence_seconds
    )
    return dataclasses.replace(series, notes=(*series.notes, *notes))


def _read_text(file: Path) -> Any:
    from astropy.io.ascii import InconsistentTableError
    from astropy.table import QTable

    if not file.stat().st_size:
        raise InputError("the table is empty (0 bytes).")
    is_ecsv = file.suffix.lower() == ".ecsv"
    options: dict[str, Any] = (
        {"format": "ascii.ecsv"} if is_ecsv else {"format": "ascii.csv", "comment": "#"}
    )
    with quiet():
        try:
            table = QTable.read(file, **options)
        except (InconsistentTableError, UnicodeDecodeError) as error:
            told = " ".join(str(error).split())[:200]
            raise InputError(f"this is no table that can be read: {told}.") from error
    if not len(table):
        raise InputError("the table has no row.", flag="empty")
    if len(table.colnames) == 1:
        _refuse_separator(table.colnames[0])
    return table


def _refuse_separator(name: str) -> None:
    for mark, told in _SEPARATORS.items():
        if mark in name.strip():
            raise InputError(
                f"the columns are separated by {told} ({name.strip()!r}); a csv has commas.",
                flag="missing-column",
            )


def _read_fits(file: Path) -> Any:
    """The first table of a FITS file that has a column of times, or else the first one."""
    from astropy.io import fits
    from astropy.table import QTable

    with quiet():
        with fits.open(file, memmap=False) as hdus:
            tables = [
                (index, hdu.columns.names)
                for index, hdu in enumerate(hdus)
                if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and hdu.data is not None
            ]
        if not tables:
            raise InputError("the FITS file holds no table.", flag="no-table")
        timed = [index for index, names in tables if has_series(names)]
        table = QTable.read(file, hdu=(timed or [tables[0][0]])[0])
    if not len(table):
        raise InputError("the table has no row.", flag="empty")
    return table


def _broken(file: Path, problem: Problem) -> Item:
    return Item(id=stem_of(file, SUFFIXES), source=str(file), files=(file,), problem=problem)
