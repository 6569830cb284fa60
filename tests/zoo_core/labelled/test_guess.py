"""What data are, where no model says what they must be."""

import numpy as np
import pytest
from galaxies import write_galaxies, write_table

from zoo_core.errors import InputError, UsageError
from zoo_core.labelled import guess_input, open_labelled


def arrays(path, *shape, **others):
    np.savez(path, x=np.zeros(shape, "f4"), label=np.arange(shape[0]) % 2, **others)
    return path


@pytest.mark.parametrize(
    ("shape", "bands", "kind", "names"),
    [
        ((6, 50), (), "series", ["grey"]),
        ((6, 2, 50), (), "series", ["band-1", "band-2"]),
        ((6, 1, 50), ("flux",), "series", ["flux"]),
        ((6, 5, 50), ("u", "g", "r", "i", "z"), "series", ["u", "g", "r", "i", "z"]),
        ((6, 20, 30), (), "image", ["grey"]),
        ((6, 20, 30), ("radio",), "image", ["radio"]),
        ((6, 3, 20, 30), (), "image", ["red", "green", "blue"]),
        ((6, 4, 20, 30), ("g", "r", "i", "z"), "image", ["g", "r", "i", "z"]),
    ],
)
def test_axes_of_an_array(tmp_path, shape, bands, kind, names):
    """They tell the kind and how many bands; and the data can be opened as that."""
    path = arrays(tmp_path / "a.npz", *shape)
    spec = guess_input(path, bands=bands)

    assert (spec.kind, [band.name for band in spec.bands]) == (kind, names)
    assert set(spec.size) == {None}
    opened = open_labelled(path, (spec,)).inputs[0]
    assert opened.reason in ("", "all values are 0") or opened.flag == "constant"


def test_the_array_of_objects_is_found_or_named(tmp_path):
    """The one with an entry for each label; ids, groups and other lengths do not count."""
    both = arrays(tmp_path / "a.npz", 6, 9, 9, y=np.zeros((6, 7, 7)), psf=np.zeros((3, 3)))

    with pytest.raises(
        InputError, match=r"2 arrays that could hold .*'y' \(6, 7, 7\).*--array"
    ):
        guess_input(both)
    assert guess_input(both, array="y").kind == "image"
    one = arrays(tmp_path / "b.npz", 6, 9, 9, psf=np.zeros((3, 3)), field=np.zeros((6, 1)))
    assert guess_input(one, group="field").kind == "image"


@pytest.mark.parametrize(
    ("shape", "bands", "told"),
    [
        ((6, 50, 9, 9), (), r"has 50 bands, if .*numpy.moveaxis"),
        ((6, 2, 9, 9), ("g",), r"--bands names 1 band \(g\), and .* holds 2 bands"),
        ((6, 2, 3, 9, 9), (), r"has the shape \(6, 2, 3, 9, 9\)"),
        ((6,), (), "0 arrays that could hold the objects"),
    ],
)
def test_arrays_that_cannot_be_meant(tmp_path, shape, bands, told):
    """With what was found and what is wanted."""
    with pytest.raises((InputError, UsageError), match=told):
        guess_input(arrays(tmp_path / "a.npz", *shape), bands=bands)


def test_fifty_bands_can_be_named(tmp_path):
    """Nothing is refused that was said."""
    names = [f"b{i}" for i in range(50)]
    spec = guess_input(arrays(tmp_path / "a.npz", 6, 50, 9, 9), bands=names)

    assert len(spec.bands) == 50


def test_pictures_tell_their_bands(tmp_path):
    """The first of a folder, or of a table, with or without its suffix."""
    write_galaxies(tmp_path / "colour", 4)
    write_galaxies(tmp_path / "grey", 4, bands=1)
    table = write_table(tmp_path / "t.csv", path=["colour/dark/0"], label=["dark"])

    names = [
        [band.name for band in guess_input(data).bands]
        for data in (tmp_path / "colour", tmp_path / "grey", table)
    ]
    assert names == [["red", "green", "blue"], ["grey"], ["red", "green", "blue"]]


def test_a_file_that_says_a_band_wants_names(tmp_path):
    """FITS with a filter in its header, which only a model of that band may take."""
    from astropy.io import fits

    (tmp_path / "data" / "a").mkdir(parents=True)
    image = fits.PrimaryHDU(np.ones((9, 9), "f4"))
    image.header["FILTER"] = "r"
    image.writeto(tmp_path / "data" / "a" / "1.fits")

    with pytest.raises(InputError, match=r"FILTER = 'r'.*--bands A,B"):
        guess_input(tmp_path / "data")
    assert guess_input(tmp_path / "data", bands=("r",)).bands[0].name == "r"


def test_data_that_are_not_there(tmp_path):
    """Nor can be read."""
    (tmp_path / "a.txt").write_text("no")
    table = write_table(tmp_path / "t.csv", path=["gone.png"], label=["dark"])

    with pytest.raises(InputError, match="does not exist"):
        guess_input(tmp_path / "b.npz")
    with pytest.raises(InputError, match="neither a folder, nor a table"):
        guess_input(tmp_path / "a.txt")
    with pytest.raises(InputError, match="leads to no file"):
        guess_input(table)
