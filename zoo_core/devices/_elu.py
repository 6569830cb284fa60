"""A faster exponential linear unit for processors.

torch computes ``elu`` with ``expm1``, which takes about three times as long as ``exp``
and was half of the run time of a folded bfloat16 residual network.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch
    from torch import nn


def speed_up_elu(network: nn.Module, pairs: Iterable[tuple[str, str]], *, fuse: bool) -> int:
    """Give each plain ``nn.ELU`` of a network for the processor a faster forward, in place.

    Parameters
    ----------
    network : nn.Module
        For inference in bfloat16 or float16, or to be compiled.
    pairs : iterable of (str, str)
        Which module follows which, from ``successions`` before anything was folded.
    fuse : bool
        The network will be compiled: use the form that a compiler makes one loop of.

    Returns
    -------
    int
        How many were changed.
    """
    from torch import nn

    # These make a new tensor, which nothing but the unit after them reads: it may be
    # overwritten, whether or not the author of the network thought of it.
    makers = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    fresh = {then for first, then in pairs if type(network.get_submodule(first)) in makers}
    count = 0
    for name, module in network.named_modules():
        if type(module) is not nn.ELU or module.alpha != 1.0:
            continue
        half = functools.partial(elu_half, in_place=module.inplace or name in fresh)
        # On the instance: the class, and with it the module's name in messages, stays.
        module.forward = elu_polynomial if fuse else half  # type: ignore[assignment]
        count += 1
    return count


def elu_half(x: torch.Tensor, *, in_place: bool = False) -> torch.Tensor:
    """``elu`` of 16-bit numbers of any shape and range; of others, torch's own.

    ``exp(min(x, 0)) - 1`` where x is negative, x elsewhere. A 16-bit float is negative
    where the same bits are a negative integer, so both halves are chosen by integer
    operations, which are several times faster. One of the halves is always zero, whose
    bits are zero, so the two are joined by a bitwise or. The result differs from the exact
    one by at most the rounding of a number just below one.
    """
    import torch

    if x.dtype not in (torch.bfloat16, torch.float16):
        return torch.nn.functional.elu(x, inplace=in_place)
    bits = x.view(torch.int16)
    below = bits.clamp(max=0)
    below.view(x.dtype).exp_().sub_(1)
    above = bits.clamp_(min=0) if in_place else bits.clamp(min=0)
    return above.bitwise_or_(below).view(x.dtype)


def elu_polynomial(x: torch.Tensor) -> torch.Tensor:
    """``elu`` in multiplications and additions, in float32, to the rounding of its input."""
    import torch

    return _elu_float(x) if x.dtype == torch.float32 else _elu_short(x)


def _elu_float(x: torch.Tensor) -> torch.Tensor:
    """Of float32, to 2e-7.

    With t = max(x, -16) / 32, q = exp(t) - 1 comes from the Taylor series, and five times
    ``q (q + 2) = (q + 1)^2 - 1`` makes it exp(32 t) - 1 without ever subtracting numbers
    that are nearly equal. The larger of x and exp(min(x, 0)) - 1 is ``elu(x)``, because
    exp(x) - 1 >= x.
    """
    import torch

    t = x.clamp(-16.0, 0.0) / 32.0
    q = t * (1.0 + t * (1 / 2 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120)))))
    for _ in range(5):
        q = q * (q + 2.0)
    return torch.maximum(x, q)


def _elu_short(x: torch.Tensor) -> torch.Tensor:
    """Of 16-bit numbers, which are two thousandths apart near -1, to 4e-4.

    The Taylor series of exp(t / 8) with t = max(x, -8), to the eighth power, minus one. Every
    operation counts here: convolutions take only twice as long.
    """
    import torch

    wide = x.float()
    t = wide.clamp_min(-8.0)
    p = 1.0 + t * (1 / 8 + t * (1 / 128 + t * (1 / 3072)))
    p = p * p
    p = p * p
    return torch.where(wide > 0, wide, p * p - 1.0).to(x.dtype)
