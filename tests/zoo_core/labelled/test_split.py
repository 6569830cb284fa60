"""Parts are complete, disjoint, near the wanted fractions, and share nothing."""

import random
from collections import Counter

import numpy as np
import pytest

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import Split, check_leaks, check_parts, make_split
from zoo_core.labelled._classes import UNDIVIDED

PARTS = ("train", "validation", "test")


def part_of(split):
    """The part of each row; fails unless each row is in exactly one, in order, as int64."""
    parts = {}
    for name in PARTS:
        rows = getattr(split, name)
        assert rows.dtype == np.int64
        assert rows.tolist() == sorted(rows.tolist())
        assert not parts.keys() & set(rows.tolist())
        parts |= dict.fromkeys(rows.tolist(), name)
    assert sorted(parts) == list(range(len(parts)))
    return [parts[row] for row in range(len(parts))]


def counts(examples, split):
    """Rows by class and part."""
    names = [examples.classes[label] for label in examples.labels]
    return Counter(zip(names, part_of(split), strict=True))


def drawn(seed, *, classes=4, rows=300, groups=40):
    """Labels of unequal frequency and groups of unequal size, some of several classes."""
    generator = random.Random(seed)
    labels = [f"c{min(int(generator.expovariate(1.0)), classes - 1)}" for _ in range(rows)]
    return labels, [f"g{int(generator.random() ** 2 * groups)}" for _ in range(rows)]


@pytest.mark.parametrize("seed", range(5))
def test_each_class_is_divided_in_the_wanted_fractions(make_examples, seed):
    """To less than one example, with everything in exactly one part."""
    examples = make_examples(["a"] * 200 + ["b"] * 60 + ["c"] * 20)
    found = counts(examples, make_split(examples, seed=seed))

    assert sum(found.values()) == 280
    for name, total in (("a", 200), ("b", 60), ("c", 20)):
        assert found[name, "train"] == pytest.approx(0.7 * total, abs=1)
        assert found[name, "validation"] == pytest.approx(0.15 * total, abs=1)
        assert found[name, "test"] == pytest.approx(0.15 * total, abs=1)


def test_halves_that_cannot_be_divided_even_out(make_examples):
    """Where each class leaves one over, the parts as a whole are still as wanted."""
    examples = make_examples([f"c{i}" for i in range(20)] * 10)
    found = Counter(part_of(make_split(examples)))

    assert found == {"train": 140, "validation": 30, "test": 30}


@pytest.mark.parametrize("size", [3, 4, 5])
def test_rare_classes_are_in_every_part(make_examples, size):
    """Three examples are enough."""
    examples = make_examples(["a"] * 100 + ["b"] * size + ["c"] * size)
    found = counts(examples, make_split(examples))

    assert all(found[name, part] for name in "abc" for part in PARTS)


def test_two_examples_are_for_training_at_least(make_examples):
    """What cannot be in all parts must be learned."""
    examples = make_examples(["a"] * 50 + ["b"] * 2)

    assert counts(examples, make_split(examples))["b", "train"] >= 1


def test_the_seed_decides_and_nothing_else(make_examples):
    """Equal seeds agree; others differ in the rows and not in their numbers."""
    examples = make_examples(["a"] * 40 + ["b"] * 40)
    splits = [part_of(make_split(examples, seed=seed)) for seed in (0, 0, 1)]

    assert splits[0] == splits[1] != splits[2]
    assert Counter(splits[0]) == Counter(splits[2])


@pytest.mark.parametrize("seed", range(10))
def test_no_group_is_divided(make_examples, seed):
    """Every class is in every part all the same, near the fractions."""
    labels, groups = drawn(seed)
    examples = make_examples(labels, groups=groups)
    split = make_split(examples, seed=seed)
    found = counts(examples, split)

    check_leaks(examples, split)
    total = Counter(part_of(split))
    for part, fraction in zip(PARTS, (0.7, 0.15, 0.15), strict=True):
        assert total[part] / 300 == pytest.approx(fraction, abs=0.06)
        for name in examples.classes:
            if len({g for g, label in zip(groups, labels, strict=True) if label == name}) >= 3:
                assert found[name, part]


