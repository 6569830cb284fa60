"""What the tests of labelled data share: specifications, images, files, examples."""

import csv

import numpy as np
import PIL.Image
import pytest
from astropy.io import fits

from zoo_core.cards import Band, InputSpec
from zoo_core.labelled import Examples


@pytest.fixture
def make_spec():
    """Make the tuple of one specification with bands of these names."""

    def make(*bands, size=(4, 4), kind="image", name="image"):
        named = tuple(Band(name=band) for band in bands or ("g",))
        return (InputSpec(name=name, kind=kind, bands=named, size=size),)

    return make


@pytest.fixture
def image():
    """Make an image 4x4 by number: all numbers give other ones, with whole values."""

    def make(number, size=4):
        array = np.arange(size * size, dtype=np.float32).reshape(size, size)
        array[0, 0] = 100 + number
        return array

    return make


@pytest.fixture
def write_fits():
    """Write one array as a FITS file."""

    def write(path, array):
        path.parent.mkdir(parents=True, exist_ok=True)
        fits.PrimaryHDU(array).writeto(path)
        return path

    return write


@pytest.fixture
def write_png():
    """Write one array as a grey picture."""

    def write(path, array):
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(array.astype(np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def write_csv(tmp_path):
    """Write a table from columns into ``tmp_path/objects.csv``."""

    def write(**columns):
        path = tmp_path / "objects.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return path

    return write


@pytest.fixture
def six(tmp_path, image, write_fits):
    """Six FITS files ``cut/0.fits`` to ``cut/5.fits`` below ``tmp_path``; their paths."""
    for number in range(6):
        write_fits(tmp_path / "cut" / f"{number}.fits", image(number))
    return [f"cut/{number}.fits" for number in range(6)]


@pytest.fixture
def make_examples():
    """Make examples out of labels; each is another object unless digests say else."""

    def make(labels, *, groups=None, splits=None, digests=None):
        classes = tuple(sorted(set(labels)))
        return Examples(
            arrays={"vector": np.zeros((len(labels), 1), np.float32)},
            labels=np.array([classes.index(label) for label in labels], dtype=np.int64),
            classes=classes,
            ids=tuple(f"object-{row}" for row in range(len(labels))),
            groups=None if groups is None else tuple(groups),
            splits=None if splits is None else tuple(splits),
            digests=tuple(digests or (str(row) for row in range(len(labels)))),
            left_out=(),
            source="memory",
            fingerprint="",
        )

    return make
