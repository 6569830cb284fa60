"""All checks of a plugin."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import (
    _architectures,
    _engines,
    _manifests,
    _places,
    _recipes,
    _simulators,
    _survey_profiles,
    _tasks,
)
from ._check import Check, run_checks
from ._uses import Uses

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ._check import Expected, Outcome

_OF_KIND: dict[str, Any] = {
    "architectures": _architectures.CHECKS,
    "tasks": _tasks.CHECKS,
    "simulators": _simulators.CHECKS,
    "recipes": _recipes.CHECKS,
    "places": _places.CHECKS,
    "survey_profiles": _survey_profiles.CHECKS,
    "engines": _engines.CHECKS,
}


def plugin_checks(name: str, *, zoo: Zoo | None = None) -> list[Check]:
    """List the checks of a plugin and of everything it contributes.

    Parameters
    ----------
    name : str
        Of the plugin.
    zoo : Zoo, optional
        Where it is; what is installed, if not given.

    Raises
    ------
    UnknownName
        No such plugin is installed.
    """
    zoo = zoo or _discovered()
    plugin = zoo.plugins.named(name)
    installed = _manifests.Installed(zoo, plugin)
    checks = [
        Check(function.__name__, name, partial(function, installed))
        for function in _manifests.CHECKS
    ]
    uses = Uses(zoo)
    for contribution in plugin.manifest.contributions if plugin.manifest else ():
        subject = f"{name}/{contribution.kind}/{contribution.name}"
        checks += [
            Check(function.__name__, subject, partial(function, uses, contribution.name))
            for function in _OF_KIND[contribution.kind]
        ]
    return checks


def check_plugin(
    name: str, *, expected_failures: Expected | None = None, zoo: Zoo | None = None
) -> list[Outcome]:
    """Check an installed plugin.

    Parameters
    ----------
    name : str
        Of the plugin.
    expected_failures : mapping of str to str
        Names of checks, or ``subject:name`` of single ones, with the reason why they fail.
    zoo : Zoo, optional
        Where it is; what is installed, if not given.

    Returns
    -------
    list of Outcome
        Of all checks, if none failed that was not expected to.

    Raises
    ------
    CheckFailed
        Naming every check that failed.
    """
    return run_checks(plugin_checks(name, zoo=zoo), expected_failures or {})


def _discovered() -> Zoo:
    from .._zoo import Zoo

    return Zoo.discover()
