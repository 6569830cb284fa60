"""The numbers of a training, one row an epoch."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write a CSV file: loss, validation, seconds; all of it, or it stays as it was."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", newline="", encoding="utf-8") as handle:
        # Rows of a run that an older version began may have fewer columns.
        names = dict.fromkeys(name for row in history for name in row)
        writer = csv.DictWriter(handle, fieldnames=list(names))
        writer.writeheader()
        writer.writerows(history)
    fresh.replace(path)
