"""Whether a model of that name may be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from ..training import CHECKPOINT, has_checkpoint

if TYPE_CHECKING:
    from pathlib import Path


def check_free(folder: Path, run: Path, *, overwrite: bool, resumes: bool) -> None:
    """Make sure that no model is replaced by accident.

    Parameters
    ----------
    folder : pathlib.Path
        The model folder that is to be written.
    run : pathlib.Path
        Folder of the run.
    overwrite : bool
        Whether a model may be replaced.
    resumes : bool
        Whether the run goes on: one that was stopped by hand has left a model, which is then
        replaced.

    Raises
    ------
    UsageError
        The folder is there, and neither holds.
    """
    if not folder.exists() or overwrite or (resumes and has_checkpoint(run / CHECKPOINT)):
        return
    raise UsageError(
        f"{folder} is there already. Give another name, or replace it (--overwrite, in Python "
        "overwrite=True)."
    )
