"""Plugins: finding, listing, importing on use, and calling their hooks.

``hookimpl`` and the hook specifications need pluggy and are imported on first use.
"""

from typing import TYPE_CHECKING, Any

from ._discovery import discover, plugins_from
from ._events import EpochEnded, Event, ModelLoaded, PredictionEnded
from ._health import HealthCheck
from ._manager import PluginManager
from ._manifest import API, KINDS, Contribution, Manifest, read_manifest
from ._plugin import Plugin, Stage, State

if TYPE_CHECKING:
    from .hookspecs import hookimpl

__all__ = [
    "API",
    "KINDS",
    "Contribution",
    "EpochEnded",
    "Event",
    "HealthCheck",
    "Manifest",
    "ModelLoaded",
    "Plugin",
    "PluginManager",
    "PredictionEnded",
    "Stage",
    "State",
    "discover",
    "hookimpl",
    "plugins_from",
    "read_manifest",
]


def __getattr__(name: str) -> Any:
    if name == "hookimpl":
        from .hookspecs import hookimpl

        return hookimpl
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
