"""All checks of an installation, ours and the plugins'."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from ..errors import CardError
from ..plugins import HealthCheck, Stage
from ..registry import user_registry
from ._torch import check_torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._zoo import Zoo
    from ..plugins import Plugin

_DISTRIBUTION = "astrozoo"


def examine(zoo: Zoo) -> list[HealthCheck]:
    """Run every check; none of them raises."""
    torch_check = check_torch()
    checks = [_python(), _packages(), torch_check]
    if torch_check.passed:
        checks.append(_devices())
    return [*checks, _models(zoo), _user_registry(), *_plugins(zoo)]


def _python() -> HealthCheck:
    version = ".".join(map(str, sys.version_info[:3]))
    return HealthCheck(name="python", passed=sys.version_info >= (3, 11), message=version)


def _packages() -> HealthCheck:
    """Whether everything is installed that our own metadata require without extras."""
    name = "packages"
    try:
        wanted = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        message = f"{_DISTRIBUTION} is not installed, so nobody knows what it needs; install it"
        return HealthCheck(name=name, passed=False, message=message)
    try:
        lacking = [text for text in wanted if not _is_installed(text)]
    except ModuleNotFoundError:
        lacking = ["packaging"]
    if lacking:
        told = " ".join(f"'{text}'" for text in lacking)
        message = f"missing or of another version: install with: pip install {told}"
        return HealthCheck(name=name, passed=False, message=message)
    return HealthCheck(name=name, passed=True, message="all dependencies are installed")


def _is_installed(text: str) -> bool:
    """Whether a requirement is met, or is one of an extra or of another platform."""
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _devices() -> HealthCheck:
    from ..devices import list_devices

    devices = list_devices()
    text = "; ".join(f"{d.name} ({d.description}, {d.default_precision})" for d in devices)
    return HealthCheck(name="devices", passed=bool(devices), message=text)


def _models(zoo: Zoo) -> HealthCheck:
    listing = zoo.list_models()
    problems = list(listing.problems)
    count = len(listing.found)
    for item in listing.found:
        try:
            zoo.find(item.full_name)
        except CardError as error:
            problems.append(error)
    return HealthCheck(
        name="models",
        passed=not problems,
        message="; ".join(map(str, problems)) or f"{count} model{'' if count == 1 else 's'}",
    )


def _user_registry() -> HealthCheck:
    folder = user_registry().folder
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    writable = os.access(existing, os.W_OK)
    return HealthCheck(
        name="user registry",
        passed=writable,
        message=str(folder)
        if writable
        else f"{existing} cannot be written; set ZOO_REGISTRY to a folder of yours",
    )


def _plugins(zoo: Zoo) -> list[HealthCheck]:
    zoo.plugins.load_all()
    found: list[HealthCheck] = []
    for plugin, result in zoo.plugins.call("zoo_health_checks"):
        try:
            found += _named(plugin, result)
        # A generator runs, and may fail, only here.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - must not stop others
            plugin.fail(Stage.CALL, error)
    states = [
        HealthCheck(
            name=f"plugin {plugin.name}",
            passed=plugin not in zoo.plugins.unavailable(),
            message=plugin.why(),
        )
        for plugin in zoo.plugins.plugins
    ]
    return [*states, *found]


def _named(plugin: Plugin, checks: Iterable[HealthCheck]) -> Iterator[HealthCheck]:
    """A plugin's checks under its name."""
    for check in checks:
        yield HealthCheck(
            name=f"{plugin.name}: {check.name}", passed=check.passed, message=check.message
        )
