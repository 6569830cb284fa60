"""Options of a simulator on the command line."""

import pytest

from zoo_core.errors import UsageError
from zoo_core.simulation import format_options, parse_options


@pytest.mark.parametrize(
    "value",
    [3, 0.25, -1e-9, True, None, "deep", "1", "true", "null", "a=b", '"a"', "", "é ", [1, "2"],
     {"a": {"b": [0.5]}}],
)  # fmt: skip
def test_what_is_written_is_read_again(value):
    """Numbers stay numbers, and a text that looks like one stays a text."""
    (text,) = format_options({"key": value})
    found = parse_options([text])["key"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["seeing", "=3", "", "0.7"])
def test_an_option_needs_key_and_value(text):
    """The message shows how one is written."""
    with pytest.raises(UsageError, match=r"KEY=VALUE.*got"):
        parse_options([text])


def test_an_option_is_given_once():
    """The last one does not win silently."""
    with pytest.raises(UsageError, match="'a' is given twice"):
        parse_options(["a=1", "b=2", "a=3"])
