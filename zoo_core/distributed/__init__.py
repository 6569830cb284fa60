"""A training on more than one process: whoever starts them, they find each other here."""

from typing import TYPE_CHECKING

from .._later import imported_later
from ._launched import Launched, launched

if TYPE_CHECKING:
    from ._team import Team, join_team
    from ._whole_batch import WholeBatch

__all__ = ["Launched", "Team", "WholeBatch", "join_team", "launched"]

__getattr__ = imported_later(
    __name__,
    _team=("Team", "join_team"),
    _whole_batch=("WholeBatch",),
)
