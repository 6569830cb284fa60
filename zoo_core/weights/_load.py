"""Putting tensors into a network, with a report of what went where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import WeightsCorrupt, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Collection

    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of each tensor of a file and of a network.

    ``loaded`` of ``total`` network tensors were filled; ``missing`` are the network's that
    the file lacks, ``unexpected`` the file's that the network lacks, ``misshapen`` those
    whose shapes differ (name, shape in the file, shape in the network), ``left_out`` those
    of a head that the network does not have.
    """

    loaded: int
    total: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    left_out: tuple[str, ...] = ()

    def describe(self) -> str:
        """One or a few lines for people."""
        text = f"{self.loaded} of {self.total} tensors loaded"
        parts = [
            f"{len(names)} {word} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
            for word, names in (
                ("missing", self.missing),
                ("unexpected", self.unexpected),
                ("of another head left out", self.left_out),
            )
            if names
        ]
        parts += [f"{n} is {a} in the file, {b} in the network" for n, a, b in self.misshapen]
        return "; ".join([text, *parts])


def parse_tensors(data: bytes, *, origin: str) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file, given as bytes.

    Raises
    ------
    WeightsCorrupt
        The bytes are no safetensors; they may be a pickle, which is never loaded.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsCorrupt(f"{origin} is no valid safetensors file ({error}).") from error


def load_tensors(
    network: torch.nn.Module,
    tensors: dict[str, torch.Tensor],
    *,
    may_be_missing: Collection[str] = (),
    may_be_left_out: Collection[str] = (),
) -> LoadReport:
    """Fill a network's parameters and buffers; stored half precision becomes float32.

    Parameters
    ----------
    network : torch.nn.Module
        Filled in place.
    tensors : dict of str to torch.Tensor
        By state-dict name.
    may_be_missing : collection of str
        Names that the file may lack: a card's head keys, when a new head is put on.
    may_be_left_out : collection of str
        Names that the network may lack: a card's head keys, where it has no head.

    Raises
    ------
    WeightsMismatch
        Anything is missing beyond those, unexpected or of another shape; nothing was
        loaded then.
    """
    own = network.state_dict()
    missing = [name for name in own if name not in tensors]
    strange = [name for name in tensors if name not in own]
    left_out = [name for name in strange if name in may_be_left_out]
    unexpected = [name for name in strange if name not in may_be_left_out]
    misshapen = [
        (name, tuple(tensors[name].shape), tuple(value.shape))
        for name, value in own.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    usable = len(own) - len(missing) - len(misshapen)
    report = LoadReport(
        loaded=usable,
        total=len(own),
        missing=tuple(missing),
        unexpected=tuple(unexpected),
        misshapen=tuple(misshapen),
        left_out=tuple(left_out),
    )
    if unexpected or misshapen or set(missing) - set(may_be_missing):
        raise WeightsMismatch(
            f"the weights do not fit the architecture: {report.describe()}. They belong to "
            "another architecture or other arguments; nothing was loaded."
        )
    cast = {
        name: tensors[name].to(value.dtype) for name, value in own.items() if name in tensors
    }
    network.load_state_dict({**own, **cast}, strict=True)
    return report
