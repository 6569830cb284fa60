"""The forms in which a network can be run, fastest first."""

from __future__ import annotations

import contextlib
import copy
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._elu import speed_up_elu
from ._fold import fold_batch_norms
from ._successions import first_layers, successions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

#: Largest difference from the plain network, see ``is_close``. A logit off by 0.08 moves a
#: probability by 0.02; folding may do no more than round differently.
REDUCED_TOLERANCE = 0.08
FOLDED_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Form:
    """A network ready to run.

    Attributes
    ----------
    method : str
        For people.
    precision : str
        Number format of most of the arithmetic.
    tolerance : float
        How far from the plain network it may be on a trial batch.
    prepare : callable
        Makes the network; only called if this form is tried.
    is_channels_last : bool
        Memory order of inputs with four axes.
    autocast : torch.dtype or None
        What torch.autocast computes in, if it does.
    """

    method: str
    precision: str
    tolerance: float
    prepare: Callable[[], nn.Module]
    is_channels_last: bool = True
    autocast: torch.dtype | None = None

    def place(self, inputs: Sequence[torch.Tensor], device: str) -> list[torch.Tensor]:
        """Inputs as this form takes them."""
        import torch

        placed = []
        for tensor in inputs:
            moved = tensor.to(device=device)
            if self.is_channels_last and moved.dim() == 4:
                moved = moved.contiguous(memory_format=torch.channels_last)
            placed.append(moved)
        return placed

    def context(self, device: str) -> contextlib.AbstractContextManager[Any]:
        """What the network has to run in."""
        import torch

        if self.autocast is None:
            return contextlib.nullcontext()
        return torch.autocast(device.partition(":")[0], dtype=self.autocast)


def forms(network: nn.Module, *, device: str, precision: str, will_compile: bool) -> list[Form]:
    """The forms to try, fastest first, the plain network in float32 last.

    Nothing is computed and nothing is copied until a form's ``prepare`` is called; the
    network itself is never changed.
    """
    import torch

    def plain() -> nn.Module:
        return _copy(network, device)

    def folded() -> nn.Module:
        made = _copy(network, device)
        pairs = successions(made)
        if device == "cpu":
            speed_up_elu(made, pairs, fuse=will_compile)
        fold_batch_norms(made, pairs)
        return made.to(memory_format=torch.channels_last)

    def reduced() -> nn.Module:
        made = folded()
        first = first_layers(made)
        made = made.to(low)
        _keep_first(made, first, low)
        _keep_head(made)
        return made

    found = [
        Form("float32, folded", "float32", FOLDED_TOLERANCE, folded),
        Form("float32", "float32", float("inf"), plain, is_channels_last=False),
    ]
    if precision == "float32":
        return found
    low = getattr(torch, precision)
    return [
        Form(f"{precision}, folded", precision, REDUCED_TOLERANCE, reduced),
        Form(f"{precision} autocast", precision, REDUCED_TOLERANCE, folded, autocast=low),
        *found,
    ]


def _copy(network: nn.Module, device: str) -> nn.Module:
    return copy.deepcopy(network).requires_grad_(requires_grad=False).eval().to(device)


def _keep_first(network: nn.Module, first: Sequence[str], low: torch.dtype) -> None:
    """Keep the layers that take the inputs in float32.

    They are a small part of the work, and the inputs have a range that hidden layers do
    not have: rounding them cost the residual lens finder half of its accuracy. Where these
    layers are not known the inputs are converted.
    """
    if not first:
        network.register_forward_pre_hook(functools.partial(_convert, dtype=low))
    for name in first:
        layer = network.get_submodule(name).float()
        layer.register_forward_hook(functools.partial(_narrow, dtype=low))


def _keep_head(network: nn.Module) -> None:
    """Keep the last layer in float32: its rounding would go straight into the output."""
    import torch
    from torch import nn

    find = getattr(network, "get_classifier", None)
    head = find() if callable(find) else None
    if isinstance(head, nn.Module) and any(True for _ in head.parameters()):
        head.float().register_forward_pre_hook(functools.partial(_convert, dtype=torch.float32))


def _convert(_: nn.Module, inputs: tuple[Any, ...], *, dtype: torch.dtype) -> tuple[Any, ...]:
    import torch

    return tuple(
        value.to(dtype)
        if isinstance(value, torch.Tensor) and value.is_floating_point()
        else value
        for value in inputs
    )


def _narrow(_: nn.Module, __: Any, output: Any, *, dtype: torch.dtype) -> Any:
    """An output in a narrower format; a layer with several outputs gives each."""
    import torch

    if isinstance(output, torch.Tensor):
        return output.to(dtype)
    return tuple(_narrow(_, __, part, dtype=dtype) for part in output)
