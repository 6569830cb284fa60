"""Reading cards: what is refused, with which words, and what is let through."""

import json

import pytest
from minimal_card import CARD, changed_card, write_card

from zoo_core.cards import Fields, parse_card, read_card, read_summary
from zoo_core.errors import CardError

REQUIRED = [
    "schema", "name", "version", "summary", "plugin", "architecture", "architecture.name",
    "task", "task.name", "task.kind", "task.targets", "task.targets.0.name", "inputs",
    "inputs.0.name",
    "inputs.0.kind", "inputs.0.bands", "inputs.0.bands.0.name", "weights", "weights.file",
    "weights.sha256", "weights.size", "weights.num_parameters", "weights.dtype",
    "weights.license", "head_keys", "trained_on", "trained_on.0.name", "trained_on.0.version",
    "trained_on.0.kind", "trained_on.0.examples", "metrics.0.name", "metrics.0.value",
    "metrics.0.n", "metrics.0.data", "metrics.0.role", "golden", "golden.file",
    "golden.sha256", "golden.size", "golden.absolute_tolerance", "golden.relative_tolerance",
    "citation", "limits",
]  # fmt: skip

WRONG = [
    ("schema", 2, "card format 2.*newer astrozoo"),
    ("schema", 0, "card format 0"),
    ("schema", True, "'schema' must be a whole number, is True"),
    ("name", "Big Model", "'Big Model' is no legal model name"),
    ("name", "../up", "no legal model name"),
    ("name", "", "no legal model name"),
    ("version", 1.0, "'version' must be a text, is 1.0"),
    ("architecture", [], "'architecture' must be an object"),
    ("architecture.arguments", [1], "'arguments' must be an object"),
    ("task.targets", {}, "'targets' must be a list"),
    ("task.targets.0", "spot", r"targets\[0\]: must be an object, is 'spot'"),
    ("task.targets.0.classes", ["a", 1], "'classes' must be a list of texts"),
    ("task.calibration", {"temperature": "hot"}, "'temperature' must be a number"),
    ("inputs", [], "at least one input"),
    ("inputs.0.kind", "picture", "kind must be one of .*'picture'"),
    ("inputs.0.size", [9], "must list 2 positive lengths"),
    ("inputs.0.size", [9, 0], "must list 2 positive lengths"),
    ("inputs.0.size", [9, True], "must list 2 positive lengths"),
    ("inputs.0.bands", [], "at least one channel"),
    ("inputs.0.missing", "ignore", "'fill' or 'refuse', is 'ignore'"),
    ("inputs.0.pixel_scale_arcsec", "0.2", "'pixel_scale_arcsec' must be a number"),
    ("inputs.0.preprocessing", [{"op": "eval"}], r"inputs\[0\].*no such operation"),
    ("inputs.0.preprocessing", [{"op": "asinh"}], "takes the arguments"),
    ("inputs.0.preprocessing", ["asinh"], "must be an object, is 'asinh'"),
    ("inputs", [CARD["inputs"][0], CARD["inputs"][0]], "two inputs are called 'image'"),
    ("weights.file", "../model.safetensors", "must be a file of the model folder itself"),
    ("weights.file", "/etc/passwd", "must be a file of the model folder itself"),
    ("weights.file", "a\\b", "must be a file of the model folder itself"),
    ("weights.file", ".hidden", "must be a file of the model folder itself"),
    ("weights.sha256", "A" * 64, "64 small hex digits"),
    ("weights.sha256", "abc", "64 small hex digits"),
    ("weights.size", -1, "'size' must be at least 0, is -1"),
    ("weights.size", 1.5, "'size' must be a whole number"),
    ("weights.num_parameters", -1, "at least 0"),
    ("weights.sources", "hf", "'sources' must be a list of texts"),
    ("trained_on.0.examples", -5, "at least 0"),
    ("metrics.0.role", "best", "role must be one of .*'best'"),
    ("metrics.0.n", -1, "at least 0"),
    ("metrics.0.value", "0.9", "'value' must be a number"),
    ("metrics.0.published", {"value": 1}, "published: the field 'source' is missing"),
    ("measured_with", "cpu", "'measured_with' must be an object, is 'cpu'"),
    ("measured_with", {"device": "cpu"}, "measured_with: the field 'precision' is missing"),
    ("golden.absolute_tolerance", -1e-3, "at least 0"),
    ("citation", "@misc{}", "'citation' must be a list of texts"),
    ("limits", [1], "'limits' must be a list of texts"),
]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_field_is_named(path):
    """With the place where it is missing."""
    with pytest.raises(CardError, match=f"'{path.split('.')[-1]}' is missing") as caught:
        parse_card(changed_card(path, ...), where="here.json")

    assert str(caught.value).startswith("here.json")


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_a_wrong_field_is_refused(path, value, message):
    """Saying what it holds and what it should hold."""
    with pytest.raises(CardError, match=message):
        parse_card(changed_card(path, value))


