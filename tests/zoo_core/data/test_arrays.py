"""npz and HDF5: many objects in a file."""

import pickle

import h5py
import numpy as np
import pytest

from zoo_core.cards import Band, InputSpec
from zoo_core.data import open_inputs


def save_npz(path, **arrays):
    """Write an npz file."""
    np.savez(path, **arrays)


def save_hdf5(path, **arrays):
    """Write an HDF5 file; text as variable-length strings."""
    with h5py.File(path, "w") as store:
        for name, array in arrays.items():
            array = np.asarray(array)
            store[name] = array.astype(object) if array.dtype.kind == "U" else array


@pytest.fixture(params=[("x.npz", save_npz), ("x.h5", save_hdf5)], ids=["npz", "hdf5"])
def save(request, tmp_path):
    """Write arrays and give the path, in both formats."""
    name, write = request.param

    def saved(**arrays):
        write(tmp_path / name, **arrays)
        return tmp_path / name

    return saved


@pytest.fixture
def stack(image):
    """Five one-band images; number ``i`` is ``image + i``."""
    return np.stack([image + i for i in range(5)])


def test_one_array_holds_many_objects(save, stack, make_spec):
    """``(n, y, x)`` for one band; ids are made of the file's name."""
    path = save(image=stack)
    with open_inputs(path, make_spec()) as inputs:
        assert inputs.ids == ("x-0", "x-1", "x-2", "x-3", "x-4")
        assert inputs[3].source == f"{path}[3]"
        for index, sample in enumerate(inputs):
            np.testing.assert_array_equal(sample.arrays["image"], stack[index][None])


def test_bands_are_the_second_axis(save, stack, make_spec):
    """``(n, band, y, x)``."""
    cubes = np.stack([stack, stack + 100], axis=1).astype(">i2")
    with open_inputs(save(image=cubes), make_spec("g", "r")) as inputs:
        assert len(inputs) == 5
        np.testing.assert_array_equal(inputs[4].arrays["image"], cubes[4])


@pytest.mark.parametrize("bands", [("g",), ("g", "r")])
def test_a_single_object_needs_no_first_axis(save, image, make_spec, bands):
    """``(y, x)`` or ``(band, y, x)``; the id is the file's name."""
    array = image if len(bands) == 1 else np.stack([image, image + 1])
    with open_inputs(save(image=array), make_spec(*bands)) as inputs:
        assert inputs.ids == ("x",)
        np.testing.assert_array_equal(
            inputs[0].arrays["image"], array.reshape(len(bands), 8, 8)
        )


def test_ids_may_be_given(save, stack, make_spec):
    """As text or numbers."""
    with open_inputs(save(image=stack, id=["a", "b", "c", "d", "é"]), make_spec()) as inputs:
        assert inputs.ids == ("a", "b", "c", "d", "é")
    with open_inputs(save(image=stack, id=np.arange(7, 12)), make_spec()) as inputs:
        assert inputs.ids == ("7", "8", "9", "10", "11")
    with open_inputs(
        save(image=stack, name=np.arange(5)), make_spec(), id_key="name"
    ) as inputs:
        assert inputs.ids == ("0", "1", "2", "3", "4")


def test_ids_of_the_wrong_number_are_told(save, stack, make_spec):
    """A row that says so instead of ids that belong to others."""
    with open_inputs(save(image=stack, id=["a", "b"]), make_spec()) as inputs:
        (sample,) = inputs
    assert sample.flag == "wrong-length"


def test_the_only_array_of_the_right_kind_may_have_any_name(save, stack, make_spec):
    """Labels beside it do not confuse."""
    with open_inputs(save(x=stack, y=np.arange(5)), make_spec()) as inputs:
        assert [sample.flag for sample in inputs] == [""] * 5


def test_several_arrays_none_of_them_named_as_the_input_are_told(save, stack, make_spec):
    """The names found are in the reason."""
    with open_inputs(save(a=stack, b=stack), make_spec()) as inputs:
        (sample,) = inputs
    assert sample.flag == "missing-input"
    assert "'a', 'b'" in sample.reason


def test_a_bad_entry_does_not_lose_the_others(save, stack, make_spec):
    """One all-NaN and one constant image of five."""
    stack[1] = np.nan
    stack[3] = 4
    with open_inputs(save(image=stack), make_spec()) as inputs:
        assert [sample.flag for sample in inputs] == ["", "all-nan", "", "constant", ""]


