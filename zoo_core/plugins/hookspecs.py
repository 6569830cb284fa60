"""The hooks: behaviour that plugins add where nothing is looked up by name.

A plugin implements a hook in the module that its manifest names under ``hook_module``, and
lists it there under ``hooks``::

    hook_module = "my_plugin"
    hooks = ["zoo_health_checks"]

The module is imported when one of the hooks is called::

    from zoo_core.plugins import hookimpl

    @hookimpl
    def zoo_health_checks():
        return [HealthCheck(name="...", passed=True, message="...")]

Rules: import nothing heavy at module level; name only the arguments that are needed;
never rely on the order of plugins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch

    from ..cards import Card
    from ..finetuning import FinetunePlan
    from ._events import Event
    from ._health import HealthCheck

PROJECT = "astrozoo"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def zoo_health_checks() -> Iterable[HealthCheck]:  # type: ignore[empty-body]
    """Checks for ``zoo doctor``: whether what the plugin needs is there and working.

    Returns
    -------
    iterable of HealthCheck
        Each with a name, whether it passed, and a sentence that says how to mend it.
    """


@hookspec
def zoo_plan_finetune(plan: FinetunePlan, parent: Card) -> FinetunePlan | None:
    """Change the plan of a fine-tuning before it begins: who is frozen, rates, epochs.

    Parameters
    ----------
    plan : FinetunePlan
        As the user and the number of labels made it, and plugins before this one.
    parent : Card
        Of the model that it starts from, with its architecture, task and input.

    Returns
    -------
    FinetunePlan or None
        Another one (``dataclasses.replace``), or None to leave it.
    """


@hookspec
def zoo_parameter_groups(
    network: torch.nn.Module, plan: FinetunePlan, groups: list[dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """Change the parameter groups of the optimizer of a fine-tuning.

    Parameters
    ----------
    network : torch.nn.Module
        What is trained.
    plan : FinetunePlan
        How.
    groups : list of dict
        As they are by the plan, and as plugins before this one left them. Each with
        ``params``, their ``names``, ``weight_decay`` and ``lr_scale``, the factor
        of the learning rate.

    Returns
    -------
    list of dict or None
        Other groups of the same form, or None to leave them.
    """


@hookspec
def zoo_event(event: Event) -> None:
    """Observe something that happened: a model was loaded, an epoch ended, ...

    Parameters
    ----------
    event : Event
        One of the frozen dataclasses of ``zoo_core.plugins``; test with ``isinstance``
        and ignore what is not known.
    """
