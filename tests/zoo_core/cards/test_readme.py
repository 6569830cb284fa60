"""The README that is generated from a card."""

import json

import pytest
from minimal_card import CARD, changed_card

from zoo_core.cards import MeasuredWith, metrics_table, parse_card, readme

MEASURED_WITH = {
    "device": "cpu",
    "precision": "bfloat16",
    "astrozoo_version": "0.1.0",
    "torch_version": "2.15.0",
}


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


def test_it_says_what_computed_the_metrics():
    """Device, precision and versions, right below the numbers; nothing if not known."""
    card = parse_card(changed_card("measured_with", MEASURED_WITH))
    measured = readme(card).split("## How good it is")[1].split("## Limits")[0]
    line = "Computed on cpu in bfloat16, with astrozoo 0.1.0 and torch 2.15.0."

    assert card.measured_with == MeasuredWith(**MEASURED_WITH)
    assert card.unknown_fields == ()
    assert line in measured.splitlines()
    assert "Computed on" not in readme(parse_card(CARD))


def test_it_says_how_to_name_a_model_that_is_in_no_registry():
    """By the path of its folder, as the command takes it."""
    assert "the path of this folder in place of its name, such as `./small`." in readme(
        parse_card(CARD)
    )


@pytest.mark.parametrize(
    ("license", "fields"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("GPL-2.0-only", {"license": "other", "license_name": "gpl-2.0-only"}),
        ("LicenseRef-apple-amlr", {"license": "other", "license_name": "apple-amlr"}),
    ],
)
def test_licenses_that_the_hub_does_not_list(license, fields):
    """They are named beside the word that the Hub takes for them."""
    front = readme(parse_card(changed_card("weights.license", license))).split("---")[1]
    found = dict(line.split(": ", 1) for line in front.strip().splitlines())

    assert {name: json.loads(found[name]) for name in fields} == fields
