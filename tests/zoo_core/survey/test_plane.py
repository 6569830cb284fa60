"""Windows out of one image, in each of the ways in which FITS stores pixels."""

import bz2
import gzip
import os

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from mosaics import noise, write

from zoo_core.errors import InputError
from zoo_core.survey import PixelsRef, Planes, open_plane

#: First pixels of windows: inside, over each edge and corner, off the image.
X = np.array([0, 5, 104, 110, -3, 60, 119, -16, 400, 40])
Y = np.array([0, 7, 84, -4, 50, 90, 99, -16, 30, -500])


def expected(pixels, size=16):
    """The same windows by padding the image with NaN."""
    far = 600
    padded = np.pad(pixels.astype(np.float64), far, constant_values=np.nan)
    windows = [
        padded[y + far : y + far + size, x + far : x + far + size]
        for x, y in zip(X, Y, strict=True)
    ]
    return np.array(windows).astype(np.float32)


def opened(path, extension=0):
    return open_plane(PixelsRef(path, extension))


def test_windows_are_slices_padded_with_nan(tmp_path):
    """Inside, over every edge, and off the image."""
    pixels = noise()

    windows = opened(write(tmp_path / "a.fits", pixels)).cut(X, Y, 16)

    assert windows.dtype == np.float32
    assert windows.dtype.isnative
    assert windows.flags.c_contiguous
    np.testing.assert_array_equal(windows, expected(pixels))


def test_windows_need_not_be_square(tmp_path):
    """The size is (y, x)."""
    pixels = noise()

    windows = opened(write(tmp_path / "a.fits", pixels)).cut(X[:2], Y[:2], (4, 9))

    np.testing.assert_array_equal(windows[1], pixels[7:11, 5:14])


def test_no_windows_are_an_empty_array(tmp_path):
    """As many as were asked for."""
    none = np.zeros(0, dtype=int)

    assert opened(write(tmp_path / "a.fits", noise())).cut(none, none, 16).shape == (0, 16, 16)


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_number_type_in_any_byte_order(tmp_path, dtype, order):
    """FITS stores them with the large end first, whatever they were before."""
    pixels = (noise() * 5).astype(order + dtype)

    windows = opened(write(tmp_path / "a.fits", pixels)).cut(X, Y, 16)

    np.testing.assert_array_equal(windows, expected(pixels))


@pytest.mark.parametrize("suffix", ["fits", "fits.gz", "fits.bz2"])
def test_scaled_integers_and_blank(tmp_path, suffix):
    """BZERO + BSCALE * stored; BLANK is NaN. Against astropy's own scaling."""
    stored = (noise() * 100).astype(np.int16)
    stored[20:30, 7:12] = -999
    hdu = fits.PrimaryHDU(stored)
    hdu.header.update(BSCALE=0.5, BZERO=7.25, BLANK=-999)
    hdu.writeto(tmp_path / "a.fits")
    by_astropy = fits.getdata(tmp_path / "a.fits").copy()
    path = packed(tmp_path / "a.fits", suffix)

    windows = opened(path).cut(X, Y, 16)

    assert np.isnan(by_astropy).sum() == 50
    np.testing.assert_array_equal(windows, expected(by_astropy))


def test_unsigned_integers(tmp_path):
    """FITS stores them as signed ones with an offset."""
    pixels = np.arange(100 * 120).reshape(100, 120).astype(np.uint16) + 40000

    windows = opened(write(tmp_path / "a.fits", pixels)).cut(X, Y, 16)

    np.testing.assert_array_equal(windows, expected(pixels))


def packed(path, suffix):
    """Compress a file as a whole."""
    if suffix == "fits":
        return path
    pack = {"fits.gz": gzip.compress, "fits.bz2": bz2.compress}[suffix]
    other = path.with_name(f"packed.{suffix}")
    other.write_bytes(pack(path.read_bytes()))
    return other


@pytest.mark.parametrize("suffix", ["fits.gz", "fits.bz2"])
def test_files_compressed_as_a_whole(tmp_path, suffix):
    """Unpacked once, into memory."""
    pixels = noise()
    plane = opened(packed(write(tmp_path / "a.fits", pixels), suffix))

    np.testing.assert_array_equal(plane.cut(X, Y, 16), expected(pixels))
    assert plane.nbytes == pixels.nbytes


@pytest.mark.parametrize("tile_shape", [None, (32, 32), (7, 120)])
@pytest.mark.parametrize("count", [1, 10])
def test_tile_compressed_images(tmp_path, tile_shape, count):
    """Against astropy's unpacking of the whole; few windows unpack a part, many all."""
    pixels = noise()
    pixels[3:9, 3:9] = np.nan
    hdu = fits.CompImageHDU(pixels, compression_type="RICE_1", tile_shape=tile_shape)
    hdu.writeto(tmp_path / "a.fits.fz")
    whole = fits.getdata(tmp_path / "a.fits.fz", 1)
    plane = opened(tmp_path / "a.fits.fz", 1)

    for _ in range(2):
        windows = plane.cut(X[:count], Y[:count], 16)

        np.testing.assert_array_equal(windows, expected(whole)[:count])
    is_part = 0 < plane.nbytes < pixels.nbytes
    assert is_part if count == 1 else plane.nbytes == pixels.nbytes


@pytest.mark.parametrize("dtype", ["i2", "u2", "i4"])
def test_tile_compressed_integers(tmp_path, dtype):
    """Unsigned ones too."""
    pixels = (noise() * 100).astype(dtype)
    fits.CompImageHDU(pixels).writeto(tmp_path / "a.fits.fz")

    windows = opened(tmp_path / "a.fits.fz", 1).cut(X, Y, 16)

    np.testing.assert_array_equal(windows, expected(pixels))


