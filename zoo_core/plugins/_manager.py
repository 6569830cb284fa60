"""The plugin manager: looking up contributions, importing on use, calling hooks."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from ..errors import AmbiguousName, PluginError, unknown_name
from ._plugin import Plugin, Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pluggy

    from ._events import Event
    from ._manifest import Contribution


class PluginManager:
    """Holds the plugins of one ``Zoo``.

    Nothing is imported before a contribution is used or a hook is called; pluggy itself
    is imported with the first plugin that has hooks.
    """

    def __init__(self, plugins: Iterable[Plugin] = ()):
        self.plugins = sorted(plugins, key=lambda plugin: plugin.name)
        self._pluggy: pluggy.PluginManager | None = None

    def named(self, name: str) -> Plugin:
        """The plugin of this name.

        Raises
        ------
        UnknownName
            None is installed under it.
        """
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        raise unknown_name("plugin", name, [plugin.name for plugin in self.plugins])

    def unavailable(self) -> list[Plugin]:
        """Plugins that are broken."""
        return [plugin for plugin in self.plugins if plugin.state is State.BROKEN]

    def contributions(self, kind: str) -> list[Contribution]:
        """All contributions of a kind by usable plugins, sorted by name."""
        found = [
            contribution
            for plugin in self.plugins
            if plugin.is_usable and plugin.manifest
            for contribution in plugin.manifest.contributions
            if contribution.kind == kind
        ]
        return sorted(found, key=lambda contribution: contribution.name)

    def find(self, kind: str, name: str) -> Contribution:
        """The one contribution of this kind and name; ``plugin/name`` says whose.

        Raises
        ------
        UnknownName, AmbiguousName
            None, or several plugins offer it.
        PluginError
            A plugin offers it that cannot be used.
        """
        owner, _, short = name.rpartition("/")
        known = self.contributions(kind)
        matches = [c for c in known if c.name == short and owner in ("", c.plugin)]
        singular = kind.removesuffix("s")
        if not matches:
            self._refuse_unusable(kind, short, owner)
            # Nobody knows what these would have offered.
            unread = [plugin for plugin in self.plugins if plugin.manifest is None]
            hint = " ".join(f"Note: {plugin.why()}" for plugin in unread)
            raise unknown_name(singular, name, [c.name for c in known], hint)
        if len(matches) > 1:
            choices = " and ".join(f"{c.plugin}/{c.name}" for c in matches)
            raise AmbiguousName(f"two plugins offer the {singular} {name!r}: say {choices}.")
        return matches[0]

    def _refuse_unusable(self, kind: str, name: str, owner: str) -> None:
        """Raise ``PluginError`` if a plugin offers the name but cannot be used."""
        for plugin in self.plugins:
            if plugin.is_usable or plugin.manifest is None or owner not in ("", plugin.name):
                continue
            if any((c.kind, c.name) == (kind, name) for c in plugin.manifest.contributions):
                raise PluginError(_needed(plugin, kind, name))

    def resolve(self, kind: str, name: str) -> Any:
        """Import what a contribution points to, loading its plugin first."""
        contribution = self.find(kind, name)
        return self._import(contribution, contribution.target)

    def resolve_fit(self, architecture: str) -> Any:
        """Import the function that fits an architecture; None for one that is trained."""
        contribution = self.find("architectures", architecture)
        if contribution.fit is None:
            return None
        return self._import(contribution, contribution.fit)

    def _import(self, contribution: Contribution, target: str) -> Any:
        plugin = self.named(contribution.plugin)
        self.load(plugin)
        module, _, attribute = target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (Exception, SystemExit) as error:
            plugin.fail(Stage.IMPORT, error)
            raise PluginError(_needed(plugin, contribution.kind, contribution.name)) from error

    def load(self, plugin: Plugin) -> None:
        """Import a plugin's hook module, if it has one, and register it.

        Raises
        ------
        PluginError
            It is blocked, was found broken before, or breaks now: also where the module
            implements other hooks than the manifest declares.
        """
        if plugin.state is State.LOADED or plugin.stage is Stage.CALL:
            return
        if plugin.state is not State.LISTED or plugin.manifest is None:
            raise PluginError(plugin.why())
        if plugin.manifest.hook_module is not None:
            try:
                plugin.module = importlib.import_module(plugin.manifest.hook_module)
            except (Exception, SystemExit) as error:
                plugin.fail(Stage.IMPORT, error)
                raise PluginError(plugin.why()) from error
            self._register(plugin, declared=set(plugin.manifest.hooks))
        plugin.state = State.LOADED

    def load_all(self) -> None:
        """Load every plugin that can be loaded; the others are marked broken."""
        for plugin in self.plugins:
            if plugin.state is State.LISTED:
                # The plugin keeps the error.
                with contextlib.suppress(PluginError):
                    self.load(plugin)

    def _register(self, plugin: Plugin, *, declared: set[str]) -> None:
        manager = self._hooks()
        try:
            manager.register(plugin.module, name=plugin.name)
            callers = manager.get_hookcallers(plugin.module) or []
            _refuse_misspelt(callers, vars(manager.hook).values())
            _refuse_wrappers(callers, plugin.module)
            _refuse_undeclared(declared, {caller.name for caller in callers})
        except Exception as error:
            plugin.fail(Stage.REGISTER, error)
            raise PluginError(plugin.why()) from error

    def _hooks(self) -> pluggy.PluginManager:
        if self._pluggy is None:
            import pluggy

            from . import hookspecs

            self._pluggy = pluggy.PluginManager(hookspecs.PROJECT)
            self._pluggy.add_hookspecs(hookspecs)
        return self._pluggy

    def call(self, hook: str, **arguments: Any) -> list[tuple[Plugin, Any]]:
        """Call a hook of the plugins that declare it; each result comes with its author.

        They are loaded first, and no others. One that cannot be loaded or raises is marked
        broken, with a warning; its hooks are not called again, and the others go on.
        """
        return list(self._each(hook, arguments))

    def call_in_turn(
        self, hook: str, changed: str, /, **arguments: Any
    ) -> Iterator[tuple[Plugin, Any]]:
        """As ``call``, but what one plugin returns the next one gets as its ``changed``."""
        for plugin, result in self._each(hook, arguments):
            yield plugin, result
            arguments[changed] = result

    def send(self, event: Event) -> None:
        """Tell the plugins that observe events."""
        self.call("zoo_event", event=event)

    def _each(self, hook: str, arguments: dict[str, Any]) -> Iterator[tuple[Plugin, Any]]:
        """Results one by one; ``arguments`` may be changed between two of them."""
        for plugin in self.plugins:
            if not plugin.has_hook(hook):
                continue
            try:
                self.load(plugin)
                result = self._call_one(plugin, hook, arguments)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - must not stop others
                import logging

                if plugin.state is State.LOADED:
                    plugin.fail(Stage.CALL, error)
                logging.getLogger(__name__).warning("%s", plugin.why())
                continue
            if result is not None:
                yield plugin, result

    def _call_one(self, plugin: Plugin, hook: str, arguments: dict[str, Any]) -> Any:
        for implementation in getattr(self._hooks().hook, hook).get_hookimpls():
            if implementation.plugin is plugin.module:
                given = {name: arguments[name] for name in implementation.argnames}
                return implementation.function(**given)
        return None


def _refuse_misspelt(
    implemented: Iterable[pluggy.HookCaller], known: Iterable[pluggy.HookCaller]
) -> None:
    """Every implementation must be of a hook that core knows."""
    misspelt = sorted(caller.name for caller in implemented if not caller.has_spec())
    if misspelt:
        names = sorted(caller.name for caller in known if caller.has_spec())
        raise PluginError(str(unknown_name("hook", misspelt[0], names)))


def _refuse_wrappers(implemented: Iterable[pluggy.HookCaller], module: object) -> None:
    """Each plugin is called by itself: there are no other results that one could wrap."""
    wrappers = sorted(
        caller.name
        for caller in implemented
        for implementation in caller.get_hookimpls()
        if implementation.plugin is module
        and (implementation.wrapper or implementation.hookwrapper)
    )
    if wrappers:
        raise PluginError(
            f"the hook {wrappers[0]} is implemented as a wrapper, but each plugin is called by "
            "itself: there is nothing to wrap; mark it with a plain @hookimpl"
        )


def _refuse_undeclared(declared: set[str], implemented: set[str]) -> None:
    """A hook that is not declared would never be called, and one that is not there cannot."""
    if declared == implemented:
        return
    wrong = {
        "implements {} but does not declare it": implemented - declared,
        "declares {} but does not implement it": declared - implemented,
    }
    told = [text.format(", ".join(sorted(names))) for text, names in wrong.items() if names]
    raise PluginError(
        f"the plugin {' and '.join(told)}; 'hooks' in its manifest must list the hooks that "
        "its hook module implements"
    )


def _needed(plugin: Plugin, kind: str, name: str) -> str:
    return f"{plugin.why()} It was needed for the {kind.removesuffix('s')} {name!r}."
