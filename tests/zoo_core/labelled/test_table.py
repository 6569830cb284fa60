"""Labelled data in tables of paths."""

import numpy as np
import pytest

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import open_labelled, read_examples
from zoo_core.tables import Column, PredictionTable, write_table

LENSES = ["lens", "none"] * 3


def test_rows_keep_their_order_labels_and_files(six, make_spec, write_csv, image):
    """Even where the table lists the files in an order that no folder has."""
    order = [4, 0, 3, 5, 1, 2]
    table = write_csv(path=[six[i] for i in order], label=["b", "a", "b", "a", "b", "a"])

    labelled = open_labelled(table, make_spec())

    assert labelled.labels == ("b", "a", "b", "a", "b", "a")
    assert labelled.classes == ("a", "b")
    assert labelled.inputs.ids == ("4", "0", "3", "5", "1", "2")
    assert labelled.groups is None
    assert labelled.splits is None
    assert labelled.source == str(table)
    assert labelled.notes == ()
    assert [sample.arrays["image"][0, 0, 0] for sample in labelled.inputs] == [
        100 + number for number in order
    ]


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".fits", ".parquet"])
def test_every_table_format_gives_the_same(tmp_path, six, make_spec, suffix):
    """Texts, whole numbers, other names of columns."""
    columns = {
        "file": six,
        "kind": np.array([10, 9, 10, 9, 10, 9]),
        "field": ["E", "E", "W", "W", "N", "N"],
        "part": ["train", "train", "train", "val", "Test", "train"],
    }
    table = tmp_path / f"objects{suffix}"
    write_table(PredictionTable([Column(name) for name in columns], columns), table)

    labelled = open_labelled(
        table, make_spec(), label="kind", path="file", group="field", split="part"
    )

    assert labelled.labels == ("10", "9", "10", "9", "10", "9")
    assert labelled.classes == ("9", "10")
    assert labelled.groups == ("E", "E", "W", "W", "N", "N")
    assert labelled.splits == ("train", "train", "train", "validation", "test", "train")


def test_a_votable_is_a_table_too(tmp_path, six, make_spec):
    """As catalogue servers send it."""
    from astropy.table import Table

    table = Table({"path": six, "label": LENSES})
    table.write(tmp_path / "objects.vot", format="votable")

    assert open_labelled(tmp_path / "objects.vot", make_spec()).labels == tuple(LENSES)


