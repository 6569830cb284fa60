"""A model's metrics beside those of others."""

import copy

import pytest
from minimal_card import CARD, changed_card

from zoo_core.cards import comparison_tables, parse_card, readme
from zoo_core.errors import CardError

DATA = CARD["metrics"][0]["data"]


def other(name="svm", data=DATA, value=0.7, **fields):
    number = {"name": "auroc", "value": value, "low": 0.6, "high": 0.8, "n": 100}
    return {
        "name": name,
        "summary": "fitted",
        "data": data,
        "role": "test",
        "command": f"zoo finetune {name} a.npz",
        "metrics": [number],
        **fields,
    }


def card_with(*others):
    return parse_card({**copy.deepcopy(CARD), "comparisons": list(others)})


def test_numbers_of_one_metric_stand_in_one_row():
    """With intervals; those without a counterpart are left empty."""
    extra = {"name": "brier", "value": 0.25, "n": 100}
    forest = other("forest", metrics=[extra, {**other()["metrics"][0], "value": 0.75}])
    (table,) = comparison_tables(card_with(other(), forest))

    assert table.header == ("metric", "conditions", "small", "svm", "forest")
    assert table.rows == (
        (
            "auroc",
            "",
            "0.9000 (0.8000 to 0.9500)",
            "0.7000 (0.6000 to 0.8000)",
            "0.7500 (0.6000 to 0.8000)",
        ),
        ("brier", "", "", "", "0.2500"),
    )


def test_other_data_get_a_table_of_their_own():
    """Numbers of different objects never stand side by side."""
    first, second = comparison_tables(card_with(other(), other("forest", data="elsewhere")))

    assert first.header[2:] == ("small", "svm")
    assert first.rows[0][2] != ""
    assert second.rows[0][2:] == ("", "0.7000 (0.6000 to 0.8000)")


def test_a_card_without_any_says_nothing():
    """Neither a table nor a heading."""
    card = parse_card(CARD)

    assert comparison_tables(card) == []
    assert "Beside others" not in readme(card)


def test_the_readme_shows_them_with_their_commands():
    """A Markdown table under a heading."""
    text = readme(card_with(other()))

    assert "## Beside others" in text
    assert "| metric | conditions | small | svm |\n|---|---|---|---|\n| auroc |" in text
    assert "`svm`: fitted. Printed by `zoo finetune svm a.npz`." in text


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("0.role", "best", "role must be one of"),
        ("0.metrics.0.value", "high", "'value' must be a number"),
        ("0.metrics.0.n", -1, "'n' must be at least 0"),
        ("0.data", None, "'data' is missing"),
    ],
)
def test_what_cannot_be_is_refused(path, value, told):
    """With the place."""
    card = changed_card()
    card["comparisons"] = [other()]
    *outer, last = path.split(".")
    place = card["comparisons"]
    for key in outer:
        place = place[int(key) if key.isdigit() else key]
    place[last] = value

    with pytest.raises(CardError, match=told) as caught:
        parse_card(card)
    assert "comparisons[0]" in str(caught.value)
