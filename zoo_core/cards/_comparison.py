"""A model's metrics beside those of others, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._card import Card, Comparison
    from ._metric import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable:
    """What was measured on the same objects, for people.

    Attributes
    ----------
    data, role : str
        Which objects, and what they were to the model of the card.
    header : tuple of str
        ``metric``, ``conditions``, the card's model, the others.
    rows : tuple of tuple of str
        Each value with its 95 % interval; empty where one of them has no such number.
    others : tuple of Comparison
        In the order of the columns.
    """

    data: str
    role: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    others: tuple[Comparison, ...]


def comparison_tables(card: Card) -> list[ComparisonTable]:
    """One table for each data that other models are compared on."""
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for other in card.comparisons:
        groups.setdefault((other.data, other.role), []).append(other)
    return [_table(card, *key, tuple(others)) for key, others in groups.items()]


def _table(card: Card, data: str, role: str, others: tuple[Comparison, ...]) -> ComparisonTable:
    columns = [
        _by_key(tuple(e.metric for e in card.metrics if (e.data, e.role) == (data, role))),
        *(_by_key(other.metrics) for other in others),
    ]
    compared = dict.fromkeys(key for column in columns[1:] for key in column)
    # In the order of the card.
    keys = [key for key in columns[0] if key in compared]
    keys += [key for key in compared if key not in columns[0]]
    return ComparisonTable(
        data=data,
        role=role,
        header=("metric", "conditions", card.name, *(other.name for other in others)),
        rows=tuple((*key, *(_cell(column.get(key)) for column in columns)) for key in keys),
        others=others,
    )


def _by_key(metrics: tuple[Metric, ...]) -> dict[tuple[str, str], Metric]:
    return {(metric.name, metric.conditions): metric for metric in metrics}


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return ""
    if metric.low is None or metric.high is None:
        return f"{metric.value:.4f}"
    return f"{metric.value:.4f} ({metric.low:.4f} to {metric.high:.4f})"
