"""Libraries that only some features need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zoo_core.errors import UsageError


def from_extra(module: str, *, feature: str) -> Any:
    """Import a module of the extra ``classical`` when a feature needs it.

    Raises
    ------
    UsageError
        It is not installed; with the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the feature {feature!r} needs the package {error.name!r}: "
            "pip install 'astrozoo[classical]'."
        ) from error
