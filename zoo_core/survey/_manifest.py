"""What an output folder says about itself.

``_manifest.json`` is written once, when a run begins: what was asked and what columns come
out. ``_parts.jsonl`` gets one line for each part, when the part is on the disc. One file with
both would have to be written anew for each part, which for 50,000 of them is hundreds of
gigabytes; and a line that a kill has cut short harms no other. The names begin with ``_`` so
that readers of a folder of tables pass them over.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..tables import PredictionTable

MANIFEST_FILE = "_manifest.json"
PARTS_FILE = "_parts.jsonl"

_FORMAT = 1

#: Six digits, so that the order of the names is the order of the parts.
MOST_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run was asked for.

    Parameters
    ----------
    wanted : mapping of str to Any
        Model, catalogue, tiles, options: all that decides what comes out, as JSON holds it.
    rows : int
        Objects of the catalogue.
    part_rows : int
        Rows of each part; the last one may have fewer.
    columns : tuple of dict
        Name, type, shape of one row's value, unit and description of each column.
    origin : mapping of str to Any
        Where what was asked for was found, such as the paths of the tiles. Another place is
        no other run; it is told so that cutouts can be made again.
    """

    wanted: Mapping[str, Any]
    rows: int
    part_rows: int
    columns: tuple[Mapping[str, Any], ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> int:
        """How many parts the whole has: at least one, which may have no row."""
        return max(-(-self.rows // self.part_rows), 1)

    def span(self, number: int) -> tuple[int, int]:
        """First row of a part and how many rows it has."""
        first = number * self.part_rows
        return first, min(self.part_rows, self.rows - first)

    def to_json(self) -> bytes:
        """As it lies in the folder."""
        told = {
            "format": _FORMAT,
            "wanted": self.wanted,
            "rows": self.rows,
            "part_rows": self.part_rows,
            "parts": self.parts,
            "columns": list(self.columns),
            "origin": self.origin,
        }
        return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Record:
    """One part that is on the disc: its rows, bytes, SHA-256, and rows by flag."""

    number: int
    rows: int
    size: int
    sha256: str
    flags: Mapping[str, int]

    def to_line(self) -> bytes:
        """As it is added to the list of parts."""
        told = {
            "part": self.number,
            "file": part_name(self.number),
            "rows": self.rows,
            "bytes": self.size,
            "sha256": self.sha256,
            "flags": dict(self.flags),
        }
        return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def part_name(number: int) -> str:
    """Name of a part's file.

    >>> part_name(3)
    'part-000003.parquet'
    """
    return f"part-{number:06d}.parquet"


def is_part(name: str) -> bool:
    """Whether a file has the name of a part.

    >>> is_part("part-000003.parquet"), is_part("part-3.parquet")
    (True, False)
    """
    return re.fullmatch(r"part-\d{6}\.parquet", name) is not None


def make_manifest(
    wanted: Mapping[str, Any],
    template: PredictionTable,
    *,
    rows: int,
    part_rows: int,
    origin: Mapping[str, Any] | None = None,
) -> Manifest:
    """Of a run that is about to begin; ``wanted`` and ``origin`` as they will be read again."""
    columns = tuple(
        {
            "name": column.name,
            "type": _type_name(template, column.name),
            "shape": list(template[column.name].shape[1:]),
            "unit": column.unit,
            "description": column.description,
        }
        for column in template.columns
    )
    plain, place = json.loads(json.dumps([wanted, origin or {}], default=str))
    return Manifest(wanted=plain, rows=rows, part_rows=part_rows, columns=columns, origin=place)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder; None where there is none.

    Raises
    ------
    InputError
        It is damaged, or was written by a later version.
    """
    path = folder / MANIFEST_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != _FORMAT:
            raise InputError(
                f"{path} has the format {told['format']!r}, this version of astrozoo reads "
                f"{_FORMAT}: use the version that wrote it."
            )
        return Manifest(
            wanted=dict(told["wanted"]),
            rows=int(told["rows"]),
            part_rows=int(told["part_rows"]),
            columns=tuple(told["columns"]),
            origin=dict(told.get("origin", {})),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}). Put it back from a copy, "
            "or write into another folder."
        ) from error


def read_records(folder: Path, manifest: Manifest) -> Iterator[tuple[Record, int]]:
    """Each part that is known, in the order they were written, and where its line ends.

    A last line without its end was cut short by a kill and is passed over.

    Raises
    ------
    InputError
        A line is damaged, a part has two lines, or has other rows than it must.
    """
    path = folder / PARTS_FILE
    seen = bytearray(manifest.parts)
    end = 0
    try:
        with path.open("rb") as stream:
            for index, line in enumerate(stream):
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                record = _read_record(line, f"{path}, line {index + 1}")
                _check(record, manifest, seen, f"{path}, line {index + 1}")
                yield record, end
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error


def differences(then: Manifest, now: Manifest) -> list[str]:
    """What differs between two runs, a line each: ``model.sha256: 'ab' then, 'cd' now``."""
    old, new = dict(_flat(_compared(then))), dict(_flat(_compared(now)))
    return [
        f"{key}: {_shown(old, key)} then, {_shown(new, key)} now"
        for key in [*old, *(key for key in new if key not in old)]
        if key not in old or key not in new or old[key] != new[key]
    ]


def _type_name(template: PredictionTable, name: str) -> str:
    dtype = template[name].dtype
    return "text" if dtype.kind == "U" else str(dtype)


def _read_record(line: bytes, where: str) -> Record:
    try:
        told = json.loads(line)
        return Record(
            number=int(told["part"]),
            rows=int(told["rows"]),
            size=int(told["bytes"]),
            sha256=str(told["sha256"]),
            flags={str(flag): int(count) for flag, count in told["flags"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where} is damaged ({type(error).__name__}: {error}). Take the line out: its "
            "part is then computed again with --resume."
        ) from error


def _check(record: Record, manifest: Manifest, seen: bytearray, where: str) -> None:
    if not 0 <= record.number < manifest.parts:
        raise InputError(
            f"{where} is about part {record.number} of a run that has {manifest.parts}. Take "
            "the line out."
        )
    rows = manifest.span(record.number)[1]
    if record.rows != rows or seen[record.number]:
        what = "is the second one about" if seen[record.number] else "gives other rows to"
        raise InputError(
            f"{where} {what} part {record.number}, which has {rows} rows: maybe two runs "
            "wrote into the folder. Take out all lines of this part: it is then computed "
            "again with --resume."
        )
    seen[record.number] = 1


def _compared(manifest: Manifest) -> dict[str, Any]:
    return {
        **manifest.wanted,
        "objects": manifest.rows,
        "rows of a part": manifest.part_rows,
        "columns": [[c["name"], c["type"], list(c["shape"])] for c in manifest.columns],
    }


def _flat(told: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _shown(told: Mapping[str, Any], key: str) -> str:
    if key not in told:
        return "nothing"
    text = json.dumps(told[key], ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
