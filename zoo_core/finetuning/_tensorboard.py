"""The numbers of a training for TensorBoard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: Inside a run's folder.
BOARD = "tensorboard"

_TAGS = {
    "training_loss": "loss/training",
    "validation_loss": "loss/validation",
    "learning_rate": "learning_rate",
    "penalty": "penalty",
}

#: Columns of a history that are no curves.
_OTHERS = frozenset({"epoch", "seconds"})


class Board:
    """Scalars over epochs.

    They are written anew from the whole history each time a run is gone on with, so that no
    epoch is there twice, and none is missing that ended just before a kill.

    Parameters
    ----------
    folder : pathlib.Path
        Files of events in it are replaced.
    history : iterable of mapping
        Rows of ``history.csv`` so far.

    Raises
    ------
    UsageError
        TensorBoard is not installed.
    """

    def __init__(self, folder: Path, history: Iterable[Mapping[str, float]]):
        writer = _writer()
        for file in folder.glob("events.out.tfevents.*"):
            file.unlink()
        # A TensorBoard that runs forgets what it has read from the files before.
        self._writer = writer(str(folder), purge_step=0)
        for record in history:
            self.write(record)

    def write(self, record: Mapping[str, float]) -> None:
        """Add a row of ``history.csv``."""
        for name, value in record.items():
            if name not in _OTHERS:
                tag = _TAGS.get(name, f"validation/{name}")
                self._writer.add_scalar(tag, value, int(record["epoch"]))
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def check_tensorboard() -> None:
    """Raise if TensorBoard is not installed.

    Raises
    ------
    UsageError
        It is not.
    """
    _writer()


def _writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(
            "--tensorboard needs the package 'tensorboard': pip install "
            "'astrozoo[tensorboard]'."
        ) from error
    return SummaryWriter
