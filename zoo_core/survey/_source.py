"""What a catalogue is read from, whatever its format."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from ..errors import InputError, ZooError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from ._columns import Field

#: Rows that are read at once.
READ_ROWS = 50_000


class Source(Protocol):
    """Rows of a catalogue in order."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is read from."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Columns with one value a row."""

    def scan(self, id: str | None) -> tuple[int, bool]:
        """How many rows there are, and whether each has a whole number in the id column."""

    def batches(self, names: Sequence[str], start: int) -> Iterator[pa.RecordBatch]:
        """Some columns from a row on, in batches of any length: numbers or ``string``."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of a failure which catalogue it was."""
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        cause = " ".join(str(error).split())[:300]
        raise InputError(
            f"{path} cannot be read as a catalogue: {type(error).__name__}: {cause}."
        ) from error
