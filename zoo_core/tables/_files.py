"""Writing a table whole or not at all, and reading it back."""

from __future__ import annotations

import json
import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, OutputError, UsageError
from ._formats import READABLE, READERS, WRITABLE, WRITERS, describe, sidecar_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._table import PredictionTable


def check_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Make sure that a table can be written, before the work that fills it.

    Raises
    ------
    UsageError
        The suffix is not one of ``WRITABLE``.
    OutputError
        The folder is missing or cannot be written into, the path is a folder, or there is
        such a file already and ``overwrite`` is false.
    """
    target = Path(path)
    if target.suffix.lower() not in WRITABLE:
        raise UsageError(
            f"{target}: no table can be written with the suffix {target.suffix!r}. "
            f"Known suffixes: {', '.join(WRITABLE)}."
        )
    if target.is_dir():
        raise OutputError(f"{target} is a folder; name a file in it.")
    for file in _files_of(target):
        if not overwrite and os.path.lexists(file):
            raise OutputError(f"{file} is there already; --overwrite replaces it.")
    _check_folder(target.parent)


def write_table(
    table: PredictionTable, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a table in the format that the suffix names: parquet, csv, ecsv or fits.

    The table is written beside its destination and then moved: whoever looks sees the old
    file or the whole new one. On failure nothing has changed. CSV holds no metadata: they
    go into ``<name>.meta.json`` beside it.

    Raises
    ------
    UsageError, OutputError
        As ``check_output``; ``OutputError`` also where writing fails.
    """
    check_output(path, overwrite=overwrite)
    # A link stays a link: what it points to is replaced.
    target = Path(os.path.realpath(path))
    sidecar = sidecar_of(target)
    with replacing(target) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        WRITERS[target.suffix.lower()](table, file)
        if sidecar is not None:
            with replacing(sidecar) as beside:
                beside.write_text(json.dumps(describe(table), indent=1), encoding="utf-8")


def read_table(path: str | os.PathLike[str]) -> PredictionTable:
    """Read a table in any format that ``write_table`` writes, or a VOTable.

    Text comes as text, missing numbers are NaN, missing text is empty.

    Raises
    ------
    InputError
        The file is missing, has another suffix, or is no such table.
    """
    source = Path(path)
    read = READERS.get(source.suffix.lower())
    if read is None:
        raise InputError(
            f"{source}: no table can be read from the suffix {source.suffix!r}. "
            f"Known suffixes: {', '.join(READABLE)}."
        )
    if not source.exists():
        raise InputError(f"{source} does not exist.", flag="not-found")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(source)
    except Exception as error:
        cause = " ".join(str(error).split())[:300]
        raise InputError(
            f"{source} cannot be read as a table: {type(error).__name__}: {cause}."
        ) from error


def _files_of(target: Path) -> list[Path]:
    sidecar = sidecar_of(target)
    return [target] if sidecar is None else [target, sidecar]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        if folder.exists():
            raise OutputError(f"{folder} is a file, not a folder to write into.")
        raise OutputError(
            f"the folder {folder} does not exist; make it with: mkdir -p {folder}"
        )
    probe = _beside(folder / "probe")
    try:
        # Trying is the only sure way: permission bits say nothing about a read-only disc.
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be written into: {error.strerror}."
        ) from error


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a new file to write into; put it in the target's place if all goes well."""
    file = _beside(target)
    try:
        yield file
        with file.open("rb+") as written:
            os.fsync(written.fileno())
        file.replace(target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{target} could not be written: {error.strerror or error}. Nothing was changed."
        ) from error
    finally:
        file.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """A name in the same folder, on the same disc, that nothing else has."""
    import secrets

    return target.with_name(f".{target.stem}.{secrets.token_hex(6)}.tmp{target.suffix}")
