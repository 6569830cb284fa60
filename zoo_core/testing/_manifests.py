"""Checks of a plugin as such: manifest, targets, hooks, lightness."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from ..cards import check_name
from ..plugins import HealthCheck, State
from ._check import NotApplicable, require
from ._light import heavy_imports

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ..plugins import Manifest, Plugin

_BASES = {
    "simulators": ("zoo_core.simulation", "Simulator"),
    "tasks": ("zoo_core.tasks", "Task"),
}


class Installed(NamedTuple):
    """A plugin and the zoo it is in."""

    zoo: Zoo
    plugin: Plugin

    @property
    def manifest(self) -> Manifest:
        """The manifest; without one a check cannot be made."""
        if self.plugin.manifest is None:
            raise NotApplicable(self.plugin.why())
        return self.plugin.manifest


def plugin_is_usable(installed: Installed) -> None:
    """Its manifest could be read, under the name of its entry point, and it is not blocked."""
    _, plugin = installed
    require(plugin.state in (State.LISTED, State.LOADED), plugin.why())
    require(plugin.manifest is not None, f"the plugin {plugin.name!r} has no manifest")


def manifest_has_no_unknown_fields(installed: Installed) -> None:
    """Unknown fields are ignored in use, so a misspelt one would go unnoticed."""
    unknown = installed.manifest.unknown_fields
    require(not unknown, f"the manifest has unknown fields: {', '.join(unknown)}")


def names_are_legal_and_unique(installed: Installed) -> None:
    """Small letters, digits, '-', '_' and '.'; once in each kind."""
    contributions = installed.manifest.contributions
    check_name(installed.plugin.name, where="the manifest")
    for contribution in contributions:
        check_name(contribution.name, where=f"the manifest: {contribution.kind}")
    keys = [(c.kind, c.name) for c in contributions]
    twice = sorted({name for kind, name in keys if keys.count((kind, name)) > 1})
    require(not twice, f"the manifest lists twice: {', '.join(twice)}")


def everything_has_a_summary(installed: Installed) -> None:
    """One line for ``zoo plugins`` and ``zoo list``."""
    manifest = installed.manifest
    silent = [c.name for c in manifest.contributions if not c.summary.strip()]
    require(manifest.summary.strip(), "the manifest has no summary")
    require(not silent, f"without a summary: {', '.join(silent)}")


def targets_are_there(installed: Installed) -> None:
    """Every dotted target imports and is what its kind says; every recipe file exists."""
    (zoo, plugin), manifest = installed, installed.manifest
    for contribution in manifest.contributions:
        if contribution.kind == "recipes":
            path = manifest.folder / contribution.target
            require(path.is_file(), f"the recipe {contribution.name!r} is not at {path}")
            continue
        target = zoo.plugins.resolve(contribution.kind, f"{plugin.name}/{contribution.name}")
        require(callable(target), f"{contribution.target} is not callable")
        if contribution.fit is not None:
            fit = zoo.plugins.resolve_fit(f"{plugin.name}/{contribution.name}")
            require(callable(fit), f"{contribution.fit} is not callable")
        if contribution.kind in _BASES:
            module, name = _BASES[contribution.kind]
            base = getattr(importlib.import_module(module), name)
            require(
                isinstance(target, type) and issubclass(target, base),
                f"{contribution.target} must be a subclass of {module}.{name}",
            )


def hooks_register(installed: Installed) -> None:
    """The hook module imports; what it implements is declared and known to core."""
    installed.zoo.plugins.load(installed.plugin)


def health_checks_are_sound(installed: Installed) -> None:
    """``zoo doctor`` gets what it can print, and all of it passes here."""
    zoo, plugin = installed
    zoo.plugins.load(plugin)
    results = [found for by, found in zoo.plugins.call("zoo_health_checks") if by is plugin]
    require(plugin.state is State.LOADED, plugin.why())
    if not results:
        raise NotApplicable("the plugin has no health checks")
    for check in results[0]:
        require(isinstance(check, HealthCheck), f"{check!r} is no HealthCheck")
        require(check.passed, f"{check.name}: {check.message}")


def hook_module_is_light(installed: Installed) -> None:
    """It is imported with every hook that is called, so it must not import heavy packages."""
    module = installed.manifest.hook_module
    if module is None:
        raise NotApplicable("the plugin has no hook module")
    heavy = heavy_imports(f"import {module}")
    require(
        not heavy,
        f"importing {module} imports {', '.join(heavy)}; import them inside the functions",
    )


def listing_is_light(installed: Installed) -> None:
    """``zoo list`` imports nothing of the plugin and nothing heavy."""
    point = installed.plugin.entry_point
    package = point.value.partition(":")[0] if point else ""
    heavy = heavy_imports(
        "import sys\nfrom zoo_core.cli import main\nmain(['list'])\n"
        f"assert {package!r} not in sys.modules, 'zoo list imports {package}'"
    )
    require(not heavy, f"'zoo list' imports {', '.join(heavy)}")


CHECKS = (
    plugin_is_usable,
    manifest_has_no_unknown_fields,
    names_are_legal_and_unique,
    everything_has_a_summary,
    targets_are_there,
    hooks_register,
    health_checks_are_sound,
    hook_module_is_light,
    listing_is_light,
)