def test_classes_with_three_groups_are_in_every_part(make_examples):
    """However large one of the groups is."""
    labels = ["a"] * 90 + ["b"] * 30
    groups = ["1"] * 80 + ["2"] * 5 + ["3"] * 5 + ["4"] * 10 + ["5"] * 10 + ["6"] * 10
    examples = make_examples(labels, groups=groups)
    found = counts(examples, make_split(examples))

    assert all(found[name, part] for name in "ab" for part in PARTS)
    assert found["a", "train"] == 80


def test_groups_that_hang_together_over_classes(make_examples):
    """Three groups a class, some shared: giving them away one by one can go wrong."""
    groups = {"c": "123", "d": "456", "e": "147"}
    rows = [(name, group) for name, members in groups.items() for group in members]
    examples = make_examples([r[0] for r in rows], groups=[r[1] for r in rows])
    for seed in range(20):
        split = make_split(examples, seed=seed)
        found = counts(examples, split)
        check_leaks(examples, split)
        assert all(found[name, part] for name in groups for part in PARTS)


@pytest.mark.parametrize("seed", range(5))
def test_copies_stay_together(make_examples, seed):
    """Over classes and groups: a copy joins the groups that it is in."""
    labels, groups = drawn(seed)
    generator = random.Random(seed)
    digests = [str(generator.randrange(200)) for _ in labels]
    examples = make_examples(labels, digests=digests)
    check_leaks(examples, make_split(examples, seed=seed))

    digests = [str(row) for row in range(300)]
    digests[0] = digests[150] = digests[299] = "copy"
    examples = make_examples(labels, groups=groups, digests=digests)
    split = make_split(examples, seed=seed)
    parts = part_of(split)
    check_leaks(examples, split)
    joined = {groups[0], groups[150], groups[299]}
    assert len({p for p, g in zip(parts, groups, strict=True) if g in joined}) == 1


@pytest.mark.parametrize(
    ("fractions", "empty"),
    [
        ({"test": 0}, {"test"}),
        ({"validation": 0}, {"validation"}),
        ({"validation": 0, "test": 0}, {"validation", "test"}),
        ({"validation": 0.3, "test": 0.3}, set()),
    ],
)
def test_a_fraction_of_zero_is_an_empty_part(make_examples, fractions, empty):
    """And no other part is empty."""
    examples = make_examples(["a", "b"] * 20)
    split = make_split(examples, **fractions)
    found = Counter(part_of(split))

    assert set(PARTS) - set(found) == empty
    for name, fraction in fractions.items():
        assert found[name] == pytest.approx(40 * fraction)


@pytest.mark.parametrize(
    "options",
    [
        {"validation": -0.1}, {"test": 1.0}, {"validation": 0.5, "test": 0.5},
        {"validation": float("nan")}, {"seed": -1},
    ],
)  # fmt: skip
def test_fractions_that_make_no_sense(make_examples, options):
    """Nothing would be left for training, or there is no such seed."""
    with pytest.raises(UsageError, match="must"):
        make_split(make_examples(["a", "b"] * 20), **options)


def test_too_few_groups_are_told(make_examples):
    """A part would be empty, or train would lack a class."""
    labels = ["a"] * 10 + ["b"] * 10
    for groups in (["1", "2"] * 10, ["1"] * 20, ["1"] * 10 + ["2"] * 5 + ["3"] * 5):
        examples = make_examples(labels, groups=groups)
        if len(set(groups)) == 3:
            with pytest.raises(InputError, match="in 3 groups"):
                make_split(examples)
            assert len(make_split(examples, test=0).validation) == 5
        else:
            with pytest.raises(InputError, match="cannot be divided into train, validation"):
                make_split(examples, test=0 if len(set(groups)) == 1 else 0.15)


def test_filling_one_part_empties_no_other(make_examples):
    """The smallest group is not taken where it is the only one of its part."""
    labels = ["a"] * 10 + ["b"] * 6
    groups = ["1"] * 5 + ["2"] * 5 + ["3"] * 5 + ["4"]
    split = make_split(make_examples(labels, groups=groups))

    assert sorted(map(len, (split.train, split.validation, split.test))) == [1, 5, 10]
    assert len(split.train) == 10


def test_three_examples_can_be_divided_in_two(make_examples):
    """The smallest data that are taken."""
    split = make_split(make_examples(["a", "a", "b"]), test=0)

    assert len(split.train) == 2
    assert len(split.validation) == 1


