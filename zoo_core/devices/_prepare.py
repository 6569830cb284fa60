"""The forms in which a network can be run, fastest first."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._elu import speed_up_elu
from ._fold import fold_batch_norms
from ._successions import successions

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
    dtype : torch.dtype
        Of floating-point inputs.
    is_channels_last : bool
        Memory order of inputs with four axes.
    autocast : torch.dtype or None
        What torch.autocast computes in, if it does.
    """

    method: str
    precision: str
    tolerance: float
    prepare: Callable[[], nn.Module]
    dtype: torch.dtype
    is_channels_last: bool = True
    autocast: torch.dtype | None = None

    def place(self, inputs: Sequence[torch.Tensor], device: str) -> list[torch.Tensor]:
        """Inputs as this form takes them."""
        import torch

        placed = []
        for tensor in inputs:
            dtype = self.dtype if tensor.is_floating_point() else tensor.dtype
            moved = tensor.to(device=device, dtype=dtype)
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
        made = folded().to(low)
        _keep_head(made)
        return made

    full = torch.float32
    found = [
        Form("float32, folded", "float32", FOLDED_TOLERANCE, folded, full),
        Form("float32", "float32", float("inf"), plain, full, is_channels_last=False),
    ]
    if precision == "float32":
        return found
    low = getattr(torch, precision)
    return [
        Form(f"{precision}, folded", precision, REDUCED_TOLERANCE, reduced, low),
        Form(f"{precision} autocast", precision, REDUCED_TOLERANCE, folded, full, autocast=low),
        *found,
    ]


def _copy(network: nn.Module, device: str) -> nn.Module:
    return copy.deepcopy(network).requires_grad_(requires_grad=False).eval().to(device)


def _keep_head(network: nn.Module) -> None:
    """Keep the last layer in float32: its rounding would go straight into the output."""
    from torch import nn

    find = getattr(network, "get_classifier", None)
    head = find() if callable(find) else None
    if isinstance(head, nn.Module) and any(True for _ in head.parameters()):
        head.float().register_forward_pre_hook(_widen)


def _widen(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    import torch

    return tuple(
        value.float()
        if isinstance(value, torch.Tensor) and value.is_floating_point()
        else value
        for value in inputs
    )
