"""A plugin and what has become of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..errors import PluginError

if TYPE_CHECKING:
    from ._installed import EntryPoint
    from ._manifest import Manifest


class State(StrEnum):
    """What can be said of a plugin at this moment."""

    LISTED = "listed"
    LOADED = "loaded"
    BLOCKED = "blocked"
    BROKEN = "broken"


class Stage(StrEnum):
    """Where a broken plugin broke."""

    MANIFEST = "manifest"
    API = "api"
    IMPORT = "import"
    REGISTER = "register"
    CALL = "call"


class Plugin:
    """One installed plugin.

    Attributes
    ----------
    name : str
        As its entry point says.
    entry_point : EntryPoint or None
        None for one that was made by hand.
    manifest : Manifest or None
        None while it is blocked, or if it cannot be read.
    state : State
        Listed until it is used.
    stage, error : Stage, BaseException or None
        Where and how a broken plugin broke.
    module : module or None
        The hook module of a loaded plugin.
    """

    def __init__(
        self,
        name: str,
        entry_point: EntryPoint | None = None,
        manifest: Manifest | None = None,
    ):
        self.name = name
        self.entry_point = entry_point
        self.manifest = manifest
        self.state = State.LISTED
        self.stage: Stage | None = None
        self.error: BaseException | None = None
        self.module: Any = None

    def __repr__(self) -> str:
        return f"<Plugin {self.name} {self.state}>"

    @property
    def is_usable(self) -> bool:
        """Whether its contributions may be looked up.

        A hook that raised takes nothing else away: an observer must not end the work that
        it observes.
        """
        sound = self.state in (State.LISTED, State.LOADED) or self.stage is Stage.CALL
        return sound and self.manifest is not None

    def has_hook(self, name: str) -> bool:
        """Whether a hook is to be called: it is declared, and none raised before."""
        if self.manifest is None or self.state not in (State.LISTED, State.LOADED):
            return False
        return name in self.manifest.hooks

    @property
    def distribution(self) -> str:
        """Name and version of the distribution that brought it."""
        return self.entry_point.distribution if self.entry_point else "not installed"

    def fail(self, stage: Stage, error: BaseException) -> None:
        """Mark as broken at a stage, keeping the cause."""
        self.state, self.stage, self.error = State.BROKEN, stage, error

    def why(self) -> str:
        """One sentence that names plugin, distribution, stage and cause."""
        if self.state is State.BLOCKED:
            return (
                f"plugin {self.name!r} ({self.distribution}) is blocked by ZOO_BLOCK or "
                "ZOO_PLUGINS."
            )
        if self.state is not State.BROKEN:
            return f"plugin {self.name!r} ({self.distribution}) is {self.state}."
        cause = " ".join(str(self.error).split()).rstrip(".") or "no message"
        if not isinstance(self.error, PluginError):
            cause = f"{type(self.error).__name__}: {cause}"
        what = "is not called any more" if self.stage is Stage.CALL else "cannot be used"
        return (
            f"plugin {self.name!r} ({self.distribution}) {what}: it failed at the "
            f"stage {self.stage!s}: {cause}."
        )
