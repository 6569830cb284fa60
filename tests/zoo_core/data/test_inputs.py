"""Listing and reading as a whole."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from zoo_core.data import READERS, Item, Listing, Raw, Reader, Sample, open_inputs
from zoo_core.errors import InputError, UsageError


def test_bad_files_lose_no_good_row(tmp_path, image, make_spec, write_fits):
    """Every file is a row, in order, each with its own flag."""
    write_fits(tmp_path / "a1.fits", (image, {}))
    (tmp_path / "a2.fits").write_text("hello")
    write_fits(tmp_path / "a3.fits", (image * np.nan, {}))
    write_fits(tmp_path / "a4.fits", (image * 0, {}))
    write_fits(tmp_path / "a5.fits", (image[:5], {}))
    write_fits(tmp_path / "a10.fits", (image, {}))
    inputs = open_inputs(tmp_path, make_spec())

    flags = {sample.id: sample.flag for sample in inputs}
    assert list(flags) == ["a1", "a2", "a3", "a4", "a5", "a10"]
    assert list(flags.values()) == ["", "unreadable", "all-nan", "constant", "wrong-size", ""]
    assert all(bool(s.flag) != s.is_usable and bool(s.reason) == bool(s.flag) for s in inputs)
    assert all("\n" not in sample.reason for sample in inputs)


def test_later_objects_of_one_id_name_the_first(tmp_path, image, make_spec, write_fits):
    """They are used all the same, and other warnings are told first."""
    first = write_fits(tmp_path / "1" / "obj.fits", (image, {}))
    write_fits(tmp_path / "2" / "obj.fits", (image, {}))
    image[0, 0] = np.nan
    write_fits(tmp_path / "3" / "obj.fits", (image, {}))
    inputs = open_inputs(tmp_path, make_spec())

    assert [sample.flag for sample in inputs] == ["", "duplicate-id", "nan-filled"]
    assert all(sample.is_usable for sample in inputs)
    assert str(first) in inputs[1].reason
    assert "1 of 64" in inputs[2].reason
    assert str(first) in inputs[2].reason
    assert inputs.notes == ("2 rows with the id of an earlier one",)


def test_a_row_with_a_warning_and_an_error_tells_both(tmp_path, image, make_spec, write_fits):
    """The flag is that of the error: it is why there is no prediction."""
    write_fits(tmp_path / "a.fits", (image[:5], {"PIXSCALE": 0.4}))
    sample = open_inputs(tmp_path, make_spec(scale=0.2))[0]

    assert not sample.is_usable
    assert sample.flag == "wrong-size"
    assert "5x8" in sample.reason.split("; ")[0]
    assert "0.4 arcsec" in sample.reason


def test_formats_may_be_mixed_and_keep_their_order(tmp_path, image, make_spec, write_fits):
    """The order is that of the listing, not of the readers."""
    write_fits(tmp_path / "b.fits", (image, {}))
    np.savez(tmp_path / "a.npz", image=image)
    np.savez(tmp_path / "c.npz", image=image)
    assert open_inputs(tmp_path, make_spec()).ids == ("a", "b", "c")


def test_inputs_are_a_sequence(tmp_path, image, make_spec):
    """Length, negative positions, slices, an end."""
    np.savez(tmp_path / "a.npz", image=np.stack([image] * 3))
    inputs = open_inputs(tmp_path, make_spec())

    assert len(inputs) == 3
    assert inputs[-1].id == "a-2"
    assert [sample.id for sample in inputs[1:]] == ["a-1", "a-2"]
    with pytest.raises(IndexError):
        inputs[3]


def test_reading_waits_until_asked(tmp_path, image, make_spec, write_fits):
    """A file that breaks after listing is a flagged row."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    inputs = open_inputs(path, make_spec())
    path.unlink()

    assert inputs[0].flag == "unreadable"


def test_a_file_of_unknown_suffix_that_was_named_is_a_row(
    tmp_path, image, make_spec, write_fits
):
    """What the shell expanded along with the images does not stop the run."""
    (tmp_path / "truth.csv").touch()
    good = write_fits(tmp_path / "a.fits", (image, {}))
    rows = list(open_inputs([good, tmp_path / "truth.csv"], make_spec()))

    assert [row.flag for row in rows] == ["", "unreadable"]
    assert ".fits" in rows[1].reason


