"""The model card for people, ``README.md``, generated from the card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..devices import VIEWS
from ._comparison import comparison_tables

#: Those of the Hub's list that are written as SPDX writes them.
_LICENSES_OF_THE_HUB = frozenset(
    {
        "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc0-1.0",
        "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
        "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
        "ecl-2.0", "eupl-1.1", "eupl-1.2", "isc", "mpl-2.0", "ms-pl", "ncsa", "ofl-1.1",
        "osl-3.0", "unlicense", "wtfpl", "zlib",
    }
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._card import Card, CardMetric, MeasuredWith


def readme(card: Card, *, reference: str = "") -> str:
    """Markdown with the Hub's metadata block; follows from the card and where it lies.

    Parameters
    ----------
    card : Card
        What it is about.
    reference : str
        The name by which the model is loaded from where it lies, such as
        ``hf://org/name``; its own name, as in a registry, if not given.
    """
    sections = [
        _front_matter(card),
        f"# {card.name}\n\n{card.summary}.",
        _facts(card),
        _use(card, reference),
        *(["## How good it is\n\n" + metrics_table(card.metrics)] if card.metrics else []),
        *([circumstances(card.measured_with)] if card.measured_with else []),
        *(_compared(card) if card.comparisons else []),
        *(f"![{stem}]({path})" for stem, path in card.figures.items()),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in card.limits),
        "## Cite\n\n" + "\n\n".join(f"```bibtex\n{entry}\n```" for entry in card.citation),
    ]
    return "\n\n".join(sections) + "\n"


def metrics_table(metrics: Iterable[CardMetric]) -> str:
    """A Markdown table: metric, value with interval, n, data, the paper's number."""
    lines = [
        "| metric | conditions | value | 95 % interval | n | published |",
        "|---|---|---|---|---|---|",
    ]
    sources: dict[str, list[str]] = {}
    for entry in metrics:
        m = entry.metric
        interval = "" if m.low is None or m.high is None else f"{m.low:.4f} to {m.high:.4f}"
        published = ""
        if entry.published:
            difference = m.value - entry.published.value
            published = (
                f"{entry.published.value:g} ({entry.published.source}); ours {difference:+.4f}"
            )
        lines.append(
            f"| {m.name} | {m.conditions} | {m.value:.4f} | {interval} | {m.n} | {published} |"
        )
        sources.setdefault(f"{entry.role} data: {entry.data}", []).append(entry.command)
    for source, commands in sources.items():
        printed = f" Printed by `{commands[0]}`." if commands[0] else ""
        lines.append(f"\nMeasured on {source}.{printed}")
    return "\n".join(lines)


def _compared(card: Card) -> list[str]:
    """A heading, and a table for each data that something was compared on."""
    found = ["## Beside others"]
    for table in comparison_tables(card):
        lines = [f"On the same objects: {table.role} data, {table.data}.\n"]
        lines += [f"| {' | '.join(table.header)} |", "|---" * len(table.header) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in table.rows]
        for other in table.others:
            printed = f" Printed by `{other.command}`." if other.command else ""
            lines.append(f"\n`{other.name}`: {other.summary or 'another model'}.{printed}")
        found.append("\n".join(lines))
    return found


def circumstances(measured_with: MeasuredWith) -> str:
    """One sentence on what computed the metrics."""
    m = measured_with
    return (
        f"Computed on {m.device} in {m.precision}, with astrozoo {m.astrozoo_version} and "
        f"torch {m.torch_version}."
    )


def _use(card: Card, reference: str) -> str:
    name = reference or card.name
    elsewhere = (
        f"From your own copy of this folder, write its path in place of `{reference}`"
        if reference
        else "Where the model is in no registry, write the path of this folder in place of its "
        "name"
    )
    return (
        "## Use\n\n"
        f"```\nzoo predict {name} cutouts/ -o predictions.parquet\n```\n\n"
        f'```python\nimport zoo_core as zoo\n\nmodel = zoo.load("{name}")\n'
        'table = model.predict("cutouts/")\n```\n\n'
        f"{elsewhere}, such as `./{card.name}`."
    )


def _facts(card: Card) -> str:
    calibration = ", ".join(f"{k} {v:.4g}" for k, v in card.task.calibration.items()) or "none"
    trained = "; ".join(
        f"{t.kind} {t.name} version {t.version}, {t.examples} examples"
        + ("" if t.seed is None else f", seed {t.seed}")
        for t in card.trained_on
    )
    rows = [
        ("version", card.version),
        ("task", f"{card.task.name} ({card.task.kind})"),
        ("classes", "; ".join(" / ".join(t.classes) for t in card.task.targets if t.classes)),
        *(("input", spec.describe()) for spec in card.inputs),
        *(("preprocessing", steps.describe()) for steps in card.preprocessing.values()),
        ("architecture", f"{card.architecture.name}, {card.weights.num_parameters} parameters"),
        ("views", "" if card.views == "one" else VIEWS[card.views]),
        ("calibration", calibration),
        ("trained on", trained),
        ("parent", card.parent or ""),
        ("license of the weights", card.weights.license),
        (
            "sha256 of the weights",
            f"`{card.weights.ref.sha256}`"
            if card.weights.ref.is_known
            else "not known here; recorded at the first load",
        ),
        ("weights fetched from", ", ".join(card.weights.sources)),
    ]
    lines = [f"| {name} | {value} |" for name, value in rows if value]
    return "\n".join(["| | |", "|---|---|", *lines])


def _license(license: str) -> dict[str, str]:
    """The Hub takes some licenses by their SPDX name, in small letters, and no others."""
    if license.lower() in _LICENSES_OF_THE_HUB:
        return {"license": license.lower()}
    return {"license": "other", "license_name": license.removeprefix("LicenseRef-").lower()}


def _front_matter(card: Card) -> str:
    results = [
        {
            "task": {"type": card.task.kind, "name": card.task.name},
            "dataset": {"name": entry.data, "type": entry.role},
            "metrics": [
                {
                    "type": entry.metric.name,
                    "value": entry.metric.value,
                    "name": " ".join([entry.metric.name, entry.metric.conditions]).strip(),
                }
            ],
        }
        for entry in card.metrics
    ]
    # JSON is YAML, and needs no library to be written correctly.
    fields = {
        "library_name": "astrozoo",
        **_license(card.weights.license),
        "tags": ["astronomy", "astrozoo", card.plugin, card.task.name],
        "model-index": [{"name": card.name, "results": results}],
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(["---", *lines, "---"])
