"""Names of a package that are imported when they are first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def imported_later(package: str, **modules: tuple[str, ...]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    **modules : tuple of str
        For each module of the package the public names it defines.

    Examples
    --------
    >>> imported_later("zoo_core.cards", _metric=("Metric",))("Metric").__name__
    'Metric'
    """
    places = {name: module for module, names in modules.items() for name in names}

    def fetch(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return fetch