def test_only_files_of_unknown_suffix_are_an_error(tmp_path, make_spec):
    """Nothing could come out: told before any work."""
    (tmp_path / "truth.csv").touch()
    with pytest.raises(InputError, match="no format that can be read"):
        open_inputs(tmp_path / "truth.csv", make_spec())


def test_pictures_for_a_model_of_series_are_an_error(tmp_path, make_spec):
    """Told before any work, with the way out; the picture is not even opened."""
    path = tmp_path / "a.png"
    path.write_bytes(b"a picture")
    with pytest.raises(InputError, match=r"'flux' \(series\).*npz or HDF5"):
        open_inputs(path, make_spec("flux", name="flux", kind="series", size=(8,)))


def test_a_fits_image_for_a_model_of_series_is_a_row_without_table(
    tmp_path, image, make_spec, write_fits
):
    """FITS can hold series, so that only the file tells."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    (sample,) = open_inputs(path, make_spec("flux", name="flux", kind="series", size=(8,)))

    assert sample.flag == "no-table"


def test_one_image_a_file_for_a_model_of_two_inputs_is_an_error(
    tmp_path, image, make_spec, write_fits
):
    """A picture cannot hold two inputs."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    with pytest.raises(InputError, match="npz or HDF5"):
        open_inputs(path, make_spec() + make_spec(name="other"))


def test_accepting_bands_needs_a_model_with_one_band(tmp_path, make_spec):
    """It would not be clear which of several is meant."""
    with pytest.raises(UsageError, match="one band"):
        open_inputs(tmp_path, make_spec("g", "r"), accept_bands=["i"])


def test_an_unknown_fit_is_an_error(tmp_path, make_spec):
    """The known ones are listed."""
    with pytest.raises(UsageError, match="exact, crop"):
        open_inputs(tmp_path, make_spec(), fit="stretch")


def test_threads_may_read_at_once(tmp_path, image, make_spec, write_fits):
    """Each gets its own image."""
    for index in range(40):
        write_fits(tmp_path / f"a{index}.fits", (image + index, {}))
    inputs = open_inputs(tmp_path, make_spec())
    with ThreadPoolExecutor(4) as pool:
        samples = list(pool.map(inputs.__getitem__, range(40)))

    assert [sample.arrays["image"][0, 0, 0] for sample in samples] == list(range(40))


def test_inputs_can_be_pickled(tmp_path, image, make_spec, write_fits):
    """Workers in other processes get the listing, not the data."""
    path = write_fits(tmp_path / "a.fits", (image, {}))
    copy = pickle.loads(pickle.dumps(open_inputs(path, make_spec())))
    np.testing.assert_array_equal(copy[0].arrays["image"], image[None])


class Lines(Reader):
    """A reader as a plugin may bring it: one number a line makes a series."""

    name = "lines"
    kinds = frozenset({"series"})
    max_inputs = 1

    def items(self, files):
        return Listing(tuple(Item(id=f.stem, source=str(f), files=(f,)) for f in files))

    def read(self, item):
        text = item.files[0].read_text()
        if text == "stop":
            raise KeyboardInterrupt
        name = self.request.specs[0].name
        return Raw({name: np.array([float(line) for line in text.split()])})


def test_a_reader_of_series_can_be_brought(tmp_path, make_spec):
    """Suffixes are a mapping; whatever the reader raises becomes a row."""
    (tmp_path / "a.lc").write_text("1\n2\n3")
    (tmp_path / "b.lc").write_text("one\ntwo")
    spec = make_spec("flux", name="flux", kind="series", size=(3,))
    good, bad = open_inputs(tmp_path, spec, readers={**READERS, ".lc": Lines})

    np.testing.assert_array_equal(good.arrays["flux"], [[1, 2, 3]])
    assert bad.flag == "unreadable"
    assert "ValueError" in bad.reason


def test_the_user_can_interrupt_reading(tmp_path, make_spec):
    """Control-C is no fault of the file."""
    (tmp_path / "a.lc").write_text("stop")
    spec = make_spec("flux", name="flux", kind="series", size=(3,))
    inputs = open_inputs(tmp_path, spec, readers={".lc": Lines})
    with pytest.raises(KeyboardInterrupt):
        inputs[0]


def test_a_sample_is_usable_if_it_has_arrays(image):
    """A flag alone does not decide."""
    assert not Sample("a", "a.fits", flag="constant").is_usable
    assert Sample("a", "a.fits", {"image": image}, "nan-filled").is_usable
