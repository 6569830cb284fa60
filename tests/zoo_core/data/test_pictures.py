"""Pictures through Pillow."""

import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from zoo_core.data import open_inputs


def only(path, spec):
    """The one sample of a path."""
    (sample,) = open_inputs(path, spec)
    return sample


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_grey_pictures_have_one_band(tmp_path, image, make_spec, suffix):
    """Values and row order are the file's."""
    path = tmp_path / f"obj{suffix}"
    PIL.Image.fromarray(image.astype("u1")).save(path)
    sample = only(path, make_spec())

    assert (sample.id, sample.source) == ("obj", str(path))
    np.testing.assert_array_equal(sample.arrays["image"], image[None])


def test_colours_are_bands(tmp_path, image, make_spec):
    """Red, green, blue come first in the array."""
    colours = np.stack([image, image + 64, image + 128], axis=-1).astype("u1")
    PIL.Image.fromarray(colours).save(tmp_path / "a.png")
    array = only(tmp_path / "a.png", make_spec("r", "g", "b")).arrays["image"]

    np.testing.assert_array_equal(array, np.moveaxis(colours, -1, 0))


def test_a_colour_jpeg_has_three_bands(tmp_path, image, make_spec):
    """JPEG is lossy: the shape is what can be told."""
    PIL.Image.fromarray(np.stack([image] * 3, axis=-1).astype("u1")).save(tmp_path / "a.jpg")

    assert only(tmp_path / "a.jpg", make_spec("r", "g", "b")).arrays["image"].shape == (3, 8, 8)
    assert only(tmp_path / "a.jpg", make_spec()).flag == "wrong-bands"


def test_transparency_is_left_out(tmp_path, image, make_spec):
    """RGBA is three bands, not four."""
    layers = np.stack([image, image + 1, image + 2, image * 0 + 255], axis=-1).astype("u1")
    PIL.Image.fromarray(layers).save(tmp_path / "a.png")
    array = only(tmp_path / "a.png", make_spec("r", "g", "b")).arrays["image"]

    np.testing.assert_array_equal(array, np.moveaxis(layers[..., :3], -1, 0))


@pytest.mark.parametrize("dtype", ["f4", "u2"])
def test_deep_tiffs_keep_their_values(tmp_path, image, make_spec, dtype):
    """No squeezing into 8 bits."""
    deep = (image * 1000).astype(dtype)
    PIL.Image.fromarray(deep).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(
        only(tmp_path / "a.tif", make_spec()).arrays["image"], deep[None]
    )


def _png_of_16_bits(path, array):
    """Write ``(y, x, channel)`` uint16, which Pillow itself cannot for colours."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, channels = array.shape
    kind = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_a_grey_png_of_16_bits_keeps_its_values(tmp_path, image, make_spec):
    """0 to 65535, without a warning."""
    deep = (image * 1000).astype("u2")
    _png_of_16_bits(tmp_path / "a.png", deep[..., None])
    sample = only(tmp_path / "a.png", make_spec())

    np.testing.assert_array_equal(sample.arrays["image"], deep[None])
    assert sample.flag == ""


@pytest.mark.parametrize("channels", [3, 4])
def test_a_colour_png_of_16_bits_says_that_8_are_read(tmp_path, image, make_spec, channels):
    """The upper ones, so that the range is that of other pictures."""
    deep = np.stack([(image * 1000).astype("u2")] * channels, axis=-1)
    _png_of_16_bits(tmp_path / "a.png", deep)
    sample = only(tmp_path / "a.png", make_spec("r", "g", "b"))

    np.testing.assert_array_equal(sample.arrays["image"][0], deep[..., 0] // 256)
    assert (sample.flag, sample.is_usable) == ("depth", True)
    assert "16 bits are read as 8" in sample.reason


def test_pages_are_bands(tmp_path, image, make_spec):
    """A TIFF of two pages suits a model of two bands."""
    pages = [PIL.Image.fromarray((image + i).astype("f4")) for i in range(2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    array = only(tmp_path / "a.tif", make_spec("g", "r")).arrays["image"]

    np.testing.assert_array_equal(array, np.stack([image, image + 1]))


@pytest.mark.parametrize("content", [b"", b"not a picture", None], ids=["empty", "text", "cut"])
def test_a_broken_picture_is_a_row(tmp_path, image, make_spec, content):
    """Empty, text, or cut off."""
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 255, (8, 8), dtype="u1")
    PIL.Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    sample = only(path, make_spec())

    assert (sample.flag, sample.is_usable) == ("unreadable", False)
