"""Writing tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write a safetensors file that others may read, as their umask allows.

    safetensors' own ``save_file`` makes files that nobody but the owner can read.
    """
    from safetensors.torch import save

    whole = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    path.write_bytes(save(whole, metadata={"format": "pt"}))
