"""Published batches: arrays come out, programs do not run."""

import os
import pickle

import numpy as np
import pytest
from zoo_radio.batches import MIRABEST, main, read_batches

from zoo_core.errors import InputError, UsageError


def named(label):
    """A file name of MiraBest: class, position, redshift, size."""
    return f"{100 + label}_{10 * label:07.3f}+{label / 100:07.3f}_0.1_0020.00.png"


def write(path, told, *, text=bytes, **changed):
    """A batch in the form of CIFAR, with keys of bytes as old pickles have them."""

    def key(name):
        return name.encode() if text is bytes else name

    rng = np.random.default_rng(len(told))
    batch = {
        key("data"): rng.integers(0, 255, (len(told), 22500), dtype=np.uint8),
        key("labels"): told,
        key("filenames"): [key(named(label)) for label in told],
        key("batch_label"): key("training batch 1 of 7"),
    } | {key(name): value for name, value in changed.items()}
    path.write_bytes(pickle.dumps(batch, protocol=2))
    return batch


class Evil:
    """A pickle that would run a program."""

    def __reduce__(self):
        return os.system, ("touch it-ran",)


@pytest.mark.parametrize("text", [bytes, str])
def test_batches_are_joined(tmp_path, text):
    """Images in their order, with the classes of MiraBest's labels."""
    one = write(tmp_path / "a", [0, 5], text=text)
    write(tmp_path / "b", [3, 8, 1], text=text)

    found = read_batches([tmp_path / "a", tmp_path / "b"])

    key = b"data" if text is bytes else "data"
    np.testing.assert_array_equal(found.images[0], one[key][0].reshape(150, 150))
    assert found.morphology.tolist() == ["FRI", "FRII", "FRI", "hybrid", "FRI"]
    assert found.confident.tolist() == [True, True, False, True, True]
    assert found.names.tolist() == [named(label) for label in (0, 5, 3, 8, 1)]
    assert len(MIRABEST) == 10


def test_a_program_in_a_pickle_is_not_run(tmp_path, monkeypatch):
    """The name of what it asks for is told, and nothing happens."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").write_bytes(pickle.dumps({b"data": Evil()}))

    with pytest.raises(InputError, match=r"it asks for (posix|nt)\.system, and only arrays"):
        read_batches([tmp_path / "bad"])
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize(
    "code",
    [b"c_codecs\nencode\n(Vx\nVzlib_codec\ntR.", b"c_codecs\nencode\n(Vx\nVno_such\ntR."],
)
def test_no_codec_is_asked_for(tmp_path, code):
    """Bytes of old protocols are in latin1; nothing else is looked up or run."""
    (tmp_path / "bad").write_bytes(code)

    with pytest.raises(InputError, match="it asks for the codec"):
        read_batches([tmp_path / "bad"])


def test_damaged_files_are_told_and_never_raise_anything_else(tmp_path):
    """Three hundred batches with a few bytes changed."""
    batch = {b"data": np.zeros((1, 22500), np.uint8), b"labels": [0], b"filenames": [b"x"]}
    whole = pickle.dumps(batch, protocol=2)
    ends = [*range(200), *range(len(whole) - 120, len(whole))]
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.choice(ends, 2):
            damaged[place] = rng.integers(256)
        (tmp_path / "bad").write_bytes(bytes(damaged))
        try:
            read_batches([tmp_path / "bad"])
        except InputError:
            refused += 1

    assert refused > 150


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.array([None]), "it holds an array of 'O8'"),
        (np.zeros(1, [("a", "u1")]), "it holds an array of 'V1'"),
        (np.array(["text"]), "it holds an array of 'U4'"),
    ],
)
def test_arrays_of_anything_but_numbers_are_refused(tmp_path, data, message):
    """Objects and structures, whose memory numpy would trust the file with."""
    write(tmp_path / "a", [0], data=data)

    with pytest.raises(InputError, match=message):
        read_batches([tmp_path / "a"])


def test_arrays_and_numbers_of_numpy_are_read(tmp_path):
    """In the order of Fortran, of the other byte order, and labels as numbers of numpy's."""
    image = np.arange(22500, dtype=np.uint8).reshape(1, 150, 150)
    write(tmp_path / "a", [0], data=np.asfortranarray(image), labels=[np.int64(5)])
    write(tmp_path / "b", [0], labels=np.array([3], ">i4"))

    found = read_batches([tmp_path / "a", tmp_path / "b"])

    np.testing.assert_array_equal(found.images[0], image[0])
    assert found.morphology.tolist() == ["FRII", "FRI"]