def test_given_parts_are_taken(make_examples):
    """Whatever the fractions."""
    parts = ["test", "train", "validation", "train", "train", "test", "validation", "train"]
    examples = make_examples(["a", "b"] * 4, splits=parts)

    assert part_of(make_split(examples, validation=0.5, test=0)) == parts


def test_a_missing_validation_comes_out_of_train(make_examples):
    """Stratified and by groups; the rows of test stay where they are."""
    labels, groups = drawn(3, groups=100)
    parts = ["test" if int(group[1:]) % 5 == 0 else "train" for group in groups]
    examples = make_examples(labels, groups=groups, splits=parts)
    split = make_split(examples, validation=0.2)

    found = part_of(split)
    check_leaks(examples, split)
    assert [p == "test" for p in found] == [p == "test" for p in parts]
    share = found.count("validation") / parts.count("train")
    assert share == pytest.approx(0.2, abs=0.05)
    assert part_of(make_split(examples, validation=0)) == parts


def test_leaks_are_shown(make_examples):
    """Copies with their rows and parts, groups by name, up to five."""
    labels = ["a", "b"] * 6
    parts = ["train"] * 6 + ["test"] * 6
    digests = [*"abcdef"] * 2
    examples = make_examples(labels, splits=parts, digests=digests)
    with pytest.raises(InputError, match=r"6 objects .* exact copies") as error:
        check_leaks(examples, make_split(examples, validation=0))
    assert "object-0 (row 0, train) and object-6 (row 6, test)" in str(error.value)
    assert "object-5" not in str(error.value)
    assert "and 1 more" in str(error.value)

    groups = ["field-1", *"2345", "field-1"] + [*"678"] * 2
    whole = make_examples(labels, splits=parts, groups=groups)
    check_leaks(whole, make_split(whole, validation=0))
    groups[6] = "field-1"
    leaky = make_examples(labels, splits=parts, groups=groups)
    with pytest.raises(InputError, match=r"1 group .* 'field-1' in train and test"):
        check_leaks(leaky, make_split(leaky, validation=0))


def test_a_split_made_by_hand_is_checked_too(make_examples):
    """The check looks at rows, not at how they were chosen."""
    examples = make_examples(["a", "b"] * 2, digests=["x", "y", "z", "x"])
    rows = [np.array(part, dtype=np.int64) for part in ([0, 1], [3], [2])]

    with pytest.raises(InputError, match=r"row 0, train. and object-3 .row 3, validation"):
        check_leaks(examples, Split(*rows))


def test_a_part_of_one_class_is_told(make_examples):
    """Nothing could be measured on it; said with what to do, which then helps."""
    few = make_examples(["a", "a", "b", "b"])
    split = make_split(few)
    with pytest.raises(
        InputError, match=r"test part .* one class only, 'a' \(1 of 4.*--test 0"
    ):
        check_parts(few, Split(np.array([0, 2]), np.array([1, 3]), np.array([1])))
    with pytest.raises(InputError, match="one class only"):
        check_parts(few, split)
    check_parts(few, make_split(few, test=0.0, validation=0.5))

    given = make_examples([*"abababb"], splits=["train"] * 4 + ["validation"] * 2 + ["test"])
    with pytest.raises(InputError, match=r"test part .*'b' \(1 of 7.*Mark examples of another"):
        check_parts(given, make_split(given))


def test_many_rows_take_little_time(make_examples):
    """Steps grow with the rows, not with their square: 20000 of them are nothing."""
    labels = [f"c{i % 100}" for i in range(20000)]
    found = Counter(part_of(make_split(make_examples(labels))))

    assert found == {"train": 14000, "validation": 3000, "test": 3000}


def test_the_rest_is_divided_where_only_validation_is_known(make_examples):
    """Train and test of what is open, by fraction and group; validation stays as it is."""
    labels, groups = drawn(4, groups=80)
    apart = [row % 4 == 0 for row in range(len(labels))]
    pairs = zip(groups, apart, strict=True)
    groups = [f"apart-{group}" if held else group for group, held in pairs]
    parts = ["validation" if held else UNDIVIDED for held in apart]
    examples = make_examples(labels, groups=groups, splits=parts)
    split = make_split(examples, validation=0, test=0.2)

    found = part_of(split)
    check_leaks(examples, split)
    assert [part == "validation" for part in found] == apart
    assert found.count("test") / apart.count(False) == pytest.approx(0.2, abs=0.05)
    assert not len(make_split(examples, validation=0, test=0).test)
