"""Whether the discs have room for what a fine-tuning writes."""

from __future__ import annotations

import errno
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch

#: History, curves and the record of a run; and golden file, card, figures of a model folder.
_RUN, _MODEL = 1 << 20, 2 << 20


def check_room(
    network: torch.nn.Module, *, run: Path, folder: Path, has_checkpoint: bool
) -> None:
    """Refuse a training whose files do not fit where they go.

    Parameters
    ----------
    network : torch.nn.Module
        Frozen where it will not be trained.
    run, folder : pathlib.Path
        Where the checkpoint goes, and the model folder; neither needs to be there.
    has_checkpoint : bool
        Whether the training writes a checkpoint: weights, their average, the best average,
        and the two moments of what is trained. It is written beside the one before it.

    Raises
    ------
    OutputError
        There is less room than they take, with the numbers.
    """
    state = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    moments = sum(2 * 4 * p.numel() for p in network.parameters() if p.requires_grad)
    checkpoints = 2 * (3 * state + moments) - _size(run) if has_checkpoint else 0
    needs = {
        run: ("checkpoints", max(0, checkpoints) + _RUN),
        # Weights are stored in half precision.
        folder: ("the model folder", state // 2 + _MODEL),
    }
    discs: dict[int, list[Path]] = {}
    for path in needs:
        discs.setdefault(_there(path).stat().st_dev, []).append(path)
    for paths in discs.values():
        wanted = sum(needs[path][1] for path in paths)
        free = shutil.disk_usage(_there(paths[0])).free
        if wanted <= free:
            continue
        told = " and ".join(
            f"{_told(needs[path][1])} for {needs[path][0]} in {path}" for path in paths
        )
        raise OutputError(
            f"the training takes {told}, but only {_told(free)} are free there. Make room, or "
            "choose other folders with -o and --registry."
        )


@contextmanager
def telling_full_disc(run: Path) -> Iterator[None]:
    """Turn the error of a disc that is full into one that says what to do.

    Raises
    ------
    OutputError
        There was no room for a file.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OutputError(
            f"the disc is full{f' at {error.filename}' if error.filename else ''}. The last "
            f"checkpoint in {run} is whole: make room, and the same command with --resume goes "
            "on."
        ) from error


def _there(path: Path) -> Path:
    """The nearest folder above that is there."""
    path = path.absolute()
    return next(above for above in (path, *path.parents) if above.exists())


def _size(folder: Path) -> int:
    """Bytes of a run's checkpoint, if there is one."""
    return sum(file.stat().st_size for file in folder.glob("checkpoint*/*") if file.is_file())


def _told(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
