"""The command ``zoo``."""

from ._main import main

__all__ = ["main"]