def test_stripes_of_distant_windows_are_all_unpacked(tmp_path):
    """Two windows far apart, then one between them: each from its own stripes."""
    pixels = noise((4000, 20))
    fits.CompImageHDU(pixels, quantize_level=0, compression_type="GZIP_2").writeto(
        tmp_path / "a.fits.fz"
    )
    plane = opened(tmp_path / "a.fits.fz", 1)

    for rows in ([3990, 10], [2000], [15, 5]):
        windows = plane.cut(np.zeros(len(rows), dtype=int), np.array(rows), (8, 20))

        np.testing.assert_array_equal(windows, [pixels[y : y + 8] for y in rows])
    assert plane.nbytes < 0.02 * pixels.nbytes


def test_bits_keep_their_value(tmp_path):
    """A float32 holds 24 bits only; beyond the edge there are none."""
    bits = np.full((100, 120), 2**30 + 1, dtype=np.int32)
    fits.CompImageHDU(bits).writeto(tmp_path / "a.fits.fz")
    fits.PrimaryHDU(bits).writeto(tmp_path / "a.fits")

    for name, extension in (("a.fits", 0), ("a.fits.fz", 1)):
        windows = opened(tmp_path / name, extension).cut_bits(X[:4], Y[:4], 16)

        assert (windows[0] == 2**30 + 1).all()
        assert (windows[3, :4] == 0).all()


def test_windows_are_those_of_cutout2d(tmp_path):
    """Partial ones filled with NaN."""
    pixels = noise()
    plane = opened(write(tmp_path / "a.fits", pixels))
    for position, size in (((30.2, 40.7), 15), ((1.0, 98.0), 16), ((60.5, 3.5), 16)):
        other = Cutout2D(pixels, position, size, mode="partial", fill_value=np.nan)
        x, y = (np.ceil(np.array([value]) - size / 2).astype(int) for value in position)

        np.testing.assert_array_equal(plane.cut(x, y, size)[0], other.data)


def test_axes_of_length_one_are_dropped(tmp_path):
    """Radio images have a frequency and a Stokes axis in front."""
    pixels = noise()
    fits.PrimaryHDU(pixels[None, None]).writeto(tmp_path / "a.fits")
    fits.CompImageHDU(pixels[None], quantize_level=0, compression_type="GZIP_1").writeto(
        tmp_path / "a.fits.fz"
    )

    for name, extension in (("a.fits", 0), ("a.fits.fz", 1)):
        windows = opened(tmp_path / name, extension).cut(X, Y, 16)

        np.testing.assert_array_equal(windows, expected(pixels))


def test_values_beyond_float32_become_infinite(tmp_path):
    """Not an error; the checks of cutouts tell of it."""
    pixels = noise().astype(np.float64)
    pixels[0, 0] = 1e300

    assert opened(write(tmp_path / "a.fits", pixels)).cut(X[:1], Y[:1], 4)[0, 0, 0] == np.inf


@pytest.mark.parametrize("kind", ["plain", "rice", "bz2", "gone", "empty", "text"])
def test_broken_files_are_input_errors(tmp_path, kind):
    """By name, with the flag of the table."""
    path = write(tmp_path / "a.fits", noise())
    extension = 0
    if kind == "rice":
        path, extension = tmp_path / "a.fits.fz", 1
        fits.CompImageHDU(noise()).writeto(path)
    elif kind == "bz2":
        path = packed(path, "fits.bz2")
    if kind == "gone":
        path.unlink()
    elif kind == "text":
        path.write_text("Hello" * 2000)
    else:
        os.truncate(path, 0 if kind == "empty" else path.stat().st_size * 2 // 3)

    with pytest.raises(InputError, match=path.name) as caught:
        opened(path, extension)

    assert caught.value.flag == "tile-unreadable"


def test_a_mapped_file_that_is_cut_off_later_is_an_error(tmp_path):
    """Touching the lost pages would end the process by a signal."""
    path = write(tmp_path / "a.fits", noise())
    plane = opened(path)
    os.truncate(path, 5000)

    with pytest.raises(InputError, match="cut off while"):
        plane.cut(X, Y, 16)


def test_a_mapped_file_that_is_removed_can_be_cut_on(tmp_path):
    """Its pages stay while it is open."""
    pixels = noise()
    path = write(tmp_path / "a.fits", pixels)
    plane = opened(path)
    path.unlink()

    np.testing.assert_array_equal(plane.cut(X, Y, 16), expected(pixels))


def test_planes_are_kept_up_to_a_budget(tmp_path):
    """The least recently used goes first; those of one call stay together."""
    refs = []
    for name in "abc":
        path = packed(write(tmp_path / f"{name}.fits", noise()), "fits")
        (tmp_path / f"{name}.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
        refs.append(PixelsRef(tmp_path / f"{name}.fits.gz", 0))
    size = noise().nbytes
    planes = Planes(budget=2 * size)
    a, b = (planes.open([ref])[ref] for ref in refs[:2])
    assert planes.open(refs[:1])[refs[0]] is a

    planes.open(refs[2:])

    assert len(planes) == 2
    assert planes.nbytes == 2 * size
    assert planes.open(refs[:1])[refs[0]] is a
    assert planes.open(refs[1:2])[refs[1]] is not b
    assert len(planes.open(refs)) == len(planes) == 3
    planes.clear()
    assert planes.nbytes == 0
