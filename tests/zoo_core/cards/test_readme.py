"""The README that is generated from a card."""

import json

from minimal_card import CARD, changed_card

from zoo_core.cards import metrics_table, parse_card, readme


def test_every_fact_of_the_card_is_in_it():
    """Input, preprocessing, calibration, license, hash, limits, citation."""
    text = readme(parse_card(CARD))

    facts = (
        "toy-g [nJy]", "asinh(softening=2.0)", "temperature 1.5", "CC0-1.0", "a" * 64,
        "- A test.", "@misc{small", "empty / spot", "simulator spots version 1",
    )  # fmt: skip

    assert [fact for fact in facts if fact not in text] == []


def test_the_front_matter_is_yaml_made_of_json():
    """Each line is a key with a JSON value."""
    block = readme(parse_card(CARD)).split("---")[1].strip()
    fields = dict(line.split(": ", 1) for line in block.splitlines())

    assert json.loads(fields["license"]) == "cc0-1.0"
    assert json.loads(fields["model-index"])[0]["results"][0]["metrics"][0]["value"] == 0.9


def test_the_published_number_stands_beside_ours():
    """With its source and the difference."""
    published = {"value": 0.85, "source": "Somebody 2020"}
    card = parse_card(changed_card("metrics.0.published", published))
    table = metrics_table(card.metrics)

    assert "0.85 (Somebody 2020); ours +0.0500" in table
    assert "0.8000 to 0.9500" in table
