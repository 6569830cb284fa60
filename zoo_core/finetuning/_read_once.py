"""Reading the data once on each machine, where several processes share a training."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ..distributed import Team
    from ..labelled import Examples


def read_once(
    team: Team, read: Callable[[Path, int | None], Examples], folder: Path
) -> Examples:
    """Examples for all processes, which hold their arrays in memory once on each machine.

    Parameters
    ----------
    team : Team
        The processes.
    read : callable
        Given a folder for the arrays and the bytes that they may take in memory (None for
        what suits the machine), reads them. Called in one process of each machine.
    folder : pathlib.Path
        Of the run. With several processes the arrays lie in files in it, which all map and
        which are gone when the training ends.
    """
    if team.size == 1:
        return read(folder, None)
    own = folder if team.is_first else folder / f"machine-of-{team.rank}"
    told: tuple[Examples, dict[str, tuple[Path, int]]] | None = None
    if team.local_rank == 0:
        examples = read(own, 0)
        files = {name: _file_of(array) for name, array in examples.arrays.items()}
        told = replace(examples, arrays={}), files
    found = team.gather(told, patiently=True)[team.rank - team.local_rank]
    if found is None:
        raise AssertionError("ranks of one machine follow each other")
    examples, files = found
    arrays = {name: _mapped(path, count) for name, (path, count) in files.items()}
    # When all have them open, they need no names any more.
    team.gather(None)
    if team.local_rank == 0:
        for path, _ in files.values():
            with suppress(OSError):
                path.unlink()
        if not team.is_first:
            with suppress(OSError):
                own.rmdir()
    return replace(examples, arrays=arrays)


def _file_of(array: Any) -> tuple[Path, int]:
    """Where a mapped array lies, and how many of the rows there are its."""
    array.base.flush()
    return Path(array.filename).resolve(), len(array)


def _mapped(path: Path, count: int) -> np.ndarray:
    import numpy as np

    array: np.ndarray = np.load(path, mmap_mode="r")[:count]
    return array
