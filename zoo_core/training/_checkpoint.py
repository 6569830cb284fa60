"""Checkpoints: safetensors and JSON, replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, WeightsCorrupt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

#: Name of the folder inside a run's.
CHECKPOINT = "checkpoint"

_STATE = "state.json"


def save_checkpoint(
    folder: Path, tensors: dict[str, dict[str, torch.Tensor]], state: dict[str, Any]
) -> None:
    """Write ``NAME.safetensors`` for each entry of ``tensors`` and ``state.json``.

    The checkpoint is written beside its place and renamed into it, so that a kill at any
    moment leaves the previous one or the new one (or the new one under the name of
    ``_fallback``, which ``load_checkpoint`` knows).

    Raises
    ------
    OutputError
        It cannot be written, such as to a disc that is full; the previous one is left.
    """
    from safetensors import SafetensorError

    fresh, old = folder.with_name(folder.name + ".new"), _fallback(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _write(fresh, tensors, state)
    except (OSError, SafetensorError) as error:
        # Half of one is of no use, and its room may be wanted.
        shutil.rmtree(fresh, ignore_errors=True)
        held = "The one before it is whole. " if has_checkpoint(folder) else ""
        raise OutputError(
            f"the checkpoint cannot be written to {folder} ({error}). {held}Make room, and run "
            "the same command again; zoo finetune with --resume."
        ) from error
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write(
    folder: Path, tensors: dict[str, dict[str, torch.Tensor]], state: dict[str, Any]
) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    for name, group in tensors.items():
        contiguous = {key: value.detach().contiguous() for key, value in group.items()}
        save_file(contiguous, folder / f"{name}.safetensors")
    (folder / _STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())


def load_checkpoint(
    folder: Path,
) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, Any]] | None:
    """Read the checkpoint, or None if there is none yet.

    Raises
    ------
    WeightsCorrupt
        The files are there but cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found = _found(folder)
    if found is None:
        return None
    try:
        state = json.loads((found / _STATE).read_text(encoding="utf-8"))
        tensors = {path.stem: load_file(path) for path in sorted(found.glob("*.safetensors"))}
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsCorrupt(
            f"the checkpoint in {found} cannot be read ({error}). Remove that folder to "
            "start the training again."
        ) from error
    return tensors, state


def has_checkpoint(folder: Path) -> bool:
    """Whether there is one that ``load_checkpoint`` would read."""
    return _found(folder) is not None


def checkpoint_epoch(folder: Path) -> int:
    """Epochs that a checkpoint has behind it; 0 if there is none or it is damaged."""
    found = _found(folder)
    try:
        return int(json.loads((found / _STATE).read_text())["epoch"]) if found else 0
    except (OSError, ValueError, KeyError):
        return 0


def _found(folder: Path) -> Path | None:
    return next((f for f in (folder, _fallback(folder)) if (f / _STATE).is_file()), None)


def _fallback(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def optimizer_tensors(
    model: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> dict[str, torch.Tensor]:
    """The optimizers' states as flat tensors named ``PARAMETER/KEY``."""
    import torch

    flat = {}
    for name, parameter in model.named_parameters():
        for optimizer in optimizers:
            for key, value in optimizer.state.get(parameter, {}).items():
                flat[f"{name}/{key}"] = torch.as_tensor(value)
    return flat


def restore_optimizers(
    model: torch.nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    tensors: dict[str, torch.Tensor],
) -> None:
    """Put back what ``optimizer_tensors`` took out."""
    parameters = dict(model.named_parameters())
    owners = {p: o for o in optimizers for group in o.param_groups for p in group["params"]}
    for flat_name, value in tensors.items():
        name, key = flat_name.rsplit("/", 1)
        # AdamW counts its steps on the processor wherever the parameters are.
        place = "cpu" if key == "step" else parameters[name].device
        owner = owners[parameters[name]]
        owner.state[parameters[name]][key] = value.clone().to(place)
