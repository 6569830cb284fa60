"""Published batches: arrays come out, programs do not run."""

import os
import pickle

import numpy as np
import pytest
from zoo_radio.batches import MIRABEST, main, read_batches

from zoo_core.errors import InputError, UsageError


def write(path, told, *, text=bytes, **changed):
    """A batch in the form of CIFAR, with keys of bytes as old pickles have them."""

    def key(name):
        return name.encode() if text is bytes else name

    rng = np.random.default_rng(len(told))
    batch = {
        key("data"): rng.integers(0, 255, (len(told), 22500), dtype=np.uint8),
        key("labels"): told,
        key("filenames"): [key(f"{label}.png") for label in told],
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
    assert found.names.tolist() == ["0.png", "5.png", "3.png", "8.png", "1.png"]
    assert len(MIRABEST) == 10


def test_a_program_in_a_pickle_is_not_run(tmp_path, monkeypatch):
    """The name of what it asks for is told, and nothing happens."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").write_bytes(pickle.dumps({b"data": Evil()}))

    with pytest.raises(InputError, match=r"it asks for (posix|nt)\.system, and only arrays"):
        read_batches([tmp_path / "bad"])
    assert not (tmp_path / "it-ran").exists()


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
        ("empty", "cannot be read as a batch"),
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
    assert "2 images" in capsys.readouterr().out
    assert main([str(tmp_path / "none"), "-o", str(out)]) == 2
    assert main([str(tmp_path / "a"), "--set", "fr-deep", "-o", str(out)]) == 2
