"""Batch normalisations whose statistics do not change, as part of the convolutions before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..devices import is_close, successions

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Largest difference of outputs: the two ways only round differently.
_TOLERANCE = 1e-2


def join_held_norms(network: nn.Module, inputs: torch.Tensor) -> int:
    """Run convolutions and the held normalisations after them as one, weights still apart.

    A normalisation that stays in eval mode multiplies and adds constants. Multiplied into
    the kernels, which are much smaller than the images that come out, they cost nothing in
    either direction; gradients reach all parameters as before, and names stay.

    Parameters
    ----------
    network : nn.Module
        Changed in place where that changes no output; copies of it are changed alike.
    inputs : torch.Tensor
        Some that it is tried out on, where its parameters are.

    Returns
    -------
    int
        How many were joined.
    """
    import torch

    was_training = network.training
    # What is in eval mode now stays in it.
    found = _held_pairs(network.train())
    network.eval()
    with torch.inference_mode():
        before = network(inputs)
        for convolution, norm in found:
            convolution.forward = partial(_convolve, convolution, norm)
            norm.forward = _as_it_is
        after = network(inputs)
    network.train(was_training)
    if is_close(after, before, tolerance=_TOLERANCE):
        return len(found)
    separate_held_norms(network)
    return 0


def separate_held_norms(network: nn.Module) -> None:
    """Undo ``join_held_norms``."""
    for module in network.modules():
        made = module.__dict__.get("forward")
        if made is _as_it_is or getattr(made, "func", None) is _convolve:
            del module.forward


def _held_pairs(network: nn.Module) -> list[tuple[Any, Any]]:
    """Convolutions and the held normalisations that directly follow them."""
    from torch import nn

    kinds: dict[type, type] = {
        nn.Conv1d: nn.BatchNorm1d,
        nn.Conv2d: nn.BatchNorm2d,
        nn.Conv3d: nn.BatchNorm3d,
    }
    pairs = []
    for first, second in successions(network):
        convolution, norm = network.get_submodule(first), network.get_submodule(second)
        # The exact type: a subclass may do more (an activation, another weight).
        is_known = type(norm) is kinds.get(type(convolution))
        if is_known and norm.running_mean is not None and not norm.training:
            pairs.append((convolution, norm))
    return pairs


def _convolve(convolution: Any, norm: Any, inputs: torch.Tensor) -> torch.Tensor:
    import torch

    scale = torch.rsqrt(norm.running_var + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight
    offset = -scale * norm.running_mean
    if convolution.bias is not None:
        offset = offset + scale * convolution.bias
    if norm.bias is not None:
        offset = offset + norm.bias
    kernel = convolution.weight * scale.view(-1, *[1] * (convolution.weight.dim() - 1))
    outputs: torch.Tensor = convolution._conv_forward(inputs, kernel, offset)  # noqa: SLF001
    return outputs


def _as_it_is(inputs: torch.Tensor) -> torch.Tensor:
    return inputs
