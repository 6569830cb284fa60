"""Checks of a place: its scheme, and that bad references end in a clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ZooError
from ._check import fail, require

if TYPE_CHECKING:
    from ._uses import Uses

#: No place has these, and none may take them for files.
_BAD = (
    "",
    " ",
    ".",
    "..",
    "../../etc",
    "/etc/passwd",
    "a/../../b",
    "\0",
    "x" * 3000,
    "@",
    "//",
)


def is_a_place_of_its_scheme(uses: Uses, name: str) -> None:
    """The class is a ``Place`` with the scheme that the manifest announces."""
    from ..places import Place

    place = uses.zoo.place(name)
    require(isinstance(place, Place), f"{name!r} makes {type(place).__name__}, not a Place")
    require(place.scheme == name, f"the scheme is {place.scheme!r}, the manifest says {name!r}")


def bad_references_are_clear_errors(uses: Uses, name: str) -> None:
    """Whatever follows the scheme, nothing but an error of the zoo comes out."""
    place = uses.zoo.place(name)
    for rest in _BAD:
        try:
            place.find(rest)
        except ZooError:
            continue
        except Exception as error:  # noqa: BLE001 - any other error is the finding
            fail(f"the reference {rest[:40]!r} ends in {type(error).__name__}: {error}")
        else:
            fail(f"the reference {rest[:40]!r} leads to a model")


CHECKS = (is_a_place_of_its_scheme, bad_references_are_clear_errors)
