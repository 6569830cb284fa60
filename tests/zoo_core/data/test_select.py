"""Some of the inputs, in another order, under other names."""

import numpy as np
import pytest

from zoo_core.data import open_inputs


@pytest.fixture
def inputs(tmp_path, image, make_spec):
    """Three objects in a file, and a file that cannot be listed."""
    np.savez(tmp_path / "a.npz", image=np.stack([image + i for i in range(3)]), id=[*"xyx"])
    (tmp_path / "b.npz").write_bytes(b"")
    return open_inputs(tmp_path, make_spec())


def test_selected_samples_are_those_at_the_positions(inputs):
    """In the order asked for; an id that repeats is told about as ever."""
    chosen = inputs.select([2, 1, 0])

    assert chosen.ids == ("x", "y", "x")
    assert [sample.arrays["image"][0, 0, 0] for sample in chosen] == [2, 1, 0]
    assert [sample.flag for sample in chosen] == ["", "", "duplicate-id"]
    assert chosen.notes == ("1 row with the id of an earlier one",)
    assert inputs.select([1, 2]).notes == ()


def test_ids_may_be_allowed_to_repeat(inputs):
    """Then nothing is said of it, and nothing else changes."""
    chosen = inputs.select([2, 1, 0], ids_may_repeat=True)

    assert chosen.ids == ("x", "y", "x")
    assert [sample.flag for sample in chosen] == ["", "", ""]
    assert chosen.notes == ()


def test_files_and_problems_are_known_without_reading(inputs, tmp_path):
    """For each sample, also for those that cannot be read."""
    assert inputs.files == ((tmp_path / "a.npz",),) * 3 + ((tmp_path / "b.npz",),)
    assert inputs.problems[:3] == (None,) * 3
    assert inputs.problems[3].flag == "unreadable"


def test_arrays_can_be_renamed(inputs):
    """Selecting keeps the new names; the original keeps the old ones."""
    renamed = inputs.renamed({"image": "cutout"})

    assert list(renamed[0].arrays) == ["cutout"]
    assert list(renamed.select([1])[0].arrays) == ["cutout"]
    assert list(inputs[0].arrays) == ["image"]
    assert renamed.notes == inputs.notes
