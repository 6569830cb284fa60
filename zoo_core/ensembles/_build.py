"""The architecture ``ensemble``, which core itself offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import nn

    from ..cards import ArchitectureRef

#: The architecture of a model that has members, as a card names it.
ENSEMBLE = "ensemble"

_FEWEST = 2
_TAKES = "members=[{'name': ARCHITECTURE, 'arguments': {...}}, ...], two or more"


def plugin_architectures(ref: ArchitectureRef) -> list[str]:
    """The architectures of plugins that a network is made of: its own, or its members'.

    >>> from zoo_core.cards import ArchitectureRef
    >>> plugin_architectures(ArchitectureRef(name="mlp", arguments={}))
    ['mlp']
    """
    if ref.name != ENSEMBLE:
        return [ref.name]
    return [str(entry["name"]) for entry in ref.arguments.get("members", ())]


def build_ensemble(
    build: Callable[..., nn.Module],
    *,
    members: Sequence[Mapping[str, Any]] = (),
    **arguments: Any,
) -> nn.Module:
    """An untrained ensemble.

    Parameters
    ----------
    build : callable
        Makes a network of an architecture's name and its arguments.
    members : sequence of mapping
        Of each member its ``name`` and ``arguments`` as an architecture, and for the reader
        the ``model`` that it was.
    **arguments
        For each member, beside its own, such as ``num_outputs``.

    Raises
    ------
    UsageError
        Fewer than two members, or an entry that is none.
    """
    if not isinstance(members, list | tuple) or len(members) < _FEWEST:
        raise UsageError(f"an ensemble takes {_TAKES}; got {members!r}.")
    from ._network import join_networks

    return join_networks([_member(build, entry, arguments) for entry in members])


def _member(
    build: Callable[..., nn.Module], entry: object, arguments: Mapping[str, Any]
) -> nn.Module:
    is_entry = isinstance(entry, dict) and set(entry) <= {"name", "arguments", "model"}
    if not is_entry or not isinstance(entry.get("name"), str):  # type: ignore[attr-defined]
        raise UsageError(f"an ensemble takes {_TAKES}; one of its members is {entry!r}.")
    own = entry.get("arguments", {})  # type: ignore[attr-defined]
    return build(entry["name"], **{**arguments, **own})  # type: ignore[index]
