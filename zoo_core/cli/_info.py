"""``zoo info``: a model's card."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from .._zoo import Zoo
from ..cards import circumstances, comparison_tables
from ..devices import VIEWS
from ._common import add_verb, human_size, note, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ..cards import CardMetric
    from ..registry import ModelFolder
    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "info",
        run,
        summary="show a model's card: input, training, metrics, limits",
        examples=("zoo info resnet-lens", "zoo info resnet-lens --json"),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")


def run(arguments: argparse.Namespace) -> int:
    """Print the card."""
    found = Zoo.discover().find(arguments.name)
    card = found.card
    if card.unknown_fields:
        note(f"the card has unknown fields: {', '.join(card.unknown_fields)}")
    if arguments.json:
        print_json(found.card_as_json())
        return 0
    weights = card.weights
    print(f"{card.name} {card.version}: {card.summary}\n")
    facts = [
        ("folder", str(found.folder)) if found.made is None else ("place", found.place),
        ("plugin", card.plugin),
        ("task", f"{card.task.name} ({card.task.kind})"),
        *(("classes", " / ".join(t.classes)) for t in card.task.targets if t.classes),
        *(("input", spec.describe()) for spec in card.inputs),
        *(("preprocessing", steps.describe()) for steps in card.preprocessing.values()),
        ("architecture", f"{card.architecture.name}, {weights.num_parameters:,} parameters"),
        *([] if card.views == "one" else [("views", VIEWS[card.views])]),
        ("weights", _weights(found)),
        *(
            ("trained on", f"{t.kind} {t.name} version {t.version}, {t.examples:,} examples")
            for t in card.trained_on
        ),
        ("parent", card.parent or "none"),
    ]
    for name, value in facts:
        print(f"  {name:<14} {value}")
    if card.metrics:
        print(f"\nMetrics ({card.metrics[0].role} data: {card.metrics[0].data})\n")
        print_table(
            ("METRIC", "VALUE", "95 % INTERVAL", "N", "PUBLISHED", "CONDITIONS"),
            [_metric_row(entry) for entry in card.metrics],
        )
    if card.measured_with:
        print(f"\n{circumstances(card.measured_with)}")
    for table in comparison_tables(card):
        print(f"\nBeside others ({table.role} data: {table.data})\n")
        print_table(("METRIC", "CONDITIONS", *table.header[2:]), table.rows)
        print()
        for other in table.others:
            print(f"{other.name}: {other.summary or 'another model'}")
            if other.command:
                print(f"  {other.command}")
    print("\nLimits\n")
    for limit in card.limits:
        print(f"  - {limit}")
    # As it was given: the name of a model that was found by its path may find none, or another.
    given = shlex.quote(arguments.name)
    print(f"\nTry: zoo predict {given} cutouts/ -o predictions.parquet")
    return 0


def _weights(found: ModelFolder) -> str:
    weights = found.card.weights
    size = f"{human_size(weights.ref.size)} " if weights.ref.is_known else ""
    text = f"{size}{weights.dtype}, {weights.license}"
    return text if found.is_embedded else f"{text}, from {', '.join(weights.sources)}"


def _metric_row(entry: CardMetric) -> tuple[str, ...]:
    m = entry.metric
    interval = "" if m.low is None or m.high is None else f"{m.low:.4f} to {m.high:.4f}"
    published = f"{entry.published.value:g}" if entry.published else ""
    return m.name, f"{m.value:.4f}", interval, str(m.n), published, m.conditions
