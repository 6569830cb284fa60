"""Seeded streams of simulated objects, and the data sets written from them."""

import resource
import weakref

import numpy as np
import pytest
import torch
from toys import Spots

from zoo_core.data import open_inputs
from zoo_core.errors import OutputError, UsageError
from zoo_core.simulation import concatenate, write_data_set
from zoo_core.tables import read_table


def test_any_length_is_the_start_of_the_same_data_set():
    """Object i depends on the seed and not on how many are drawn."""
    few = concatenate(Spots().stream(40, seed=3))
    many = concatenate(Spots().stream(100, seed=3))

    assert torch.equal(few.arrays["image"], many.arrays["image"][:40])
    assert np.array_equal(few.truth["spot"], many.truth["spot"][:40])


def test_seeds_and_chunks_differ():
    """No two seeds and no two chunks of a seed share their random numbers."""
    simulator = Spots()
    images = [
        simulator.chunk(index, seed=seed).arrays["image"]
        for seed in (0, 1, 2**40)
        for index in (0, 1)
    ]

    assert len({tuple(image.flatten()[:8].tolist()) for image in images}) == 6


@pytest.mark.parametrize("file_format", ["fits", "npz", "hdf5"])
def test_a_written_data_set_reads_back_as_it_was_drawn(tmp_path, file_format):
    """Images and truth survive every format, under the ids of the truth table."""
    truth = write_data_set(Spots(), tmp_path / "set", count=40, seed=5, file_format=file_format)
    drawn = concatenate(Spots().stream(40, seed=5))
    with open_inputs(tmp_path / "set", Spots.inputs) as inputs:
        samples = list(inputs)
    table = read_table(truth)

    assert list(table["id"]) == [sample.id for sample in samples]
    assert np.array_equal(table["spot"], drawn.truth["spot"])
    assert [sample.flag for sample in samples] == [""] * 40
    for sample, image in zip(samples, drawn.arrays["image"].numpy(), strict=True):
        np.testing.assert_array_equal(sample.arrays["image"], image)


class Forgotten(Spots):
    """Looks at each chunk whether the one before the last has been let go."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def draw(self, count, generator):
        assert not any(images() is not None for images in self.kept[:-2])
        drawn = super().draw(count, generator)
        self.kept += [weakref.ref(drawn.arrays["image"]), weakref.ref(drawn.maps["light"])]
        return drawn


@pytest.mark.parametrize("file_format", ["fits", "hdf5"])
def test_images_are_written_as_they_are_drawn(tmp_path, file_format):
    """The size of a data set is not limited by the memory."""
    write_data_set(Forgotten(), tmp_path / "set", count=130, seed=5, file_format=file_format)


@pytest.mark.parametrize("file_format", ["fits", "npz", "hdf5"])
def test_a_disc_that_is_full_is_told(tmp_path, file_format):
    """As an error of the place that cannot be written."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"set cannot be written any further \(.*\)"):
            write_data_set(Spots(), tmp_path / "set", count=90, seed=5, file_format=file_format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_truth_table_says_where_it_comes_from(tmp_path):
    """Simulator, version and seed are its metadata."""
    meta = read_table(write_data_set(Spots(), tmp_path / "set", count=3, seed=5)).meta

    assert meta["simulator"] == "spots"
    assert meta["version"] == "1"
    assert meta["seed"] == "5"


def test_a_filled_folder_is_refused_unless_told_otherwise(tmp_path):
    """Nothing of the user's is overwritten without being asked."""
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(OutputError, match="not empty"):
        write_data_set(Spots(), tmp_path, count=3, seed=5)
    write_data_set(Spots(), tmp_path, count=3, seed=5, overwrite=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_number_below_one_is_refused(tmp_path):
    """Before any folder is made."""
    with pytest.raises(UsageError, match="must be positive"):
        write_data_set(Spots(), tmp_path / "set", count=0, seed=5)
    assert not (tmp_path / "set").exists()
