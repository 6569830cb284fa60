"""What a check is, and running many of them."""

from __future__ import annotations

import unittest
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from ..errors import UsageError, ZooError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    #: Names of checks, or ``subject:name`` of single ones, with the reason why they fail.
    Expected: TypeAlias = Mapping[str, str]
else:
    Expected = dict


class CheckFailed(ZooError, AssertionError):
    """Something does not conform; the message says what was found and what is wanted."""


class NotApplicable(unittest.SkipTest):
    """A check that cannot be made here, with the reason; pytest shows it as skipped."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one thing; calling it raises ``CheckFailed`` or ``NotApplicable``.

    ``subject`` is what is checked, such as ``strong-lensing/architectures/deeplens``.
    """

    name: str
    subject: str
    run: Callable[[], None]

    def __call__(self) -> None:
        self.run()

    def __str__(self) -> str:
        return f"{self.subject}:{self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a check: ``passed``, ``failed``, ``expected failure`` or ``skipped``."""

    check: Check
    word: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.check}" + (f": {self.reason}" if self.reason else "")


def fail(message: str) -> NoReturn:
    """Say that something does not conform."""
    raise CheckFailed(message)


def require(condition: object, message: str) -> None:
    """Fail unless the condition holds; unlike ``assert`` also under ``python -O``."""
    if not condition:
        fail(message)


def expected_reason(check: Check, expected: Expected) -> str | None:
    """Why a check is expected to fail, if it is."""
    return expected.get(str(check), expected.get(check.name))


def refuse_bad_expectations(checks: Iterable[Check], expected: Expected) -> None:
    """Every expected failure must name a check and give a reason.

    Raises
    ------
    UsageError
        One does not.
    """
    known = {name for check in checks for name in (check.name, str(check))}
    for name, reason in expected.items():
        if name not in known:
            raise UsageError(
                f"there is no check {name!r} here. Known: "
                f"{', '.join(sorted(name for name in known if ':' not in name))}."
            )
        if not reason.strip():
            raise UsageError(f"the expected failure of {name!r} needs a reason.")


def run_checks(checks: list[Check], expected: Expected) -> list[Outcome]:
    """Run all checks.

    Raises
    ------
    CheckFailed
        Naming each check that failed, and each that passed although it was expected to
        fail.
    UsageError
        An expected failure that names no check or gives no reason.
    """
    refuse_bad_expectations(checks, expected)
    outcomes = [_run(check, expected_reason(check, expected)) for check in checks]
    bad = [outcome for outcome in outcomes if outcome.word == "failed"]
    if bad:
        lines = "\n".join(f"  {outcome.check}: {outcome.reason}" for outcome in bad)
        raise CheckFailed(f"{len(bad)} of {len(checks)} checks failed:\n{lines}")
    return outcomes


def _run(check: Check, reason: str | None) -> Outcome:
    try:
        check()
    except NotApplicable as skip:
        return Outcome(check, "skipped", str(skip))
    # Code of a stranger is run here, which fails in any way it likes.
    except Exception as error:  # noqa: BLE001
        told = (
            str(error) if isinstance(error, CheckFailed) else f"{type(error).__name__}: {error}"
        )
        if reason is None:
            return Outcome(check, "failed", told)
        return Outcome(check, "expected failure", reason)
    if reason is not None:
        return Outcome(check, "failed", f"passed, but was expected to fail: {reason}")
    return Outcome(check, "passed")
