"""Networks of which there is more than one form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_form(name: str, form: str, forms: Sequence[str]) -> None:
    """Raise ``UsageError`` unless the network has this form."""
    if form not in forms:
        known = ", ".join(map(repr, forms))
        raise UsageError(f"{name} has the forms {known}, not {form!r}.")
