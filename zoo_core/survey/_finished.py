"""Reading the parts of a run, while it is at work or later."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ._manifest import (
    MANIFEST_FILE,
    PARTS_FILE,
    Manifest,
    Record,
    part_name,
    read_manifest,
    read_records,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from ..tables import PredictionTable


class Parts:
    """The parts of a folder that are whole, in the order of the catalogue.

    Iterating reads one part at a time, as a ``PredictionTable``, and checks its SHA-256.

    Parameters
    ----------
    folder : pathlib.Path
        Where the parts lie.
    manifest : Manifest
        What the run was asked for.
    records : tuple of Record
        The parts that are there, sorted by number.
    """

    def __init__(self, folder: Path, manifest: Manifest, records: tuple[Record, ...]):
        self.folder = folder
        self.manifest = manifest
        self.records = records

    def __repr__(self) -> str:
        return f"<Parts {self.folder}: {len(self)} of {self.manifest.parts}>"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[PredictionTable]:
        return map(self.read, self.records)

    @property
    def is_finished(self) -> bool:
        """Whether every part is there."""
        return len(self.records) == self.manifest.parts

    @property
    def rows(self) -> int:
        """Rows of the parts that are there."""
        return sum(record.rows for record in self.records)

    @property
    def flags(self) -> dict[str, int]:
        """Rows of the parts that are there by flag."""
        counts: Counter[str] = Counter()
        for record in self.records:
            counts.update(record.flags)
        return dict(sorted(counts.items()))

    def read(self, record: Record) -> PredictionTable:
        """One part.

        Raises
        ------
        InputError
            Its file is gone, or is not the one that the run wrote.
        """
        from ..tables import read_table

        path = self.folder / part_name(record.number)
        digest = _sha256(path)
        if digest != record.sha256:
            is_gone = "is gone" if digest is None else "is not the file that the run wrote"
            raise InputError(
                f"{path} {is_gone}. Put it back; or take its line out of "
                f"{self.folder / PARTS_FILE}, and run the same command with --resume, which "
                "computes this part again."
            )
        return read_table(path)


def open_parts(folder: str | os.PathLike[str]) -> Parts:
    """What a run has written into a folder so far.

    Raises
    ------
    InputError
        The folder is no run's output, or what it says about itself is damaged.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    if manifest is None:
        what = "is no output of a survey run" if place.is_dir() else "is no folder"
        raise InputError(
            f"{place} {what}: there is no {MANIFEST_FILE} in it. Name the folder that a run "
            "with --tiles and --catalog has written.",
            flag="not-found",
        )
    records = sorted(
        (record for record, _ in read_records(place, manifest)), key=lambda r: r.number
    )
    return Parts(place, manifest, tuple(records))


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
