"""A mirror: model folders served over the Hub's protocol, read-only."""

from typing import TYPE_CHECKING

from .._later import imported_later

if TYPE_CHECKING:
    from ._app import make_app
    from ._repositories import Repositories
    from ._serve import serve

__all__ = ["Repositories", "make_app", "serve"]

__getattr__ = imported_later(
    __name__, _app=("make_app",), _repositories=("Repositories",), _serve=("serve",)
)