def test_a_wrong_size_is_told_for_each_object(save, stack, make_spec):
    """And can be cropped."""
    path = save(image=stack)
    small = make_spec(size=(6, 6))
    with open_inputs(path, small) as inputs:
        assert {sample.flag for sample in inputs} == {"wrong-size"}
    with open_inputs(path, small, fit="crop") as inputs:
        np.testing.assert_array_equal(inputs[2].arrays["image"][0], stack[2, 1:7, 1:7])


def test_named_inputs_are_read_by_name(save, stack):
    """A model of an image and a spectrum takes both."""
    specs = (
        InputSpec(name="cutout", kind="image", bands=(Band(name="g"),), size=(8, 8)),
        InputSpec(name="spectrum", kind="series", bands=(Band(name="flux"),), size=(4,)),
    )
    spectra = np.arange(20.0).reshape(5, 4)
    with open_inputs(save(cutout=stack, spectrum=spectra), specs) as inputs:
        arrays = inputs[2].arrays
    np.testing.assert_array_equal(arrays["cutout"], stack[2][None])
    np.testing.assert_array_equal(arrays["spectrum"], spectra[2][None])


def test_inputs_of_different_number_are_told(save, stack):
    """Five images and four spectra cannot be paired."""
    specs = (
        InputSpec(name="cutout", kind="image", bands=(Band(name="g"),), size=(8, 8)),
        InputSpec(name="spectrum", kind="series", bands=(Band(name="flux"),), size=(4,)),
    )
    with open_inputs(save(cutout=stack, spectrum=np.ones((4, 4))), specs) as inputs:
        (sample,) = inputs
    assert sample.flag == "wrong-length"
    assert "cutout: 5" in sample.reason


def test_no_object_is_told(save, make_spec):
    """An array of length zero."""
    with open_inputs(save(image=np.empty((0, 8, 8))), make_spec()) as inputs:
        (sample,) = inputs
    assert sample.flag == "empty"


def test_a_truncated_file_is_a_row(save, stack, make_spec):
    """Found on listing, without raising."""
    path = save(image=stack)
    path.write_bytes(path.read_bytes()[:600])
    with open_inputs(path, make_spec()) as inputs:
        (sample,) = inputs
    assert (sample.id, sample.flag) == ("x", "unreadable")


def test_text_with_such_a_suffix_is_a_row(save, image, make_spec):
    """A text file is neither npz nor HDF5."""
    path = save(image=image)
    path.write_text("hello")
    with open_inputs(path, make_spec()) as inputs:
        assert inputs[0].flag == "unreadable"


def test_python_objects_are_refused(tmp_path, make_spec):
    """A pickle is never loaded: it could run anything."""

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was loaded",))

    array = np.empty((2, 8, 8), dtype=object)
    array[:] = Bomb()
    np.savez(tmp_path / "x.npz", image=array)
    (sample,) = open_inputs(tmp_path / "x.npz", make_spec())

    assert (sample.flag, sample.is_usable) == ("refused", False)
    assert "Python objects" in sample.reason


def test_ids_that_are_python_objects_are_refused(tmp_path, stack, make_spec):
    """The same holds for ids."""
    np.savez(tmp_path / "x.npz", image=stack, id=np.array(list("abcde"), dtype=object))
    (sample,) = open_inputs(tmp_path / "x.npz", make_spec())
    assert sample.flag == "refused"


def test_inputs_can_be_sent_to_another_process(save, stack, make_spec):
    """Open files are left behind and opened again there."""
    with open_inputs(save(image=stack), make_spec()) as inputs:
        np.testing.assert_array_equal(inputs[0].arrays["image"], stack[0][None])
        with pickle.loads(pickle.dumps(inputs)) as copy:
            np.testing.assert_array_equal(copy[4].arrays["image"], stack[4][None])


def test_closing_lets_go_of_the_file_and_reading_goes_on(tmp_path, stack, make_spec):
    """A closed file can be written again."""
    path = tmp_path / "x.h5"
    save_hdf5(path, image=stack)
    inputs = open_inputs(path, make_spec())
    assert inputs[0].is_usable
    inputs.close()
    with h5py.File(path, "a") as store:
        store["image"][1] += 1000
    with inputs:
        assert inputs[1].arrays["image"][0, 0, 0] == 1001
