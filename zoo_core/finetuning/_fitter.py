"""Architectures that are fitted to data as a whole, such as those before deep learning.

The manifest of a plugin names the function beside the architecture (``fit``). It is called
with ``FitData`` and what the user set (``--set KEY=VALUE``) as keyword arguments, and gives a
``FittedNetwork``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import PluginError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import torch

    from .._zoo import Zoo
    from ..cards import InputSpec
    from ..preprocessing import Preprocessing
    from ..tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class FitData:
    """What an architecture is fitted to.

    Attributes
    ----------
    task : Task
        What is to be told.
    spec : InputSpec
        The one input, with its size.
    array : numpy.ndarray
        ``(n, channel, *axes)``, uint8 or float32 in the unit of the data, NaN where something
        is missing. Possibly mapped from a file.
    labels : numpy.ndarray
        ``(n,)`` int64: class indices of the task's one target.
    preprocessing : Preprocessing
        What stands between the array and the network. It does not fill what is missing,
        unless the user asked for a stretch that does: the network gets NaN then, now and when
        it predicts.
    seed : int
        Of everything that is drawn.
    """

    task: Task
    spec: InputSpec
    array: np.ndarray
    labels: np.ndarray
    preprocessing: Preprocessing
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNetwork:
    """What came out of a fit.

    Attributes
    ----------
    network : torch.nn.Module
        On the processor. Half precision loses nothing of its parameters; its buffers are
        stored as they are.
    arguments : mapping of str
        With these, the architecture makes a network that takes the state dict of this one.
    summary : str
        One line for people: what was chosen, and by what.
    record : mapping of str to what JSON can hold
        The same for machines, for ``fit.json`` in the model folder.
    """

    network: torch.nn.Module
    arguments: Mapping[str, Any]
    summary: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


def find_fit(
    zoo: Zoo, architecture: str, settings: Mapping[str, Any]
) -> Callable[..., FittedNetwork]:
    """The function that fits an architecture, if it takes these settings.

    Raises
    ------
    UsageError
        It does not, or the architecture is trained and not fitted.
    """
    fit: Callable[..., FittedNetwork] | None = zoo.plugins.resolve_fit(architecture)
    if fit is None:
        raise UsageError(
            f"{architecture} is trained and not fitted. Architectures that are fitted to data "
            f"as a whole: {', '.join(fitted_names(zoo)) or 'none is installed'}."
        )
    known = settings_of(fit)
    unknown = sorted(set(settings) - set(known))
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], known, n=2, cutoff=0.55)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UsageError(
            f"{architecture} has no setting {unknown[0]!r}; it has {', '.join(known)}.{hint}"
        )
    return fit


def settings_of(fit: Callable[..., FittedNetwork]) -> list[str]:
    """Names that may be set; the first parameter is the data."""
    import inspect

    return list(inspect.signature(fit).parameters)[1:]


def fitted_names(zoo: Zoo) -> list[str]:
    """Architectures of all plugins that are fitted."""
    return [c.name for c in zoo.plugins.contributions("architectures") if c.fit is not None]


def call_fit(
    fit: Callable[..., FittedNetwork],
    data: FitData,
    settings: Mapping[str, Any],
    *,
    architecture: str,
) -> FittedNetwork:
    """Fit, and make sure of what came out.

    Raises
    ------
    PluginError
        It is no ``FittedNetwork``.
    """
    found = fit(data, **settings)
    if not isinstance(found, FittedNetwork):
        raise PluginError(
            f"fitting {architecture} gave {type(found).__name__}, not a FittedNetwork of "
            "zoo_core.finetuning."
        )
    return found
