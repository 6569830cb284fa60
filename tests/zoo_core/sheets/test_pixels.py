"""Pixels of rows are read again from what a table says of them, whatever the names."""

import dataclasses

import numpy as np
import pytest
from astropy.io import fits
from minimal_card import changed_card

from zoo_core.cards import Band, InputSpec, parse_card
from zoo_core.data import open_inputs
from zoo_core.errors import UsageError
from zoo_core.sheets import image_spec, pixels_of_inputs, pixels_of_sources


def card_of(*bands, kind="image"):
    spec = InputSpec(
        name="image",
        kind=kind,
        bands=tuple(Band(name=f"lsst-{band}") for band in bands),
        size=(5, 5) if kind == "image" else (25,),
    )
    return dataclasses.replace(parse_card(changed_card()), inputs=(spec,))


def noise(count, size=5):
    return np.random.default_rng(0).normal(size=(count, size, size)).astype("f4")


def sources_of(card, *paths, **options):
    """As the column of a prediction, and the arrays that it was made of."""
    inputs = open_inputs([str(path) for path in paths], card.inputs, **options)
    return list(inputs.sources), [sample.arrays["image"] for sample in inputs]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_files_extensions_and_rows_of_arrays(tmp_path):
    """In any order, some more than once; a larger image is cut as it was."""
    images = noise(6)
    fits.writeto(tmp_path / "a+b[1].fits", images[0])
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            *(fits.ImageHDU(image, name=f"I{n}") for n, image in enumerate(images)),
        ]
    ).writeto(tmp_path / "many.fits")
    np.savez(tmp_path / "stack.npz", image=images[:, None])
    fits.writeto(tmp_path / "large.fits", noise(1, 9)[0])
    card = card_of("g")
    sources, arrays = sources_of(card, tmp_path, fit="crop")
    assert len(sources) > 8

    order = np.random.default_rng(1).integers(0, len(sources), 20)
    found = pixels_of_sources([sources[i] for i in order], card)
    same(found, [arrays[i] for i in order])


def test_bands_in_files_of_their_own(tmp_path):
    """The paths are joined by a plus, which a name may hold too."""
    images = noise(4)
    for number, name in enumerate(("J12+34", "J56+78")):
        fits.writeto(tmp_path / f"{name}_g.fits", images[2 * number])
        fits.writeto(tmp_path / f"{name}_r.fits", images[2 * number + 1])
    card = card_of("g", "r")
    sources, arrays = sources_of(card, tmp_path)
    assert all(source.count("+") == 3 for source in sources)

    same(pixels_of_sources(sources[::-1], card), arrays[::-1])
    same(arrays, [images[:2], images[2:]])


def test_what_is_gone_has_none(tmp_path):
    """And what was an array in memory never had a file."""
    fits.writeto(tmp_path / "a.fits", noise(1)[0])
    card = card_of("g")
    gone = pixels_of_sources(
        ["array[3]", str(tmp_path / "b.fits"), str(tmp_path / "a.fits")], card
    )

    assert [one is None for one in gone] == [True, True, False]
    assert pixels_of_sources(["array[3]"], card) == [None]
    (tmp_path / "a.fits").write_bytes(b"no FITS")
    assert pixels_of_sources([str(tmp_path / "a.fits")], card) == [None]


def test_rows_of_open_inputs(tmp_path):
    """The chosen ones in their order; one that cannot be used is none."""
    images = noise(3)
    images[1] = np.nan
    np.savez(tmp_path / "stack.npz", image=images[:, None])
    inputs = open_inputs(str(tmp_path / "stack.npz"), card_of("g").inputs)

    last, bad, first = pixels_of_inputs(inputs, [2, 1, 0], "image")
    same([last, first], [images[2:3], images[0:1]])
    assert bad is None


def test_only_images_can_be_looked_at():
    """A model of anything else is refused by what it takes."""
    with pytest.raises(UsageError, match=r"takes image \(series\)"):
        image_spec(card_of("g", kind="series"))
