"""Places: where model folders come from that no registry holds, such as a hub."""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._reference import HubReference, parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from ._cache import choose_cached, list_cached, remove_cached
    from ._hub import HubPlace
    from ._lock import LockFile, user_lock_file
    from ._place import Place
    from ._publish import list_outgoing, publish
    from ._sources import fetch_from_sources, read_recorded, recorded_file

__all__ = [
    "HubPlace",
    "HubReference",
    "LockFile",
    "Place",
    "choose_cached",
    "fetch_from_sources",
    "list_cached",
    "list_outgoing",
    "parse_hub_reference",
    "publish",
    "read_recorded",
    "recorded_file",
    "remove_cached",
    "split_scheme",
    "user_lock_file",
]

__getattr__ = imported_later(
    __name__,
    _cache=("choose_cached", "list_cached", "remove_cached"),
    _hub=("HubPlace",),
    _lock=("LockFile", "user_lock_file"),
    _place=("Place",),
    _publish=("list_outgoing", "publish"),
    _sources=("fetch_from_sources", "read_recorded", "recorded_file"),
)
