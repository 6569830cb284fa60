"""Freezing: weights that do not change, and statistics that do not drift either."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from torch import nn


def freeze(network: nn.Module, parameters: Collection[str]) -> list[str]:
    """Freeze parameters of a network by name, and the modules that hold no others.

    A module whose parameters are all frozen stays in eval mode whatever ``train()`` is
    called on its parent: without that, batch normalisations go on to update their
    statistics and dropout goes on to drop, although no weight changes.

    Parameters
    ----------
    network : nn.Module
        Changed in place.
    parameters : collection of str
        Names as ``named_parameters`` gives them.

    Returns
    -------
    list of str
        Names of the modules that stay in eval mode: the outermost ones.
    """
    for name, parameter in network.named_parameters():
        if name in parameters:
            parameter.requires_grad = False
    frozen = list(_frozen_modules(network))
    for name in frozen:
        module = network.get_submodule(name)
        module.eval()
        # On the instance, so that the module's class and its name in messages stay.
        module.train = MethodType(_stay, module)  # type: ignore[method-assign]
    return frozen


def hold_statistics(network: nn.Module) -> int:
    """Keep the statistics of all batch normalisations, whose weights may still be trained.

    In train mode a normalisation goes by the batch. Of a network that was trained on other
    images that gives other features than those that its weights were made for, and a few
    objects a batch make them noisy.

    Returns
    -------
    int
        How many there are.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for module in norms:
        module.eval()
        module.train = MethodType(_stay, module)  # type: ignore[method-assign]
    return len(norms)


def _frozen_modules(network: nn.Module, name: str = "") -> Iterator[str]:
    """Outermost modules without a parameter that is trained."""
    module = network.get_submodule(name)
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        yield name
        return
    for child, _ in module.named_children():
        yield from _frozen_modules(network, f"{name}.{child}" if name else child)


def _stay(module: nn.Module, mode: bool = True) -> nn.Module:  # noqa: ARG001, FBT001, FBT002
    """Stand in for ``train`` of a frozen module."""
    return module