@pytest.mark.parametrize("code", [b"cbuiltins\neval\n(V1\ntR.", b"cnumpy\nload\n(Vx\ntR."])
def test_other_names_of_known_modules_are_refused(tmp_path, code):
    """Even of numpy."""
    (tmp_path / "bad").write_bytes(code)

    with pytest.raises(InputError, match=r"it asks for (builtins\.eval|numpy\.load)"):
        read_batches([tmp_path / "bad"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": np.zeros((1, 7), dtype=np.uint8)}, "22500 pixels of uint8 for each"),
        ({"data": np.zeros((1, 22500))}, "the data are float64"),
        ({"labels": 3}, "labels and filenames must be lists"),
        ({"filenames": []}, "1 labels and 0 names"),
        ({"labels": [77]}, r"labels \[77\] are none of mirabest's 10 classes"),
    ],
)
def test_what_is_no_batch_is_told(tmp_path, changed, message):
    """With the file and what it holds."""
    write(tmp_path / "a", [0], **changed)

    with pytest.raises(InputError, match=message):
        read_batches([tmp_path / "a"])


def test_files_that_are_none_are_told(tmp_path):
    """Empty, of something else, absent; and an unknown set."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "list").write_bytes(pickle.dumps([1]))
    (tmp_path / "meta").write_bytes(pickle.dumps({"label_names": ["FRI"]}))

    for name, message in (
        ("empty", "it is damaged or no pickle"),
        ("list", "holds a list, a batch is a dictionary"),
        ("meta", "lacks data, filenames, labels"),
        ("none", "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            read_batches([tmp_path / name])
    with pytest.raises(UsageError, match="'mirabest' or 'fr-deep', is 'rgz'"):
        read_batches([tmp_path / "a"], published="rgz")
    with pytest.raises(UsageError, match="name the batch files"):
        read_batches([])


def test_the_program_writes_what_fine_tuning_reads(tmp_path, capsys):
    """An npz without pickles; with --confident the sure FRI and FRII alone."""
    write(tmp_path / "a", [0, 3, 5, 8])
    out = tmp_path / "out.npz"

    assert main([str(tmp_path / "a"), "--confident", "-o", str(out)]) == 0

    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["x"].shape == (2, 150, 150)
        assert arrays["y"].tolist() == [0, 1]
        assert arrays["morphology"].tolist() == ["FRI", "FRII"]
        assert arrays["place"].tolist() == [0, 1]
    assert "2 images" in capsys.readouterr().out
    assert main([str(tmp_path / "none"), "-o", str(out)]) == 2
    assert main([str(tmp_path / "a"), "--set", "fr-deep", "-o", str(out)]) == 2


def test_arrays_of_batches_are_read_too(tmp_path):
    """An npz of them gives what the batches give; others are told."""
    write(tmp_path / "a", [0, 5, 8])
    batch = read_batches([tmp_path / "a"])
    good = {"x": batch.images, "y": np.array([0, 5, 8]), "name": batch.names}
    np.savez(tmp_path / "a.npz", **good)

    found = read_batches([tmp_path / "a.npz"])

    for one, other in zip(found, batch, strict=True):
        np.testing.assert_array_equal(one, other)
    for bad, message in (
        ({"y": np.zeros(3)}, "cannot be read"),
        ({**good, "name": batch.names[:2]}, "3 labels and 2 names"),
        ({**good, "x": np.zeros((3, 150, 150))}, "the data are float64"),
        ({**good, "name": np.array([Evil()] * 3)}, "cannot be read"),
    ):
        np.savez(tmp_path / "bad.npz", **bad)
        with pytest.raises(InputError, match=message):
            read_batches([tmp_path / "bad.npz"])
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="cannot be read"):
        read_batches([tmp_path / "no.npz"])


def test_sources_without_positions_have_no_places(tmp_path, capsys):
    """Of FR-DEEP; of MiraBest it is an error that says what a name is like."""
    write(tmp_path / "a", [0, 1], filenames=["x", "y"])
    out = tmp_path / "out.npz"

    assert main([str(tmp_path / "a"), "--set", "fr-deep", "-o", str(out)]) == 0

    with np.load(out) as arrays:
        assert "place" not in arrays
    assert main([str(tmp_path / "a"), "-o", str(out)]) == 2
    assert "does not say a position" in capsys.readouterr().err
