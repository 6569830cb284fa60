"""Plugins: finding, listing, importing on use, and calling their hooks.

``hookimpl`` needs pluggy; it and what only hooks take or return are imported on first use.
"""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._discovery import discover, plugins_from
from ._manager import PluginManager
from ._manifest import API, KINDS, Contribution, Manifest, read_manifest
from ._plugin import Plugin, Stage, State

if TYPE_CHECKING:
    from ._events import (
        EpochEnded,
        Event,
        FinetuneEnded,
        FinetuneStarted,
        ModelLoaded,
        PredictionEnded,
    )
    from ._health import HealthCheck
    from .hookspecs import hookimpl

__all__ = [
    "API",
    "KINDS",
    "Contribution",
    "EpochEnded",
    "Event",
    "FinetuneEnded",
    "FinetuneStarted",
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


__getattr__ = imported_later(
    __name__,
    _events=(
        "EpochEnded",
        "Event",
        "FinetuneEnded",
        "FinetuneStarted",
        "ModelLoaded",
        "PredictionEnded",
    ),
    _health=("HealthCheck",),
    hookspecs=("hookimpl",),
)
