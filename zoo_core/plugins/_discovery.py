"""Finding plugins: what is installed, without importing any of it. Never raises."""

from __future__ import annotations

import os
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PluginError
from ._installed import installed_entry_points
from ._manifest import TooNew, read_manifest
from ._plugin import Plugin, Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._installed import EntryPoint

#: Entry-point group; a value is ``top_level_package:manifest_file``.
GROUP = "astrozoo.plugins"


def discover() -> list[Plugin]:
    """All installed plugins, sorted by name.

    ``ZOO_BLOCK=a,b`` blocks plugins and ``ZOO_PLUGINS=a,b`` blocks all others, before
    anything of them is read but their name.
    """
    return plugins_from(
        installed_entry_points(GROUP),
        only=_names("ZOO_PLUGINS"),
        blocked=_names("ZOO_BLOCK") or frozenset(),
    )


def plugins_from(
    entry_points: Iterable[EntryPoint],
    *,
    only: frozenset[str] | None = None,
    blocked: frozenset[str] = frozenset(),
) -> list[Plugin]:
    """Turn entry points into plugins in the state listed, blocked or broken."""
    plugins: list[Plugin] = []
    seen: dict[str, Plugin] = {}
    for point in entry_points:
        plugin = Plugin(name=point.name, entry_point=point)
        if point.name in blocked or (only is not None and point.name not in only):
            plugin.state = State.BLOCKED
        else:
            _read(plugin, point)
        _refuse_clash(plugin, seen)
        plugins.append(plugin)
    return plugins


def _names(variable: str) -> frozenset[str] | None:
    value = os.environ.get(variable)
    if value is None:
        return None
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _read(plugin: Plugin, point: EntryPoint) -> None:
    package, _, file = point.value.partition(":")
    try:
        folder = _package_folder(package)
        manifest = read_manifest(folder / (file or "zoo.toml"))
        if manifest.name != point.name:
            raise PluginError(
                f"the manifest says its name is {manifest.name!r}, the entry point says "
                f"{point.name!r}; they must agree"
            )
        plugin.manifest = manifest
    except TooNew as error:
        plugin.fail(Stage.API, error)
    # Whatever a stranger's package does while it is looked for must not stop the others.
    except Exception as error:  # noqa: BLE001
        plugin.fail(Stage.MANIFEST, error)


def _package_folder(package: str) -> Path:
    """Where a top-level package lies; imports nothing."""
    if "." in package:
        raise PluginError(
            f"the entry point must name a top-level package, not {package!r}: looking "
            "inside a package would import it"
        )
    # PathFinder alone misses editable installs that use an import hook.
    spec = PathFinder.find_spec(package)
    if spec is None:
        from importlib.util import find_spec

        spec = find_spec(package)
    if spec is None:
        raise PluginError(f"the package {package!r} is not installed")
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec.origin is None:
        raise PluginError(f"the package {package!r} has no folder")
    return Path(spec.origin).parent


def _refuse_clash(plugin: Plugin, seen: dict[str, Plugin]) -> None:
    """Two plugins of one name: both are broken, so that neither wins by chance."""
    if plugin.state is State.BLOCKED:
        return
    other = seen.setdefault(plugin.name, plugin)
    if other is not plugin:
        error = PluginError(
            f"two installed distributions offer a plugin {plugin.name!r}: "
            f"{other.distribution} and {plugin.distribution}; uninstall one of them"
        )
        for clashing in (plugin, other):
            clashing.fail(Stage.MANIFEST, error)
