"""Labelled data in one folder a class."""

import numpy as np
import pytest

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import open_labelled, read_examples


@pytest.fixture
def folder(tmp_path, write_png, image):
    """Two pictures of ``ring`` (one deeper down), three of ``disc``, of repeated names."""
    for number, name in enumerate(
        ["ring/1.png", "ring/deeper/2.png", "disc/1.png", "disc/2.png", "disc/3.png"]
    ):
        write_png(tmp_path / name, image(number))
    return tmp_path


def test_subfolders_are_classes(folder, make_spec):
    """With all that lies below them; hidden ones are passed over."""
    (folder / ".cache").mkdir()
    labelled = open_labelled(folder, make_spec())
    examples = read_examples(labelled)

    assert labelled.classes == ("disc", "ring")
    assert labelled.labels == ("disc",) * 3 + ("ring",) * 2
    assert labelled.notes == ()
    assert examples.ids == ("1", "2", "3", "1", "2")
    assert examples.arrays["image"][:, 0, 0, 0].tolist() == [102, 103, 104, 100, 101]
    assert examples.left_out == ()


def test_files_beside_the_classes_are_noted(folder, make_spec):
    """They have no class."""
    (folder / "README.txt").touch()

    assert open_labelled(folder, make_spec()).notes == (
        "1 file beside the class folders not used",
    )


def test_files_of_other_kinds_are_noted(folder, make_spec):
    """Counted by suffix, wherever they lie; hidden ones are nobody's business."""
    for name in ("a.webp", "deeper/b.WEBP", "notes", ".hidden", ".cache/c.webp"):
        path = folder / "ring" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    labelled = open_labelled(folder, make_spec())

    assert labelled.notes == ("3 files of no readable kind not used: .webp (2), no suffix (1)",)
    assert len(labelled.inputs) == 5


def test_folders_called_train_and_test_are_parts(tmp_path, write_png, image, make_spec):
    """The classes are a level below."""
    names = [f"{part}/{c}/{i}.png" for part in ("train", "test") for c in "ab" for i in "12"]
    for number, name in enumerate(names):
        write_png(tmp_path / name, image(number))
    labelled = open_labelled(tmp_path, make_spec())

    assert labelled.classes == ("a", "b")
    assert set(zip(labelled.splits, labelled.labels, strict=True)) == {
        (part, name) for part in ("train", "test") for name in "ab"
    }
    for files, part in zip(labelled.inputs.files, labelled.splits, strict=True):
        assert files[0].parts[-3] == part
    assert "the folders test, train are the parts" in labelled.notes


def test_bands_of_an_object_are_one_example(tmp_path, write_fits, image, make_spec):
    """A folder needs no row for each file."""
    for number, name in enumerate(
        f"{c}/{i}_{b}.fits" for c in "xy" for i in "12" for b in "gr"
    ):
        write_fits(tmp_path / name, image(number))
    labelled = open_labelled(tmp_path, make_spec("g", "r"))

    assert labelled.labels == ("x", "x", "y", "y")
    assert read_examples(labelled).arrays["image"][:, :, 0, 0].tolist() == [
        [100, 101], [102, 103], [104, 105], [106, 107],
    ]  # fmt: skip


def test_a_class_may_be_a_file_of_many_objects(tmp_path, image, make_spec):
    """Each object is an example."""
    for start, name in ((0, "x"), (3, "y")):
        (tmp_path / name).mkdir()
        stack = np.stack([image(start + i) for i in range(3)])
        np.savez(tmp_path / name / "all.npz", image=stack)

    assert open_labelled(tmp_path, make_spec()).labels == ("x",) * 3 + ("y",) * 3


def test_folders_that_cannot_be(folder, tmp_path, make_spec, write_png, image):
    """No subfolder, one with nothing to read, a file in two, parts without classes."""
    flat = tmp_path / "disc"
    (flat / "truth.ecsv").touch()
    with pytest.raises(InputError, match=r"no subfolder; .* class\. Or give .*: truth\.ecsv"):
        open_labelled(flat, make_spec())

    (folder / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"empty .* no file that can be read.*counts as a class"
    ):
        open_labelled(folder, make_spec())
    (folder / "empty").rmdir()

    (folder / "ring" / "copy.png").symlink_to(folder / "disc" / "1.png")
    with pytest.raises(InputError, match="1 file under two paths"):
        open_labelled(folder, make_spec())

    write_png(tmp_path / "parts" / "train" / "1.png", image(1))
    with pytest.raises(InputError, match="parts and not classes"):
        open_labelled(tmp_path / "parts", make_spec())


def test_a_folder_has_no_columns(folder, make_spec):
    """Options that name one are a slip."""
    for option in ("label", "path", "group", "split", "array"):
        with pytest.raises(UsageError, match=f"--{option}: a folder"):
            open_labelled(folder, make_spec(), **{option: "x"})
