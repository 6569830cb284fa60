"""Which labels can be learned, and as what."""

import numpy as np
import pytest

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import open_labelled


@pytest.fixture
def labelled(tmp_path, make_spec):
    """Open vectors with these labels."""

    def go(labels, **options):
        labels = np.asarray(labels)
        vectors = np.arange(3.0 * len(labels)).reshape(-1, 3)
        np.savez(tmp_path / "objects.npz", vector=vectors, label=labels)
        spec = make_spec("a", "b", "c", size=(), kind="vector", name="vector")
        return open_labelled(tmp_path / "objects.npz", spec, **options)

    return go


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([10, 9, 10, 9], ("9", "10")),
        (["10", "9", "10", "9"], ("9", "10")),
        ([2.0, 1.0, 2.0, 1.0], ("1", "2")),
        (["b", "a", "b", "a"], ("a", "b")),
        ([True, False, True, False], ("False", "True")),
        ([b"b", b"a", b"b", b"a"], ("a", "b")),
        ([" b ", " a", " b ", " a"], ("a", "b")),
        ([[1], [0], [1], [0]], ("0", "1")),
    ],
)
def test_labels_become_sorted_texts(labelled, labels, classes):
    """Numbers by number, blanks around them gone."""
    found = labelled(labels)

    assert found.classes == classes
    assert found.labels == (classes[1], classes[0]) * 2


@pytest.mark.parametrize(
    ("labels", "alike"),
    [
        (["lens", "Lens", "x", "x"], "'lens' .1. and 'Lens' .1."),
        (["lens", "lens ", "x", "x"], "'lens' .1. and 'lens ' .1."),
        (["not sure", "notsure", "x", "x"], "'not sure' .1. and 'notsure' .1."),
        (["1", "1.0", "x", "x"], "'1' .1. and '1.0' .1."),
        (["x", "x", "01", "1", "1"], "'01' .1. and '1' .2."),
    ],
)
def test_classes_that_look_alike_are_refused(labelled, labels, alike):
    """Blanks, capital letters and the way of writing a number make no class."""
    with pytest.raises(InputError, match=alike):
        labelled(labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], "2 examples; at least 3"),
        (["a"] * 4, "all 4 examples are of one class, 'a'"),
        (["a", "a", "b", "c"], r"2 classes with fewer than two examples: 'b' \(1\), 'c' \(1\)"),
        ([f"J{i}" for i in range(101)] * 2, "101 different labels for 202 examples"),
        ([0.5, 1.0, 2.0, 1.0], "real numbers.*bin them"),
        ([1.0, np.nan, 2.0, np.inf], r"in 2 of 4 rows \(counted from 0: 1, 3\)"),
        ([[1, 0], [0, 1], [1, 0], [0, 1]], r"shape \(4, 2\).*argmax"),
        ([1j, 2j, 1j, 2j], "neither whole numbers nor texts"),
    ],
)
def test_labels_that_cannot_be_learned(labelled, labels, message):
    """Each with what it is."""
    with pytest.raises(InputError, match=message):
        labelled(labels)


def test_a_hundred_classes_are_not_too_many(labelled):
    """The limit itself is allowed."""
    assert len(labelled([f"c{i}" for i in range(100)] * 2).classes) == 100


def test_classes_can_be_named_merged_and_left_out(labelled):
    """The others are counted in a note, and so are rows without a label."""
    found = labelled(
        [100, 200, 110, 300, 210, 301, 100, np.nan],
        classes=("100=FRI", "110 = FRI", "200=FRII", "210=FRII"),
    )

    assert found.labels == ("FRI", "FRII", "FRI", "FRII", "FRI")
    assert found.inputs.ids == tuple(f"objects-{row}" for row in (0, 1, 2, 4, 6))
    assert found.notes == (
        "2 rows left out, of labels that --class does not name: 300, 301",
        "1 row without a label left out",
    )


def test_named_classes_may_join_labels_that_look_alike(labelled):
    """That is what naming them is for."""
    found = labelled(["Lens", "lens", "x", "x "], classes=("Lens=l", "lens=l", "x=x"))

    assert found.labels == ("l", "l", "x", "x")


@pytest.mark.parametrize("text", ["a", "a=", "=a", ""])
def test_a_class_is_label_equals_class(labelled, text):
    """Anything else is a slip."""
    with pytest.raises(UsageError, match="LABEL=CLASS"):
        labelled(["a", "b", "a", "b"], classes=(text, "b=b"))


def test_named_classes_that_contradict(labelled):
    """One label cannot be two classes, nor can classes look alike; labels must be there."""
    labels = ["a", "b", "a", "b"]

    with pytest.raises(UsageError, match="'a' two classes: x, y"):
        labelled(labels, classes=("a=x", "a=y"))
    with pytest.raises(UsageError, match=r"'X' .* and 'x'"):
        labelled(labels, classes=("a=X", "b=x"))
    with pytest.raises(InputError, match=r"has no 'c', .* it has 'a', 'b'"):
        labelled(labels, classes=("a=x", "c=y"))