def test_categories_of_a_parquet_file_are_labels(tmp_path, six, make_spec):
    """As pandas writes them; one that is missing is found."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"path": six, "label": pa.array(LENSES).dictionary_encode()})
    pq.write_table(table, tmp_path / "whole.parquet")
    holes = pa.array([None, *LENSES[1:]]).dictionary_encode()
    pq.write_table(pa.table({"path": six, "label": holes}), tmp_path / "holes.parquet")

    assert open_labelled(tmp_path / "whole.parquet", make_spec()).labels == tuple(LENSES)
    with pytest.raises(InputError, match=r"in 1 of 6 rows \(counted from 0: 0\)"):
        open_labelled(tmp_path / "holes.parquet", make_spec())


def test_whole_floats_are_whole_numbers(tmp_path, six, make_spec):
    """A column that once had holes comes as floats."""
    table = tmp_path / "objects.parquet"
    columns = {"path": six, "label": np.array([3.0, -1.0] * 3)}
    write_table(PredictionTable([Column(name) for name in columns], columns), table)

    assert open_labelled(table, make_spec()).classes == ("-1", "3")


def test_paths_may_be_absolute_or_lack_their_suffix(tmp_path, six, make_spec, write_csv):
    """As ids do, such as those of a simulated data set."""
    paths = [tmp_path / six[0], *(path.removesuffix(".fits") for path in six[1:])]
    labelled = open_labelled(write_csv(id=paths, label=LENSES), make_spec(), path="id")

    assert labelled.inputs.files == tuple((tmp_path / path,) for path in six)


@pytest.mark.parametrize(
    ("options", "name", "flag"),
    [
        ({"label": "kind"}, "kind", "--label"),
        ({"path": "file"}, "file", "--path"),
        ({"group": "field"}, "field", "--group"),
        ({"split": "part"}, "part", "--split"),
    ],
)
def test_a_column_that_is_not_there(six, make_spec, write_csv, options, name, flag):
    """The message lists those there are and the option that chooses one."""
    table = write_csv(path=six, label=LENSES)

    with pytest.raises(InputError, match=f"no '{name}'; it has 'path', 'label'. {flag} NAME"):
        open_labelled(table, make_spec(), **options)


def test_a_column_that_is_nearly_there(six, make_spec, write_csv):
    """The nearest names are told, however many columns there are."""
    many = {f"column_{number}": LENSES for number in range(40)}
    table = write_csv(path=six, **many, spiral_fraction=LENSES)

    with pytest.raises(InputError, match=r"and 12 more.* Did you mean 'spiral_fraction'"):
        open_labelled(table, make_spec(), label="spiral_frac")


@pytest.mark.parametrize("hole", ["", "nan", "  ", "NaN"])
def test_missing_labels_are_counted(six, make_spec, write_csv, hole):
    """With the first rows, and what can be done."""
    table = write_csv(path=six, label=["lens", hole, "none", "none", hole, "lens"])

    with pytest.raises(InputError, match=r"in 2 of 6 rows \(counted from 0: 1, 4\)") as error:
        open_labelled(table, make_spec())
    assert "--class" in str(error.value)


def test_missing_numbers_are_missing_labels(six, make_spec, write_csv):
    """An empty cell in a column of numbers."""
    with pytest.raises(InputError, match=r"in 1 of 6 rows \(counted from 0: 5\)"):
        open_labelled(write_csv(path=six, label=[1, 0, 1, 0, 1, ""]), make_spec())


def test_missing_paths_are_counted(six, make_spec, write_csv):
    """A row without a file is no example."""
    with pytest.raises(InputError, match=r"'path' .* in 1 of 6 rows \(counted from 0: 2\)"):
        open_labelled(write_csv(path=[*six[:2], "", *six[3:]], label=LENSES), make_spec())


def test_files_that_are_not_there_are_counted(six, make_spec, write_csv, tmp_path):
    """Five of them are named; a folder is no file."""
    table = write_csv(path=[f"no/{i}.fits" for i in range(5)] + ["cut"], label=LENSES)

    with pytest.raises(InputError, match="6 of 6 paths lead to no file") as error:
        open_labelled(table, make_spec())
    message = str(error.value)
    assert f"{tmp_path / 'no/4.fits'} (row 4) and 1 more" in message
    assert "--path" in message
    assert "folder of the table" in message


def test_a_file_named_twice_is_refused(six, make_spec, write_csv, tmp_path):
    """Under whatever path; what is contradictory is told first."""
    (tmp_path / "link.fits").symlink_to(tmp_path / six[1])
    same = [*six[:5], "cut/../cut/0.fits", *six[5:]]
    other = [*six[:5], "link.fits", *six[5:]]

    with pytest.raises(InputError, match=r"1 file named twice: .*\(rows 0 and 5\)"):
        open_labelled(write_csv(path=same, label=[*"ababaab"]), make_spec())
    with pytest.raises(
        InputError, match=r"different labels: .*rows 1 and 5, labels 'b' and 'a'"
    ):
        open_labelled(write_csv(path=other, label=[*"ababaab"]), make_spec())


def test_a_file_of_many_objects_is_no_row(six, make_spec, write_csv, tmp_path, image):
    """It is named, with the number of its objects."""
    np.savez(tmp_path / "many.npz", image=np.stack([image(i) for i in range(7)]))
    table = write_csv(path=["many.npz", *six[1:]], label=LENSES)

    with pytest.raises(InputError, match=r"many\.npz \(7 objects, row 0\).*one object"):
        open_labelled(table, make_spec())


def test_a_file_of_one_object_is_a_row(six, make_spec, write_csv, tmp_path, image):
    """Formats may be mixed."""
    np.savez(tmp_path / "one.npz", image=image(50))
    labelled = open_labelled(write_csv(path=["one.npz", *six[1:]], label=LENSES), make_spec())

    assert [sample.arrays["image"][0, 0, 0] for sample in labelled.inputs] == [
        150, 101, 102, 103, 104, 105,
    ]  # fmt: skip


def test_single_bands_are_no_rows(tmp_path, make_spec, write_csv, write_fits, image):
    """Neither all bands of an object in several rows, nor one of them alone."""
    paths = [f"{name}_{band}.fits" for name in "abc" for band in "gr"]
    alone = [f"{name}_g.fits" for name in "abcd"]
    write_fits(tmp_path / alone[3], image(7))
    for number, path in enumerate(paths):
        write_fits(tmp_path / path, image(number))

    with pytest.raises(InputError, match=r"6 rows .* single bands .*a_g\.fits \(row 0\)"):
        open_labelled(write_csv(path=paths, label=LENSES), make_spec("g", "r"))
    with pytest.raises(InputError, match=r"4 rows .* single bands .*d_g\.fits \(row 3\)"):
        open_labelled(write_csv(path=alone, label=[*"xyxy"]), make_spec("g", "r"))
    with pytest.raises(InputError, match=r"3 rows .* single bands .*c_r\.fits \(row 5\)"):
        open_labelled(write_csv(path=paths, label=LENSES), make_spec("g"))


def test_one_band_of_the_model_is_a_row(tmp_path, make_spec, write_csv, write_fits, image):
    """Where the model takes that band alone."""
    paths = [f"{name}_g.fits" for name in "abcd"]
    for number, path in enumerate(paths):
        write_fits(tmp_path / path, image(number))

    labelled = open_labelled(write_csv(path=paths, label=[*"xyxy"]), make_spec("g"))

    assert labelled.inputs.ids == ("a", "b", "c", "d")


def test_files_of_one_name_in_two_folders_are_two(tmp_path, make_spec, write_csv, write_fits):
    """No flag, no note: the id is not what tells objects apart."""
    paths = [f"{folder}/1.fits" for folder in "abcd"]
    for number, path in enumerate(paths):
        write_fits(tmp_path / path, np.arange(16.0).reshape(4, 4) + number)
    labelled = open_labelled(write_csv(path=paths, label=[*"xyxy"]), make_spec())

    assert labelled.notes == ()
    assert [sample.flag for sample in labelled.inputs] == [""] * 4
    assert read_examples(labelled).ids == ("1",) * 4


def test_groups_and_parts_must_be_whole(six, make_spec, write_csv):
    """Empty ones are counted, other words are named."""
    groups, parts = ["1", "", "2", "", "3", "3"], ["train"] * 5 + ["dev"]
    table = write_csv(path=six, label=LENSES, field=groups, part=parts)

    with pytest.raises(InputError, match=r"'field' .* in 2 of 6 rows \(counted from 0: 1, 3\)"):
        open_labelled(table, make_spec(), group="field")
    with pytest.raises(InputError, match=r"'field' .* in 2 of 6 rows .* Give each a part"):
        open_labelled(table, make_spec(), split="field")
    with pytest.raises(
        InputError, match=r"'part' .* says 'dev' in 1 row; .* validation or test"
    ):
        open_labelled(table, make_spec(), split="part")


def test_a_class_must_be_in_train(six, make_spec, write_csv):
    """Or nothing can learn it; and there must be a train."""
    table = write_csv(
        path=six,
        label=LENSES,
        part=["train", "test", "train", "validation", "train", "test"],
        none=["validation", "test"] * 3,
    )

    with pytest.raises(
        InputError, match=r"1 class in validation or test but not in train.*'none'"
    ):
        open_labelled(table, make_spec(), split="part")
    with pytest.raises(InputError, match="no example is in train"):
        open_labelled(table, make_spec(), split="none")


def test_parts_without_validation_are_noted(six, make_spec, write_csv):
    """It will come out of train."""
    table = write_csv(path=six, label=LENSES, part=["train"] * 4 + ["test"] * 2)
    (note,) = open_labelled(table, make_spec(), split="part").notes

    assert "validation" in note


def test_options_and_tables_that_cannot_be(six, make_spec, write_csv, tmp_path):
    """An array in a table, a table without rows, a file of no such kind, nothing."""
    with pytest.raises(UsageError, match="--array"):
        open_labelled(write_csv(path=six, label=LENSES), make_spec(), array="x")
    with pytest.raises(InputError, match="no row"):
        open_labelled(write_csv(path=[], label=[]), make_spec())
    (tmp_path / "notes.docx").touch()
    with pytest.raises(InputError, match="neither a folder, nor a table"):
        open_labelled(tmp_path / "notes.docx", make_spec())
    with pytest.raises(InputError, match="does not exist"):
        open_labelled(tmp_path / "nothing", make_spec())
