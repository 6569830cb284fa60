"""Keeping the warnings of file libraries off the terminal, without losing them."""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# ``catch_warnings`` swaps state of the whole process: two threads that enter and leave it
# out of step would leave the filters broken for good.
_lock = threading.RLock()


def _unlock_in_child() -> None:
    """A forked process has none of the threads that may have held the lock."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Collect warnings as text; they are neither shown nor turned into errors."""
    messages: list[str] = []
    with _lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        finally:
            messages.extend(str(warning.message) for warning in caught)
