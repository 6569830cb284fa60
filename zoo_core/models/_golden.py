"""Golden outputs: their names in the file, and what is compared of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def named_outputs(output: Any, name: str = "output") -> dict[str, torch.Tensor]:
    """The tensors of an output, flat, as a golden file names them.

    Parameters
    ----------
    output : tensor, or tuple, list, dict of them, nested
        What a network returned. Whatever else is in it has no name.
    name : str
        Of the whole.

    Examples
    --------
    >>> import torch
    >>> one = torch.zeros(1)
    >>> list(named_outputs(one)), list(named_outputs({"mean": one, "parts": (one, None, one)}))
    (['output'], ['output.mean', 'output.parts.0', 'output.parts.2'])
    """
    import torch

    if isinstance(output, torch.Tensor):
        return {name: output}
    if isinstance(output, Mapping):
        parts = list(output.items())
    elif isinstance(output, tuple | list):
        parts = list(enumerate(output))
    else:
        parts = []
    named: dict[str, torch.Tensor] = {}
    for key, part in parts:
        named.update(named_outputs(part, f"{name}.{key}"))
    return named


def golden_outputs(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The outputs among the tensors of a golden file, by their names there."""
    return {
        name: tensor for name, tensor in stored.items() if name.partition(".")[0] == "output"
    }


def shape_difference(
    found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]
) -> str:
    """How names and shapes of outputs differ from the golden ones; empty if they do not."""
    here = {name: tuple(tensor.shape) for name, tensor in found.items()}
    there = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    if here == there and there:
        return ""
    return f"the network gives {_listed(here)}; the golden file holds {_listed(there)}"


def flattened(outputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """All numbers of outputs in one float64 vector, in the order of the names."""
    import torch

    return torch.cat([outputs[name].flatten().double() for name in sorted(outputs)])


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items())) or "none"
