"""Finding an engine by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PluginError, UnknownName, UsageError, unknown_name
from ._engine import InProcess

if TYPE_CHECKING:
    from ..plugins import PluginManager
    from ._engine import Engine

#: The engine of core, which every run has that names no other.
IN_PROCESS = "in-process"


def find_engine(
    name: str, plugins: PluginManager | None = None, *, workers: int | None = None
) -> Engine:
    """An engine by name.

    Parameters
    ----------
    name : str
        ``in-process``, or one that a plugin offers as ``engines``; ``plugin/name`` says whose.
    plugins : PluginManager, optional
        Where to look for others.
    workers : int, optional
        How many workers it has; as many as it thinks right, if not given.

    Raises
    ------
    UnknownName
        There is none of this name.
    PluginError
        A plugin offers it that cannot be used, or what it offers is no engine.
    UsageError
        It cannot have so many workers, or something that it needs is not installed.
    """
    if name == IN_PROCESS:
        if workers not in (None, 1):
            raise UsageError(
                f"the engine {IN_PROCESS} is one worker with all threads, --workers says "
                f"{workers}: take another engine with it, such as --engine ray."
            )
        return InProcess()
    kind = "engines"
    offered = [found.name for found in plugins.contributions(kind)] if plugins else []
    if plugins is None:
        raise unknown_name("engine", name, [IN_PROCESS])
    try:
        contribution = plugins.find(kind, name)
    except UnknownName:
        raise unknown_name("engine", name, [IN_PROCESS, *offered]) from None
    engine: Engine = plugins.resolve(kind, name)(workers=workers)
    if not callable(getattr(engine, "run", None)):
        raise PluginError(
            f"the plugin {contribution.plugin!r} offers {contribution.target} as an engine, "
            f"but calling it gives a {type(engine).__name__}, which has no method run."
        )
    return engine
