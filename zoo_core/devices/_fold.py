"""Folding batch normalisations into the convolutions before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn


def fold_batch_norms(network: nn.Module, pairs: Iterable[tuple[str, str]]) -> int:
    """Fold, in place, each batch normalisation that directly follows a convolution.

    In eval mode the two are one convolution with other weights. The batch normalisation
    becomes an identity, so the network's code stays as it is. Modules that have hooks, or
    are subclasses with an idea of their own, are left alone.

    Parameters
    ----------
    network : nn.Module
        In eval mode.
    pairs : iterable of (str, str)
        Which module follows which, from ``successions``.

    Returns
    -------
    int
        How many were folded.
    """
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    count = 0
    for first, second in pairs:
        convolution, norm = network.get_submodule(first), network.get_submodule(second)
        if _can_fold(convolution, norm):
            fused = fuse_conv_bn_eval(convolution, norm)  # type: ignore[type-var,arg-type]
            _replace(network, first, fused)
            _replace(network, second, nn.Identity())
            count += 1
    return count


def _can_fold(convolution: nn.Module, norm: nn.Module) -> bool:
    from torch import nn

    kinds: dict[type, type] = {
        nn.Conv1d: nn.BatchNorm1d,
        nn.Conv2d: nn.BatchNorm2d,
        nn.Conv3d: nn.BatchNorm3d,
    }
    # The exact type: a subclass may do more (an activation, another weight).
    return (
        type(norm) is kinds.get(type(convolution))
        and not _has_hooks(convolution)
        and not _has_hooks(norm)
        and norm.running_mean is not None
    )


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)  # noqa: SLF001


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)
