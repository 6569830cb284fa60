"""Reading labelled objects: exact, complete, within memory."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import zoo_core.labelled
from zoo_core.errors import InputError, OutputError, UsageError
from zoo_core.labelled import _examples, _store, open_labelled, read_examples
from zoo_core.testing._light import heavy_imports


@pytest.fixture
def opened(tmp_path, make_spec):
    """Open images ``(n, y, x)`` with labels that alternate, or given ones."""

    def go(images, labels=None, **options):
        labels = np.arange(len(images)) % 2 if labels is None else np.asarray(labels)
        part = options.pop("part", None)
        more = {} if part is None else {"part": np.asarray(part)}
        np.savez(tmp_path / "objects.npz", image=np.asarray(images), label=labels, **more)
        options |= {} if part is None else {"split": "part"}
        size = options.pop("size", (4, 4))
        return open_labelled(tmp_path / "objects.npz", make_spec(size=size), **options)

    return go


@pytest.fixture
def images(image):
    """Six images of whole numbers from 0 to 255."""
    return np.stack([image(number) for number in range(6)])


@pytest.mark.parametrize("row", [0, 2, 5])
@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, np.nan])
def test_small_whole_numbers_take_a_byte_and_all_else_four(opened, images, row, value):
    """Values are kept exactly, whichever object is the first with another one."""
    small = read_examples(opened(images)).arrays["image"]
    images[row, 3, 3] = value
    large = read_examples(opened(images)).arrays["image"]

    assert small.dtype == np.uint8
    assert small.shape == (6, 1, 4, 4)
    assert large.dtype == np.float32
    assert np.array_equal(large[:, 0], images, equal_nan=True)
    assert np.array_equal(np.delete(small, row, 0), np.delete(large, row, 0))


def test_labels_are_positions_of_sorted_classes(opened, images):
    """As a network counts its outputs."""
    examples = read_examples(opened(images, [10, 9, 11, 9, 10, 11]))

    assert examples.classes == ("9", "10", "11")
    assert examples.labels.dtype == np.int64
    assert examples.labels.tolist() == [1, 0, 2, 0, 1, 2]
    assert len(examples) == 6


def test_copies_have_one_digest(opened, images):
    """Whatever the type of the file, the kind of zero and the bits of NaN."""
    plain = read_examples(opened(images)).digests
    again = read_examples(opened(images.astype(">f8"))).digests
    images[1] = images[0]
    images[2:4] = images[0]
    images[2:4, 1, 1] = [0.0, -0.0]
    images[4:6] = images[0]
    images[4:6, 1, 1] = np.array([0x7FC00000, 0xFFC00001], np.uint32).view(np.float32)
    copies = read_examples(opened(images)).digests

    assert plain == again
    assert len(set(plain)) == 6
    assert copies[0] == copies[1] == plain[0]
    assert copies[2] == copies[3]
    assert copies[4] == copies[5]
    assert len(set(copies)) == 3


def test_a_digest_tells_shapes_and_names_apart():
    """The same bytes can be another object."""
    digests = {
        _examples.digest_of({name: np.zeros(shape, np.float32)})
        for name, shape in (("a", (1, 4)), ("a", (2, 2)), ("b", (1, 4)))
    }

    assert len(digests) == 3


def test_the_fingerprint_is_that_of_rows_labels_and_order(opened, images):
    """It changes with each of them, and with nothing else."""
    labels = np.array(["a", "b", "a", "b", "a", "b"])
    order = [1, 0, 2, 3, 4, 5]
    prints = [
        read_examples(opened(images, labels)).fingerprint,
        read_examples(opened(images, labels[order])).fingerprint,
        read_examples(opened(images[order], labels[order])).fingerprint,
        read_examples(opened(images + 1, labels)).fingerprint,
    ]

    assert len(set(prints)) == 4
    assert read_examples(opened(images.astype(int), labels)).fingerprint == prints[0]


def test_objects_that_cannot_be_read_are_counted(opened, images):
    """All of them; each reason is told once, with five of its objects, and the way out."""
    images[:] = 7.0
    calls = []

    with pytest.raises(InputError, match=r"6 of 6 objects .* cannot be read") as error:
        read_examples(opened(images), progress=lambda *done: calls.append(done))
    message = str(error.value)
    assert message.count("every value is 7: the image is constant") == 1
    assert all(f"objects.npz[{row}]" in message for row in range(5))
    assert "objects.npz[5]" not in message
    assert "and 1 more)" in message
    assert "--skip-bad leaves them out" in message
    assert error.value.flag == "constant"
    assert calls[-1] == (6, 6)


def test_many_reasons_are_cut_too(opened, images):
    """Five of six, and how many more there are."""
    images[:] = np.arange(6.0)[:, None, None]

    with pytest.raises(InputError, match=r"value is 4: .*; and 1 other reason\. Mend") as error:
        read_examples(opened(images))
    assert "value is 5" not in str(error.value)


def test_what_is_used_all_the_same_is_told(opened, images):
    """By flag, with the number of objects and one of them."""
    images[1, 0, 0] = np.nan
    images[2:4, 0, 0] = np.inf
    examples = read_examples(opened(images))

    nan, infinite = examples.warnings
    assert nan.startswith("1 object flagged nan-filled, such as ")
    assert nan.endswith("objects.npz[1]: 1 of 16 values (6.25 %) are NaN")
    assert infinite.startswith("2 objects flagged not-finite")
    assert len(examples) == 6


def test_objects_that_cannot_be_read_can_be_left_out(opened, images):
    """The others keep their order, label, part and id."""
    images[1] = 7.0
    images[2] = np.nan
    part = ["train", "test", "train", "train", "train", "test"]
    examples = read_examples(opened(images, part=part), skip_bad=True)

    assert examples.ids == ("objects-0", "objects-3", "objects-4", "objects-5")
    assert examples.labels.tolist() == [0, 1, 0, 1]
    assert examples.splits == ("train", "train", "train", "test")
    assert examples.arrays["image"][:, 0, 0, 0].tolist() == [100, 103, 104, 105]
    assert len(examples.digests) == 4
    assert [text.split(":")[0] for text in examples.left_out] == ["objects-1", "objects-2"]
    assert "constant" in examples.left_out[0]


@pytest.mark.parametrize(
    ("bad", "options", "message"),
    [
        ([1, 3], {}, r"'1' \(1\)"),
        ([1, 3, 5], {}, r"'1' \(0\)"),
        ([0, 1, 2, 3], {}, "2 examples"),
        ([1], {"part": ["train", "train", "train", "test", "test", "test"]}, "not in train"),
    ],
)
def test_classes_are_judged_again(opened, images, bad, options, message):
    """What is left must still be learnable."""
    images[bad] = 7.0
    labelled = opened(images, **options)

    with pytest.raises(InputError, match=f"that cannot be read.*{message}"):
        read_examples(labelled, skip_bad=True)


def test_sizes_must_be_one(tmp_path, make_spec, write_png, image):
    """For a network that takes any size, all sizes are counted."""
    for number, size in enumerate([4, 4, 4, 6, 6, 5]):
        write_png(tmp_path / "ab"[number % 2] / f"{number}.png", image(number, size))
    labelled = open_labelled(tmp_path, make_spec(size=(None, None)))

    with pytest.raises(InputError, match="3 objects of 4x4, 2 objects of 6x6, 1 object of 5x5"):
        read_examples(labelled)
    with pytest.raises(InputError, match="--size N with --fit crop"):
        read_examples(labelled)
    cropped = open_labelled(tmp_path, make_spec(), fit="crop")
    assert read_examples(cropped).arrays["image"].shape == (6, 1, 4, 4)


def test_an_object_of_another_size_is_told_how_to_fit(opened, images):
    """Where the network takes one size."""
    with pytest.raises(InputError, match=r"the image is 4x4, the model takes 3x3\. --fit crop"):
        read_examples(opened(images, size=(3, 3)))


def test_progress_comes_in_pieces(opened, images):
    """Not for each object, and always at the end."""
    many = np.concatenate([images + 10 * i for i in range(25)])
    calls = []
    read_examples(opened(many), progress=lambda *done: calls.append(done))

    assert calls == [(64, 150), (128, 150), (150, 150)]


@pytest.mark.parametrize("late", [False, True])
def test_arrays_larger_than_memory_lie_in_files(opened, images, tmp_path, late):
    """With the same content, from the start or when bytes no longer do."""
    images[5 if late else 0, 3, 3] = 0.5
    labelled = opened(images)
    inside = read_examples(labelled, memory=6 * 16 * 4, folder=tmp_path / "a")
    outside = read_examples(labelled, memory=6 * 16 * 4 - 1, folder=tmp_path / "b")

    assert not (tmp_path / "a").exists()
    assert isinstance(outside.arrays["image"], np.memmap)
    assert not isinstance(inside.arrays["image"], np.memmap)
    assert np.array_equal(outside.arrays["image"], inside.arrays["image"])
    assert np.array_equal(inside.arrays["image"][:, 0], images)
    assert outside.fingerprint == inside.fingerprint
    assert [file.name for file in (tmp_path / "b").iterdir()] == ["input-0-float32.npy"]


def test_bytes_in_files_become_floats_in_files(opened, images, tmp_path):
    """The narrow file is gone; reading again does not spoil what was read before."""
    images[5, 3, 3] = 0.5
    first = read_examples(opened(images), memory=0, folder=tmp_path / "b")
    before = first.arrays["image"].copy()
    second = read_examples(opened(images[::-1]), memory=0, folder=tmp_path / "b")

    assert [file.name for file in (tmp_path / "b").iterdir()] == ["input-0-float32.npy"]
    assert np.array_equal(before[:, 0], images)
    assert np.array_equal(first.arrays["image"], before)
    assert np.array_equal(second.arrays["image"], before[::-1])


def test_files_need_a_folder_with_room(opened, images, tmp_path, monkeypatch):
    """Both are told with what is needed and what there is."""
    labelled = opened(np.tile(images, (100, 1, 1)) + 0.5)
    with pytest.raises(UsageError, match=r"take 37.5 KiB, more than the 1 KiB .* a folder"):
        read_examples(labelled, memory=1024)

    usage = SimpleNamespace(free=2048)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match=r"take 37.5 KiB on disc, but .* has 2 KiB free"):
        read_examples(labelled, memory=1024, folder=tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    usage.free = 600 * 16 * 4
    assert len(read_examples(labelled, memory=1024, folder=tmp_path / "b")) == 600


def test_room_is_needed_for_all_inputs_together(tmp_path, make_spec, monkeypatch):
    """Files that are made and not yet full count too."""
    specs = make_spec(name="a") + make_spec(name="b")
    stack = np.arange(4 * 16.0).reshape(4, 4, 4)
    np.savez(tmp_path / "objects.npz", a=stack, b=stack, label=[0, 1, 0, 1])
    labelled = open_labelled(tmp_path / "objects.npz", specs)
    usage = SimpleNamespace(free=2 * stack.size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    with pytest.raises(OutputError, match=r"take 128 B on disc, but .* has 127 B free"):
        read_examples(labelled, memory=0, folder=tmp_path / "b")
    usage.free += 1
    arrays = read_examples(labelled, memory=0, folder=tmp_path / "b").arrays
    assert all(np.array_equal(array[:, 0], stack) for array in arrays.values())
    assert len(list((tmp_path / "b").iterdir())) == 2


def test_a_file_in_place_of_the_folder(opened, images, tmp_path):
    """It cannot be made."""
    (tmp_path / "b").touch()
    with pytest.raises(OutputError, match="cannot be made"):
        read_examples(opened(images), memory=0, folder=tmp_path / "b")


def test_failing_leaves_no_file_behind(opened, images, tmp_path):
    """What was half read is of no use."""
    images[4] = 7.0
    with pytest.raises(InputError):
        read_examples(opened(images), memory=0, folder=tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []


def test_memory_is_what_the_system_says(monkeypatch, tmp_path):
    """In bytes; two gibibytes where it says nothing."""
    told = tmp_path / "meminfo"
    monkeypatch.setattr(_store, "Path", lambda name: told)
    assert _store.available_memory() == 2 * 2**30
    told.write_text("MemTotal:  99 kB\nMemAvailable:     1000 kB\n", encoding="ascii")
    assert _store.available_memory() == 1_024_000
    told.write_text("MemTotal:  99 kB\n", encoding="ascii")
    assert _store.available_memory() == 2 * 2**30


def test_half_of_the_memory_is_used(opened, images, tmp_path, monkeypatch):
    """Unless told otherwise."""
    for free, kind in ((2 * 6 * 16, np.ndarray), (2 * 6 * 16 - 2, np.memmap)):
        monkeypatch.setattr(_examples, "available_memory", lambda free=free: free)
        examples = read_examples(opened(images), folder=tmp_path / "b")
        assert type(examples.arrays["image"]) is kind


def test_importing_it_imports_nothing_heavy():
    """The functions do, when they are called."""
    names = ", ".join(zoo_core.labelled.__all__)

    assert heavy_imports(f"from zoo_core.labelled import {names}") == []


def test_all_is_sorted_and_true():
    """What the package lists is there and in order."""
    names = zoo_core.labelled.__all__

    assert names == sorted(names)
    assert all(hasattr(zoo_core.labelled, name) for name in names)
