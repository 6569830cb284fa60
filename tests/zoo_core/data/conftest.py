"""What the tests of the readers share: specifications, images, files."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from zoo_core.cards import Band, InputSpec


@pytest.fixture
def make_spec():
    """Make the tuple of one image specification with bands of these names."""

    def make(*bands, size=(8, 8), name="image", kind="image", missing="fill", scale=None):
        return (
            InputSpec(
                name=name,
                kind=kind,
                bands=tuple(Band(name=band) for band in bands or ("lsst-g",)),
                size=size,
                missing=missing,
                pixel_scale_arcsec=scale,
            ),
        )

    return make


@pytest.fixture
def image():
    """An image 8x8 whose values are all different: ``image[y, x] = 8 y + x``."""
    return np.arange(64, dtype=np.float32).reshape(8, 8)


@pytest.fixture
def write_fits():
    """Write extensions ``(array, header)``; the first is the primary one."""

    def write(path, *extensions):
        path.parent.mkdir(parents=True, exist_ok=True)
        hdus = fits.HDUList()
        for index, (array, header) in enumerate(extensions):
            kind = fits.ImageHDU if index else fits.PrimaryHDU
            hdus.append(kind(array, fits.Header(header.items())))
        hdus.writeto(path, overwrite=True)
        return path

    return write


@pytest.fixture
def as_ordinary_user():
    """A context in which permission bits count even if the tests are run by root."""

    @contextmanager
    def ordinary():
        if os.geteuid():
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return ordinary


@pytest.fixture
def open_folder():
    """A folder that every user can enter, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
