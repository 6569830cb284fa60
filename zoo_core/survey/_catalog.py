"""Catalogues of positions, read piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._angles import HOUR, to_degrees
from ._fingerprint import fingerprint
from ._source import Source, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from ._columns import Chosen

#: Rows of the beginning that are looked at, for units that no one has told.
_SAMPLE = 10_000

#: The share of them that may have another one's id, where only a name says that it is one.
_REPEATED = 0.5


@dataclass(frozen=True, slots=True)
class Positions:
    """A piece of a catalogue.

    Parameters
    ----------
    first : int
        Row of the catalogue at which it begins.
    ids : numpy.ndarray
        ``(n,)``, int64 (or uint64) or text.
    ra, dec : numpy.ndarray
        ``(n,)``, float64, degrees, ``0 <= ra < 360`` and ``-90 <= dec <= 90``; NaN for a bad
        position.
    is_bad : numpy.ndarray
        ``(n,)``: without a position, or with one that cannot be.
    is_repeated : numpy.ndarray
        ``(n,)``: another row of the piece has the same id.
    """

    first: int
    ids: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    is_bad: np.ndarray
    is_repeated: np.ndarray

    def __len__(self) -> int:
        return len(self.ra)

    def problems(self) -> tuple[np.ndarray, np.ndarray]:
        """Flag and reason of each row ``(n,)``, empty texts where nothing is wrong.

        A bad position is told before a repeated id, which is no obstacle to a prediction.
        """
        import numpy as np

        flags = np.where(self.is_repeated, "duplicate-id", "")
        flags = np.where(self.is_bad, "bad-position", flags)
        reasons = np.where(self.is_repeated, "another row of this part has the same id", "")
        no_position = "the catalogue gives it no position on the sky"
        return flags, np.where(self.is_bad, no_position, reasons)


class Catalog:
    """Objects with positions; ``open_catalog`` makes one.

    Attributes
    ----------
    path : pathlib.Path
        The file or folder.
    count : int
        Objects in it.
    columns : dict of str to str or None
        Which columns are read: ``id``, ``ra``, ``dec``; the id is None where the number of
        the row stands for it.
    notes : tuple of str
        What a user should know about how it is understood.
    has_text_ids : bool
        Whether ids are texts, in every piece.
    """

    def __init__(self, path: Path, source: Source, chosen: Chosen):
        self.path = path
        self._source = source
        self._chosen = chosen
        field = chosen.id
        with reading(path):
            self.count, is_whole = source.scan(None if field is None else field.name)
            self.fingerprint = fingerprint(source.files)
        self.has_text_ids = not is_whole
        self._units = (chosen.ra_unit or 1.0, chosen.dec_unit or 1.0)
        sample = next(self._regrouped(_SAMPLE, 0), None) if self.count else None
        told = self._check_ids(sample)
        self.columns = {
            "id": None if self._chosen.id is None else self._chosen.id.name,
            "ra": chosen.ra.name,
            "dec": chosen.dec.name,
        }
        self.notes = (*self._understood(sample), *told)

    @property
    def name(self) -> str:
        """Of the file or folder."""
        return self.path.name

    def __repr__(self) -> str:
        return f"<Catalog {self.path}: {self.count} objects>"

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it the same catalogue, for a manifest: contents, columns and units."""
        units = dict(zip(("ra", "dec"), self._units, strict=True))
        return {"sha256": self.fingerprint, **self.columns, "degrees_of_unit": units}

    def pieces(self, rows: int, start: int = 0) -> Iterator[Positions]:
        """Go through it in pieces of ``rows`` objects; the last one may have fewer.

        Parameters
        ----------
        rows : int
            Objects of a piece.
        start : int
            Row at which the first one begins.

        Raises
        ------
        InputError
            The file cannot be read, or has changed its length.
        """
        if rows < 1 or start < 0:
            raise ValueError(f"pieces of {rows} rows from {start} on make no sense.")
        first = start
        for batch in self._regrouped(rows, start):
            yield self._positions(batch, first)
            first += len(batch)
        if first != max(self.count, start):
            raise InputError(
                f"{self.path} had {self.count} rows when it was opened and now has {first}: "
                "it must stay as it is while a run goes over it."
            )

    def _regrouped(self, rows: int, start: int) -> Iterator[pa.Table]:
        import pyarrow as pa

        waiting: list[pa.RecordBatch] = []
        count = 0
        with reading(self.path):
            for batch in self._source.batches(self._chosen.names, start):
                waiting.append(batch)
                count += len(batch)
                if count < rows:
                    continue
                table = pa.Table.from_batches(waiting)
                whole = count - count % rows
                for first in range(0, whole, rows):
                    yield table.slice(first, rows)
                rest = table.slice(whole)
                waiting, count = rest.to_batches(), len(rest)
            if count:
                yield pa.Table.from_batches(waiting)

    def _positions(self, table: pa.Table, first: int) -> Positions:
        import numpy as np

        ra, dec = self._degrees(table)
        is_good = (ra >= -180) & (ra <= 360) & (np.abs(dec) <= 90)
        # A remainder of a tiny negative number is 360, which is 0.
        wrapped = np.mod(np.where(is_good, ra, np.nan), 360.0)
        wrapped[wrapped == 360.0] = 0.0
        ids = self._ids(table, first)
        return Positions(
            first=first,
            ids=ids,
            ra=wrapped,
            dec=np.where(is_good, dec, np.nan),
            is_bad=~is_good,
            is_repeated=_repeated(ids),
        )

    def _degrees(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """Right ascension and declination ``(n,)`` in degrees, as they stand there."""
        fields = (self._chosen.ra, self._chosen.dec)
        ra, dec = (table.column(field.name).combine_chunks() for field in fields)
        ra_unit, dec_unit = self._units
        # 12:34:56 is hours in right ascension, unless the unit is another one.
        hours = HOUR if self._chosen.ra_unit is None else self._chosen.ra_unit
        return (
            to_degrees(ra, unit=ra_unit, sexagesimal=hours),
            to_degrees(dec, unit=dec_unit, sexagesimal=1.0),
        )

    def _ids(self, table: pa.Table, first: int) -> np.ndarray:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._chosen.id is None:
            return np.arange(first, first + len(table), dtype=np.int64)
        array = table.column(self._chosen.id.name).combine_chunks()
        if self.has_text_ids:
            texts = pc.utf8_trim_whitespace(pc.cast(array, pa.string())).fill_null("")
            return np.asarray(texts.to_pylist(), dtype=np.str_)
        if pa.types.is_string(array.type):
            array = pc.utf8_trim_whitespace(array)
        kind = array.type if pa.types.is_uint64(array.type) else pa.int64()
        return np.asarray(pc.cast(array, kind).to_numpy(zero_copy_only=False))

    def _check_ids(self, sample: pa.Table | None) -> list[str]:
        """Sentences for people; a column that only sounds like identifiers is passed over."""
        field = self._chosen.id
        if field is None or sample is None:
            return []
        repeated = int(_repeated(self._ids(sample, 0)).sum())
        if self._chosen.is_sure_of_id or repeated <= _REPEATED * len(sample):
            return ["an id that stands twice is found within a part of the rows only"]
        self._chosen = replace(self._chosen, id=None)
        self.has_text_ids = False
        shared = f"{repeated:,} of the first {len(sample):,} rows share theirs with another"
        return [f"{field.name} is no identifier: {shared}; --id {field.name} takes it though"]

    def _understood(self, sample: pa.Table | None) -> list[str]:
        """Sentences for people; raises where the numbers could mean two things, or nothing."""
        import numpy as np

        chosen = self._chosen
        ra, dec = (np.empty(0), np.empty(0)) if sample is None else self._degrees(sample)
        if len(ra) and not (np.isfinite(ra) & np.isfinite(dec)).any():
            self._refuse_texts(sample)
        ids = self.columns["id"] or "the numbers of rows"
        columns = f"positions from {chosen.ra.name}, {chosen.dec.name}; ids from {ids}"
        told = [f"{self.path.name}: {self.count:,} objects, {columns}"]
        reach = (
            np.fmax.reduce(np.abs(ra), initial=0.0),
            np.fmax.reduce(np.abs(dec), initial=0.0),
        )
        is_small = len(ra) > 0 and reach[0] <= 2 * np.pi and reach[1] <= np.pi / 2
        if is_small and chosen.ra_unit is None and not chosen.ra.is_text:
            names = f"--ra '{chosen.ra.name}[rad]' --dec '{chosen.dec.name}[rad]'"
            if chosen.is_ambiguous:
                raise InputError(
                    f"{self.path}: {chosen.ra.name} and {chosen.dec.name} have no unit, and "
                    "their numbers may be radians or degrees. Say which: "
                    f"{names}, or the same with [deg]."
                )
            told.append(f"they are taken for degrees; if they are radians: {names}")
        return told

    def _refuse_texts(self, sample: Any) -> None:
        """Positions that are none: maybe the columns are others."""
        for field in (self._chosen.ra, self._chosen.dec):
            texts = [str(v) for v in sample.column(field.name).slice(0, 3).to_pylist() if v]
            if texts and field.is_text:
                raise InputError(
                    f"{self.path}: the column {field.name!r} holds no positions, but texts "
                    f"such as {', '.join(map(repr, texts))}. Write degrees, 12:34:56.7 or "
                    "12h34m56.7s; --ra NAME --dec NAME choose other columns."
                )


def _repeated(ids: np.ndarray) -> np.ndarray:
    """Mask of the ids ``(n,)`` that are there more than once; empty texts do not count."""
    import numpy as np

    if not len(ids):
        return np.zeros(0, dtype=bool)
    _, places, counts = np.unique(ids, return_inverse=True, return_counts=True)
    repeated = counts[places.reshape(-1)] > 1
    return np.asarray(repeated & (ids != "") if ids.dtype.kind == "U" else repeated)
