"""A measured number with what is needed to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number on a card.

    Parameters
    ----------
    name : str
        Standard name, such as ``auroc``.
    value : float
        The number.
    low, high : float or None
        Limits of the 95 % interval.
    n : int
        Number of objects it was measured on; of a fraction, its denominator.
    conditions : str
        Which of the objects, and at which setting; empty for all.

    Examples
    --------
    >>> metric = Metric(name="accuracy", value=0.9, n=100, low=0.826, high=0.945)
    >>> str(metric)
    'accuracy 0.9000 [0.8260, 0.9450], n = 100'
    """

    name: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    conditions: str = ""

    def __str__(self) -> str:
        """One line for people."""
        conditions = f" ({self.conditions})" if self.conditions else ""
        interval = (
            f" [{self.low:.4f}, {self.high:.4f}]"
            if self.low is not None and self.high is not None
            else ""
        )
        return f"{self.name}{conditions} {self.value:.4f}{interval}, n = {self.n}"

    def to_json(self) -> dict[str, Any]:
        """As a card holds it: plain numbers and text, without the fields that are empty."""
        entry: dict[str, Any] = {"name": self.name, "value": float(self.value)}
        if self.low is not None:
            entry["low"] = float(self.low)
        if self.high is not None:
            entry["high"] = float(self.high)
        entry["n"] = int(self.n)
        if self.conditions:
            entry["conditions"] = self.conditions
        return entry
