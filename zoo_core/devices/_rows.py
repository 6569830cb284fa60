"""Cutting inputs into batches and joining the outputs again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch


def count_rows(inputs: Sequence[torch.Tensor]) -> int:
    """Objects in the inputs, the length of the first axis of each.

    Raises
    ------
    UsageError
        No input, no object, or inputs of different numbers of objects.
    """
    shapes = [tuple(tensor.shape) for tensor in inputs]
    counts = {shape[0] if shape else 0 for shape in shapes}
    if len(counts) != 1 or 0 in counts:
        raise UsageError(
            f"a network needs inputs with the same number of objects, at least one, along "
            f"their first axis; the shapes are {shapes}."
        )
    return int(counts.pop())


def take_rows(
    inputs: Sequence[torch.Tensor], start: int, count: int, *, fill: bool = False
) -> list[torch.Tensor]:
    """Rows from ``start``; with ``fill``, the last row repeated to make up ``count``."""
    parts = [tensor[start : start + count] for tensor in inputs]
    missing = count - len(parts[0])
    if not fill or not missing:
        return parts
    import torch

    return [torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) for part in parts]


def to_results(output: Any, *, given: int, wanted: int) -> Any:
    """The first rows of an output as float32 (integers stay) on the processor.

    Parameters
    ----------
    output : tensor, or tuple, list, dict of them, nested
        Each tensor has one row an object.
    given, wanted : int
        Objects in the batch, and how many of them to keep.

    Raises
    ------
    UsageError
        A tensor of another length.
    """
    import torch
    from torch.utils import _pytree

    def convert(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        if leaf.dim() == 0 or len(leaf) != given:
            raise UsageError(
                f"each output of a network needs one row an object; for {given} objects "
                f"this one has an output of shape {tuple(leaf.shape)}."
            )
        kept = leaf[:wanted].cpu()
        kept = kept.float() if kept.is_floating_point() else kept
        return kept.contiguous()

    return _pytree.tree_map(convert, output)


def join_rows(outputs: Sequence[Any]) -> Any:
    """One output of the outputs of successive batches."""
    import torch
    from torch.utils import _pytree

    if len(outputs) == 1:
        return outputs[0]
    leaves, structure = zip(*(_pytree.tree_flatten(output) for output in outputs), strict=True)
    joined = [
        torch.cat(parts) if isinstance(parts[0], torch.Tensor) else parts[0]
        for parts in zip(*leaves, strict=True)
    ]
    return _pytree.tree_unflatten(joined, structure[0])


def is_close(output: Any, reference: Any, *, tolerance: float) -> bool:
    """Whether every number is near its reference.

    Near means within ``tolerance`` of a reference number larger than one, and within
    ``tolerance`` of one, or of the root mean square of outputs that are smaller than one,
    for the others. Numbers of which the reference is not finite are not looked at.
    """
    import torch
    from torch.utils import _pytree

    pairs = zip(_pytree.tree_leaves(output), _pytree.tree_leaves(reference), strict=True)
    for got, wanted in pairs:
        if not isinstance(wanted, torch.Tensor) or not wanted.is_floating_point():
            continue
        known = wanted.isfinite()
        got, wanted = got[known], wanted[known]
        if not wanted.numel():
            continue
        least = min(1.0, float(wanted.square().mean().sqrt()))
        allowed = tolerance * wanted.abs().clamp_min(least)
        # Written so that a NaN is not near.
        if not bool(((got - wanted).abs() <= allowed).all()):
            return False
    return True
