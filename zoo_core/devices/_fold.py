"""Folding batch normalisations into the convolutions before them."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def fold_batch_norms(network: nn.Module) -> int:
    """Fold, in place, each batch normalisation that directly follows a convolution.

    In eval mode the two are one convolution with other weights. The batch normalisation
    becomes an identity, so the network's code stays as it is. Which one follows which is
    read from a symbolic trace of the network where it can be traced, else from its
    ``nn.Sequential`` parts. Modules that are used twice, have hooks, or are subclasses
    with an idea of their own are left alone.

    Parameters
    ----------
    network : nn.Module
        In eval mode.

    Returns
    -------
    int
        How many were folded.
    """
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    modules = dict(network.named_modules(remove_duplicate=False))
    uses = Counter(id(module) for module in modules.values())
    count = 0
    pairs = _traced_pairs(network)
    for first, second in list(_sequential_pairs(network)) if pairs is None else pairs:
        convolution, norm = modules[first], modules[second]
        if not _can_fold(convolution, norm):
            continue
        if uses[id(convolution)] > 1 or uses[id(norm)] > 1:
            continue
        _replace(network, first, fuse_conv_bn_eval(convolution, norm))
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


def _sequential_pairs(network: nn.Module) -> Iterator[tuple[str, str]]:
    from torch import nn

    for name, module in network.named_modules():
        if type(module) is nn.Sequential:
            names = [
                f"{name}.{child}" if name else child for child, _ in module.named_children()
            ]
            yield from itertools.pairwise(names)


def _traced_pairs(network: nn.Module) -> list[tuple[str, str]] | None:
    """Pairs of modules of which the second alone uses the first's output; None if unknown."""
    from torch import fx

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(fx.Tracer().trace(network).nodes)
    except Exception:  # noqa: BLE001 - code that cannot be traced fails in any way it likes
        return None
    calls = Counter(node.target for node in nodes if node.op == "call_module")
    pairs = []
    for node in nodes:
        before = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(before, fx.Node) or before.op != "call_module":
            continue
        if len(before.users) == 1 and calls[node.target] == calls[before.target] == 1:
            pairs.append((str(before.target), str(node.target)))
    return pairs
