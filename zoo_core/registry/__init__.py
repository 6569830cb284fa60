"""Registries: places that hold model folders, and finding a model in them."""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._lookup import Listed, Lookup, find_folder, list_folders
from ._registry import (
    Registry,
    embedded_registry,
    registries_of,
    user_data_folder,
    user_registry,
)

if TYPE_CHECKING:
    from ._folder import ModelFolder

__all__ = [
    "Listed",
    "Lookup",
    "ModelFolder",
    "Registry",
    "embedded_registry",
    "find_folder",
    "list_folders",
    "registries_of",
    "user_data_folder",
    "user_registry",
]

__getattr__ = imported_later(__name__, _folder=("ModelFolder",))