@pytest.mark.parametrize("data", [None, [], "card", 3])
def test_a_card_is_an_object(data):
    """Other JSON is refused."""
    with pytest.raises(CardError, match="must be an object"):
        parse_card(data)


def test_a_whole_card_becomes_frozen_data():
    """What the JSON says, with its defaults filled in."""
    card = parse_card(CARD)

    assert (card.name, card.weights.num_parameters) == ("small", 99)
    assert card.inputs[0].shape == (1, 9, 9)
    assert card.inputs[0].missing == "fill"
    assert card.metrics[0].metric.high == 0.95
    assert card.task.calibration == {"temperature": 1.5}
    assert card.unknown_fields == ()
    with pytest.raises(AttributeError):
        card.name = "other"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("colour", "colour"),
        ("weights.colour", "weights.colour"),
        ("inputs.0.bands.0.colour", "inputs[0].bands[0].colour"),
        ("metrics.0.colour", "metrics[0].colour"),
    ],
)
def test_unknown_fields_are_reported_wherever_they_are(path, name):
    """They do not stop the card from being used."""
    assert parse_card(changed_card(path, "red")).unknown_fields == (name,)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(tmp_path, number):
    """Python would read them, others would not."""
    folder = write_card(tmp_path)
    text = (folder / "config.json").read_text().replace('"value": 0.9', f'"value": {number}')
    (folder / "config.json").write_text(text)

    for read in (read_card, read_summary):
        with pytest.raises(CardError, match=f"{number} is not a number that JSON allows"):
            read(folder)


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400])
def test_a_number_too_large_for_a_float_is_refused(tmp_path, number):
    """As a float it would be infinite."""
    folder = write_card(tmp_path)
    text = (folder / "config.json").read_text().replace('"value": 0.9', f'"value": {number}')
    (folder / "config.json").write_text(text)

    with pytest.raises(CardError, match="'value' must be finite"):
        read_card(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a": "' + "x" * 2_000_001 + '"}', "larger than 2000000 bytes"),
        ("", "cannot be read as JSON"),
        ('{"schema": 1,', "cannot be read as JSON"),
        ("\x80", "cannot be read as JSON"),
        ('{"schema": ' + "9" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_files_that_are_no_card(tmp_path, text, message):
    """Too deep, too large, empty, cut off, no text, an absurd number: the file is named."""
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))

    for read in (read_card, read_summary):
        with pytest.raises(CardError, match=message) as caught:
            read(tmp_path)
        assert str(tmp_path) in str(caught.value)


def test_a_folder_without_a_card_is_no_model_folder(tmp_path):
    """And one whose card cannot be opened says why."""
    with pytest.raises(CardError, match=r"no config.json here"):
        read_card(tmp_path)
    (tmp_path / "config.json").mkdir()
    with pytest.raises(CardError, match="cannot be read"):
        read_card(tmp_path)


def test_the_summary_says_what_the_card_says(tmp_path):
    """For the fields that they share."""
    folder = write_card(tmp_path)
    card, summary = read_card(folder), read_summary(folder)

    assert summary.name == card.name
    assert (summary.task, summary.kind) == (card.task.name, card.task.kind)
    assert summary.size == card.weights.ref.size
    assert summary.parameters == card.weights.num_parameters
    assert summary.license == card.weights.license


@pytest.mark.parametrize("path", ["schema", "task", "weights.license", "summary"])
def test_the_summary_needs_its_fields(tmp_path, path):
    """A card that lacks one is broken in a list, too."""
    folder = write_card(tmp_path)
    (folder / "config.json").write_text(json.dumps(changed_card(path, ...)))

    with pytest.raises(CardError, match="is missing"):
        read_summary(folder)


def test_everything_counts_as_asked_for():
    """An object whose names are checked elsewhere has no unknown fields."""
    top = Fields({"settings": {"a": 1}, "b": 2}, "here")
    inner = top.fields("settings")

    assert top.unknown() == ("b", "settings.a")
    assert inner.everything() == {"a": 1}
    assert top.unknown() == ("b",)
