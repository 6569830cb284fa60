"""Sizes of inputs: read from arguments, and checked before the first layer.

The check is a hook of the first layer and not part of ``forward``: a comparison of sizes
there would keep core from tracing the network, and so from making it faster.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo_core.errors import InputError, UsageError

if TYPE_CHECKING:
    from torch import nn

#: A length along each axis; one number stands for all axes.
Size = int | Sequence[int]


def lengths(size: Size, axes: int) -> tuple[int, ...]:
    """One length for each of so many axes.

    Raises
    ------
    UsageError
        Another number of lengths, or one below 1.

    Examples
    --------
    >>> lengths(32, 2), lengths([40, 30], 2)
    ((32, 32), (40, 30))
    """
    told = tuple(size) if isinstance(size, Sequence) else (size,) * axes
    if len(told) != axes or min(told) < 1:
        raise UsageError(
            f"input_size must be {axes} positive lengths or one for all, is {size!r}."
        )
    return told


def check_minimum(layer: nn.Module, name: str, minimum: int) -> None:
    """Let a layer refuse images smaller than ``minimum`` pixels along an axis."""
    layer.register_forward_pre_hook(
        functools.partial(_refuse_small, name=name, minimum=minimum)
    )


def check_exact(layer: nn.Module, name: str, size: tuple[int, ...]) -> None:
    """Let a layer refuse inputs that do not have these lengths after batch and band."""
    layer.register_forward_pre_hook(functools.partial(_refuse_other, name=name, size=size))


def _refuse_small(_: nn.Module, inputs: tuple[Any, ...], *, name: str, minimum: int) -> None:
    size = tuple(inputs[0].shape[2:])
    if min(size) < minimum:
        raise InputError(
            f"{name} takes images of at least {minimum} x {minimum} pixels, got "
            f"{_written(size)}. Use larger cutouts or a network with fewer poolings, such as "
            "resnet18."
        )


def _refuse_other(
    _: nn.Module, inputs: tuple[Any, ...], *, name: str, size: tuple[int, ...]
) -> None:
    found = tuple(inputs[0].shape[2:])
    if found != size:
        raise InputError(
            f"this {name} was built for inputs of {_written(size)}, got {_written(found)}. "
            f"Build it with input_size={list(found)}."
        )


def _written(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, size)) or "no axis"
