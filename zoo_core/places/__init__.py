"""Places: where model folders come from that no registry holds, such as a hub."""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._reference import HubReference, parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from ._cache import choose_cached, list_cached, remove_cached
    from ._hub import HubPlace, require_hub
    from ._lock import LockFile, user_lock_file
    from ._place import Place
    from ._publish import list_outgoing, list_removed, publish
    from ._sources import (
        cached_from_sources,
        fetch_from_sources,
        find_recorded,
        forget_others,
        how_to_accept,
        read_recorded,
        recorded_file,
    )

__all__ = [
    "HubPlace",
    "HubReference",
    "LockFile",
    "Place",
    "cached_from_sources",
    "choose_cached",
    "fetch_from_sources",
    "find_recorded",
    "forget_others",
    "how_to_accept",
    "list_cached",
    "list_outgoing",
    "list_removed",
    "parse_hub_reference",
    "publish",
    "read_recorded",
    "recorded_file",
    "remove_cached",
    "require_hub",
    "split_scheme",
    "user_lock_file",
]

__getattr__ = imported_later(
    __name__,
    _cache=("choose_cached", "list_cached", "remove_cached"),
    _hub=("HubPlace", "require_hub"),
    _lock=("LockFile", "user_lock_file"),
    _place=("Place",),
    _publish=("list_outgoing", "list_removed", "publish"),
    _sources=(
        "cached_from_sources",
        "fetch_from_sources",
        "find_recorded",
        "forget_others",
        "how_to_accept",
        "read_recorded",
        "recorded_file",
    ),
)
