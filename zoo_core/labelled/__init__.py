"""Labelled data: objects with a class each, read and split without leaks."""

from typing import TYPE_CHECKING

from .._later import imported_later

if TYPE_CHECKING:
    from ._examples import Examples, read_examples
    from ._guess import guess_input
    from ._labelled import Labelled, open_labelled
    from ._split import Split, check_leaks, check_parts, make_split

__all__ = [
    "Examples",
    "Labelled",
    "Split",
    "check_leaks",
    "check_parts",
    "guess_input",
    "make_split",
    "open_labelled",
    "read_examples",
]

__getattr__ = imported_later(
    __name__,
    _examples=("Examples", "read_examples"),
    _guess=("guess_input",),
    _labelled=("Labelled", "open_labelled"),
    _split=("Split", "check_leaks", "check_parts", "make_split"),
)
