"""Labelled data in one npz or HDF5 file."""

import h5py
import numpy as np
import pytest

from zoo_core.cards import Band, InputSpec
from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import open_labelled, read_examples

LABELS = np.array(["b", "a", "b", "a"])


@pytest.fixture(params=[".npz", ".h5", ".hdf5"])
def write(request, tmp_path):
    """Write arrays into a file of each format."""

    def go(**arrays):
        path = tmp_path / f"objects{request.param}"
        if request.param == ".npz":
            np.savez(path, **arrays)
            return path
        with h5py.File(path, "w") as store:
            for name, array in arrays.items():
                text = array.dtype.kind == "U"
                store[name] = array.astype(h5py.string_dtype()) if text else array
        return path

    return go


@pytest.fixture
def images(image):
    """Four images ``(n, y, x)``."""
    return np.stack([image(number) for number in range(4)])


def test_objects_and_labels_in_one_file(write, images, make_spec):
    """With groups, parts and ids."""
    path = write(
        image=images,
        kind=LABELS,
        id=np.array(["J1", "J2", "J3", "J4"]),
        field=np.array([7, 7, 8, 9]),
        part=np.array(["train", "train", "validation", "test"]),
    )
    labelled = open_labelled(path, make_spec(), label="kind", group="field", split="part")
    examples = read_examples(labelled)

    assert examples.ids == ("J1", "J2", "J3", "J4")
    assert examples.groups == ("7", "7", "8", "9")
    assert examples.splits == ("train", "train", "validation", "test")
    assert examples.classes == ("a", "b")
    assert examples.labels.tolist() == [1, 0, 1, 0]
    assert np.array_equal(examples.arrays["image"], images[:, None])


def test_the_only_array_that_fits_is_taken(write, images, make_spec):
    """Whatever its name; labels are not objects."""
    path = write(cutouts=images, label=LABELS, redshift=np.zeros(4))

    assert list(read_examples(open_labelled(path, make_spec())).arrays) == ["image"]


def test_an_array_can_be_named(write, images, make_spec):
    """Even beside one with the input's name; the result has the input's name."""
    path = write(image=images, other=images + 50, label=LABELS)
    labelled = open_labelled(path, make_spec(), array="other")
    examples = read_examples(labelled)

    assert examples.arrays["image"][:, 0, 0, 0].tolist() == [150, 151, 152, 153]


def test_vectors_are_told_from_labels(write, make_spec):
    """Both can have one axis; two that fit must be told apart by name."""
    spec = make_spec(size=(), kind="vector", name="vector")
    path = write(size=np.arange(4.0), label=np.arange(4) % 2)
    assert read_examples(open_labelled(path, spec)).arrays["vector"].tolist() == [
        [0], [1], [2], [3],
    ]  # fmt: skip

    path = write(size=np.arange(4.0), edges=np.arange(5.0), label=np.arange(4) % 2)
    assert len(open_labelled(path, spec).inputs) == 4

    path = write(size=np.arange(4.0), mass=np.ones(4), label=np.arange(4) % 2)
    with pytest.raises(InputError, match=r"2 others that could be it.*'mass' \(4,\).*--array"):
        open_labelled(path, spec)


def test_several_inputs_are_called_by_their_names(write, images, make_spec):
    """One array cannot be both."""
    catalogue = InputSpec(
        name="catalogue", kind="vector", bands=(Band(name="r"), Band(name="z")), size=()
    )
    specs = (*make_spec(), catalogue)
    path = write(image=images, catalogue=np.arange(8.0).reshape(4, 2) / 2, label=LABELS)
    examples = read_examples(open_labelled(path, specs))

    assert {name: array.dtype for name, array in examples.arrays.items()} == {
        "image": np.uint8,
        "catalogue": np.float32,
    }
    assert examples.arrays["catalogue"].tolist() == [[0, 0.5], [1, 1.5], [2, 2.5], [3, 3.5]]
    with pytest.raises(UsageError, match="one input; this one has 'image', 'catalogue'"):
        open_labelled(path, specs, array="image")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"label": "x"}, "--label"),
        ({"group": "x"}, "--group"),
        ({"split": "x"}, "--split"),
        ({"array": "x"}, "--array"),
    ],
)
def test_an_array_that_is_not_there(write, images, make_spec, options, flag):
    """The message lists those there are."""
    with pytest.raises(InputError, match=f"no 'x'; it has 'image', 'label'. {flag} NAME"):
        open_labelled(write(image=images, label=LABELS), make_spec(), **options)


def test_numbers_of_entries_must_agree(write, images, make_spec):
    """Labels and groups, one an object."""
    with pytest.raises(
        InputError, match="holds 4 objects, but the array 'label' has 3 entries"
    ):
        open_labelled(write(image=images, label=LABELS[:3]), make_spec())
    path = write(image=images, label=LABELS, field=np.arange(5))
    with pytest.raises(InputError, match="the array 'field' has 5 entries"):
        open_labelled(path, make_spec(), group="field")


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 64)])
def test_axes_of_another_kind_are_told(write, make_spec, shape):
    """Four images are not one image of four bands."""
    path = write(image=np.arange(256.0).reshape(shape), label=LABELS)

    with pytest.raises(
        InputError, match=r"shape .* 4 labels; .*\(object, band, y, x\)"
    ) as error:
        open_labelled(path, make_spec("r", "g", "b", size=(None, None)))
    assert "r g b" in str(error.value)
    assert "--bands" in str(error.value)
    assert error.value.flag == "wrong-bands"


def test_bands_in_the_last_axis_are_told(write, make_spec):
    """With the way out, once for all objects."""
    path = write(image=np.random.default_rng(0).normal(size=(4, 8, 8, 3)), label=LABELS)
    labelled = open_labelled(path, make_spec("r", "g", "b", size=(None, None)))

    with pytest.raises(InputError, match=r"4 of 4 .*moveaxis.*--bands") as error:
        read_examples(labelled)
    assert str(error.value).count("moveaxis") == 1


def test_a_file_has_no_paths(write, images, make_spec):
    """That option is for tables."""
    with pytest.raises(UsageError, match="--path"):
        open_labelled(write(image=images, label=LABELS), make_spec(), path="file")


def test_python_objects_are_refused(tmp_path, images, make_spec):
    """They can run code; the message says how to save texts."""
    np.savez(tmp_path / "a.npz", image=images, label=LABELS.astype(object))

    with pytest.raises(InputError, match=r"'label' .* Python objects.*astype\(str\)"):
        open_labelled(tmp_path / "a.npz", make_spec())


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
def test_a_broken_file_is_told(tmp_path, make_spec, name):
    """In one line."""
    (tmp_path / name).write_bytes(b"no such thing" * 20)

    with pytest.raises(InputError, match=f"{name} cannot be read|{name}.*not an npz"):
        open_labelled(tmp_path / name, make_spec())
