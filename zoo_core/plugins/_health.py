"""The result of one health check."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One line of ``zoo doctor``.

    ``message`` says what was found and, where the check did not pass, what to do.
    """

    name: str
    passed: bool
    message: str
