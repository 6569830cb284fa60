"""Which module of a network works on what: the output of another, or the input."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def successions(network: nn.Module) -> list[tuple[str, str]]:
    """Names of pairs of modules of which the second alone takes the first's output.

    Read from a symbolic trace of the network where it can be traced, else from its
    ``nn.Sequential`` parts, which might be used in another way than one after another:
    what is built on these pairs has to be checked by running the network. Modules that
    are used more than once are left out.
    """
    uses = Counter(id(module) for _, module in network.named_modules(remove_duplicate=False))
    pairs = _traced_pairs(network)
    if pairs is None:
        pairs = list(_sequential_pairs(network))
    modules = dict(network.named_modules(remove_duplicate=False))
    return [pair for pair in pairs if all(uses[id(modules[name])] == 1 for name in pair)]


def _sequential_pairs(network: nn.Module) -> Iterator[tuple[str, str]]:
    from torch import nn

    for name, module in network.named_modules():
        if type(module) is nn.Sequential:
            names = [
                f"{name}.{child}" if name else child for child, _ in module.named_children()
            ]
            yield from itertools.pairwise(names)


def first_layers(network: nn.Module) -> list[str]:
    """Names of the layers with weights that the inputs go to.

    Empty where a trace does not tell, or an input also goes elsewhere.
    """
    nodes = _trace(network)
    inputs = [node for node in nodes or () if node.op == "placeholder" and node.users]
    names = []
    for user in (user for node in inputs for user in node.users):
        if user.op != "call_module" or len(user.args) != 1 or user.kwargs:
            return []
        if not any(True for _ in network.get_submodule(str(user.target)).parameters()):
            return []
        names.append(str(user.target))
    return names


def _traced_pairs(network: nn.Module) -> list[tuple[str, str]] | None:
    """Pairs of modules of which the second alone uses the first's output; None if unknown."""
    nodes = _trace(network)
    if nodes is None:
        return None
    calls = Counter(node.target for node in nodes if node.op == "call_module")
    pairs = []
    for node in nodes:
        before: Any = node.args[0] if node.op == "call_module" and node.args else None
        if getattr(before, "op", "") != "call_module":
            continue
        if len(before.users) == 1 and calls[node.target] == calls[before.target] == 1:
            pairs.append((str(before.target), str(node.target)))
    return pairs


def _trace(network: nn.Module) -> list[Any] | None:
    """The nodes of a symbolic trace of a network; None where it cannot be traced."""
    from torch import fx

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(fx.Tracer().trace(network).nodes)
    except Exception:  # noqa: BLE001 - code that cannot be traced fails in any way it likes
        return None
