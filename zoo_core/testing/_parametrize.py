"""One pytest test for each check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._check import expected_reason, refuse_bad_expectations

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from ._check import Check, Expected


def parametrize_with_checks(
    checks: Iterable[Check], *, expected_failures: Expected | None = None
) -> pytest.MarkDecorator:
    """Parametrise a test over its argument ``check``, which it has to call.

    Parameters
    ----------
    checks : iterable of Check
        From ``plugin_checks`` and ``model_checks``.
    expected_failures : mapping of str to str
        Names of checks, or ``subject:name`` of single ones, with the reason why they fail.
        They must fail: one that passes is a failure.

    Raises
    ------
    UsageError
        An expected failure that names no check or gives no reason.
    """
    import pytest

    checks, expected = list(checks), expected_failures or {}
    refuse_bad_expectations(checks, expected)
    parameters = []
    for check in checks:
        reason = expected_reason(check, expected)
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        parameters.append(pytest.param(check, id=str(check), marks=marks))
    return pytest.mark.parametrize("check", parameters)
