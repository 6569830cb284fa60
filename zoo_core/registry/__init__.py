"""Registries: places that hold model folders, and finding a model in them."""

from ._lookup import Lookup, ModelFolder, find_folder, list_folders
from ._registry import Registry, embedded_registry, registries_of, user_registry

__all__ = [
    "Lookup",
    "ModelFolder",
    "Registry",
    "embedded_registry",
    "find_folder",
    "list_folders",
    "registries_of",
    "user_registry",
]
