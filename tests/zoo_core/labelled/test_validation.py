"""Labelled data whose validation part stands apart, in another table, folder or file."""

import numpy as np
import pytest

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import check_leaks, make_split, open_labelled, read_examples
from zoo_core.labelled._classes import UNDIVIDED


@pytest.fixture
def place(tmp_path, image, write_png):
    """Two folders of classes, ``own`` with 8 pictures and ``apart`` with 3 others."""
    for folder, count, first in (("own", 8, 0), ("apart", 3, 50)):
        for number in range(count):
            name = ("disc", "ring")[number % 2]
            write_png(tmp_path / folder / name / f"{number}.png", image(first + number))
    return tmp_path


def test_the_other_data_are_the_validation_part(place, make_spec):
    """As a whole, and nothing else is; one example of a class is enough there."""
    labelled = open_labelled(place / "own", make_spec(), validation=place / "apart")
    examples = read_examples(labelled)
    split = make_split(examples, validation=0, test=0.25)

    assert labelled.splits == (UNDIVIDED,) * 8 + ("validation",) * 3
    assert labelled.source == f"{place / 'own'} and {place / 'apart'}"
    assert split.validation.tolist() == [8, 9, 10]
    assert len(split.test) == 2
    assert examples.arrays["image"][8:, 0, 0, 0].tolist() == [150, 152, 151]
    check_leaks(examples, split)


def test_an_object_in_both_is_a_leak(place, make_spec, image, write_png):
    """By its content, whatever its file is called."""
    write_png(place / "apart" / "disc" / "other-name.png", image(0))
    examples = read_examples(
        open_labelled(place / "own", make_spec(), validation=place / "apart")
    )

    with pytest.raises(InputError, match=r"row 0, train\) and other-name .* validation\)"):
        check_leaks(examples, make_split(examples, validation=0, test=0))


def test_a_group_in_both_is_a_leak(tmp_path, make_spec, image):
    """Groups have one meaning in both files."""
    for name, first, groups in (("own", 0, "aabbcc"), ("apart", 50, "cd")):
        count = len(groups)
        np.savez(
            tmp_path / f"{name}.npz",
            image=np.stack([image(first + n) for n in range(count)]),
            label=np.arange(count) % 2,
            field=list(groups),
        )
    labelled = open_labelled(
        tmp_path / "own.npz", make_spec(), group="field", validation=tmp_path / "apart.npz"
    )
    examples = read_examples(labelled)

    assert labelled.groups == tuple("aabbcccd")
    with pytest.raises(InputError, match="'c' in train and validation"):
        check_leaks(examples, make_split(examples, validation=0, test=0))


def test_a_class_that_nothing_teaches_is_told(place, make_spec, image, write_png):
    """Validation has more classes than there are to learn."""
    for number in range(2):
        write_png(place / "apart" / "bar" / f"{number}.png", image(70 + number))

    with pytest.raises(InputError, match="not in train, so that nothing can learn it: 'bar'"):
        open_labelled(place / "own", make_spec(), validation=place / "apart")


def test_named_classes_may_be_missing_there(tmp_path, make_spec, image):
    """Labels are merged alike in both, and the smaller one need not have each of them."""
    for name, labels in (("own", [0, 1, 2, 0, 1, 2]), ("apart", [1, 2, 3])):
        first = 50 if name == "apart" else 0
        images = np.stack([image(first + n) for n in range(len(labels))])
        np.savez(tmp_path / f"{name}.npz", image=images, label=labels)
    labelled = open_labelled(
        tmp_path / "own.npz",
        make_spec(),
        classes=("0=a", "1=a", "2=b"),
        validation=tmp_path / "apart.npz",
    )

    assert labelled.labels == ("a", "a", "b", "a", "a", "b", "a", "b")


def test_what_cannot_be_joined(place, make_spec, image):
    """Parts that both speak of, and files that keep objects under different names."""
    (place / "parts").mkdir()
    (place / "own").rename(place / "parts" / "train")
    (place / "apart").rename(place / "parts" / "validation")
    train = place / "parts" / "train"
    with pytest.raises(UsageError, match=r"says itself .*: leave out --validation"):
        open_labelled(place / "parts", make_spec(), validation=train)
    with pytest.raises(UsageError, match="folders for parts of its own"):
        open_labelled(train, make_spec(), validation=place / "parts")
    images = np.stack([image(50 + number) for number in range(4)])
    np.savez(place / "other.npz", objects=images, label=[0, 1, 0, 1])
    np.savez(place / "image.npz", image=images + 9, label=[0, 1, 0, 1])
    with pytest.raises(UsageError, match="'image' in the one and under 'objects' in the other"):
        open_labelled(place / "image.npz", make_spec(), validation=place / "other.npz")
    with pytest.raises(InputError, match="does not exist"):
        open_labelled(train, make_spec(), validation=place / "nowhere")
