"""Which object lies on which tile, against astropy's own WCS."""

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from mosaics import noise, sky, tiles_of, write

from zoo_core.survey import match


def of(folder, *skies, shape=(100, 120)):
    """Tiles with these WCS."""
    for number, wcs in enumerate(skies):
        write(folder / f"t{number}_g.fits", noise(shape), wcs)
    return tiles_of(folder / "t*_{band}.fits")


@pytest.mark.parametrize(
    "centre", [(150.0, 2.0), (0.0, 0.0), (359.9999, -45.0), (30.0, 89.999), (200.0, -90.0)]
)
def test_exactly_the_objects_on_the_tile(tmp_path, centre):
    """By offsets from the centre, at RA 0/360 and at the poles; the edge belongs to it."""
    wcs = sky(centre=centre, angle=20)
    tiles = of(tmp_path, wcs)
    x, y = np.random.default_rng(0).uniform(-60, 180, (2, 400))
    ra, dec = wcs.all_pix2world(x, y, 0)

    found = match(tiles, ra, dec)

    is_on = (x > -0.5) & (x < 119.5) & (y > -0.5) & (y < 99.5)
    np.testing.assert_array_equal(found.tile == 0, is_on)
    np.testing.assert_allclose(found.x[is_on], x[is_on], atol=1e-4)
    np.testing.assert_allclose(found.y[is_on], y[is_on], atol=1e-4)
    assert np.isnan(found.x[~is_on]).all()


def test_right_ascension_is_on_a_circle(tmp_path):
    """-0.001, 359.999 and 719.999 are one."""
    tiles = of(tmp_path, sky(centre=(0.0, 10.0)))

    found = match(tiles, np.array([-0.001, 359.999, 719.999, 0.001]), np.full(4, 10.0))

    assert (found.tile == 0).all()
    np.testing.assert_allclose(found.x[:3], found.x[0], atol=1e-6)
    assert found.x[3] != found.x[0]


def test_positions_that_are_none_lie_on_no_tile(tmp_path):
    """NaN, infinite, beyond a pole."""
    tiles = of(tmp_path, sky(centre=(150.0, 89.999)))
    ra = np.array([np.nan, 150.0, np.inf, 150.0, 150.0])
    dec = np.array([89.999, np.nan, 89.999, 90.001, 89.999])

    found = match(tiles, ra, dec)

    assert found.tile.tolist() == [-1, -1, -1, -1, 0]


def test_of_overlapping_tiles_the_one_with_most_room(tmp_path):
    """The first of equals."""
    left, right = sky(at=(80, 49.5)), sky(at=(39, 49.5))
    tiles = of(tmp_path, left, right, right)
    # Offsets along x from the shared reference position, which lies at 80 on the left tile
    # (39 to its right edge) and at 39 on the right one (39.5 to its left edge).
    x = np.array([-60.0, -10.0, 30.0, 60.0])
    ra, dec = left.all_pix2world(80 + x, np.full(4, 49.5), 0)

    assert match(tiles, ra, dec).tile.tolist() == [0, 0, 1, 1]


def test_room_is_an_angle(tmp_path):
    """Ten large pixels are more than fifteen small ones."""
    small, large = sky(at=(15, 49.5)), sky(at=(10, 49.5), pixel=2 * 0.2 / 3600)
    tiles = of(tmp_path, small, large)

    assert match(tiles, np.array([150.0]), np.array([2.0])).tile.tolist() == [1]


def test_a_broken_tile_comes_last(tmp_path):
    """Objects that a whole tile holds at its very edge are cut from there."""
    for name, at in (("a_g", (60, 49.5)), ("b_r", (119, 49.5)), ("b_g", (119, 49.5))):
        write(tmp_path / f"{name}.fits", noise(), sky(at=at))
    broken, whole = tiles_of(tmp_path / "*_{band}.fits", "g", "r")
    assert broken.problem.flag == "missing-band"
    ra, dec = sky(at=(60, 49.5)).all_pix2world([60.0, 100.0], [49.5, 49.5], 0)

    assert match([broken, whole], ra, dec).tile.tolist() == [1, 0]


def test_other_frames_are_transformed(tmp_path):
    """A tile in galactic coordinates."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "GLON-TAN", "GLAT-TAN"
    wcs.wcs.crval, wcs.wcs.crpix = (120.0, 40.0), (60.5, 50.5)
    wcs.wcs.cdelt = -1e-4, 1e-4
    place = SkyCoord(l=120.001, b=40.002, unit="deg", frame="galactic").icrs

    found = match(of(tmp_path, wcs), np.array([place.ra.deg]), np.array([place.dec.deg]))

    expected = wcs.all_world2pix(120.001, 40.002, 0)
    np.testing.assert_allclose([found.x[0], found.y[0]], expected, atol=1e-5)


def test_distorted_tiles(tmp_path):
    """SIP: ten pixels at the corners."""
    wcs = sip((100, 120))
    x, y = np.array([2.0, 118.0, 60.0, -3.0]), np.array([3.0, 97.0, 50.0, 50.0])
    ra, dec = wcs.all_pix2world(x, y, 0)
    assert abs(wcs.wcs_world2pix(ra, dec, 0)[0][0] - x[0]) > 1.0

    found = match(of(tmp_path, wcs), ra, dec)

    assert found.tile.tolist() == [0, 0, 0, -1]
    np.testing.assert_allclose(found.x[:3], x[:3], atol=1e-3)


def sip(shape):
    """A WCS with a quadratic distortion."""
    wcs = sky(shape)
    header = wcs.to_header()
    header.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", A_ORDER=2, B_ORDER=2)
    header.update(A_2_0=1e-3, A_0_2=5e-4, B_1_1=-8e-4)
    return WCS(header)


def test_many_tiles_and_objects_agree_with_astropy(tmp_path):
    """Each object on a tile whose own WCS says so, or on none that does."""
    skies = [
        sky(centre=(10.0 + 0.004 * i, 60.0 + 0.004 * j), angle=10.0 * i)
        for i in range(4)
        for j in range(3)
    ]
    tiles = of(tmp_path, *skies)
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(9.995, 10.02, 500), rng.uniform(59.995, 60.015, 500)
    depth = []
    for wcs in skies:
        x, y = wcs.all_world2pix(ra, dec, 0)
        depth.append(np.minimum.reduce([x + 0.5, 119.5 - x, y + 0.5, 99.5 - y]))
    depth = np.array(depth)

    found = match(tiles, ra, dec).tile

    by_name = [int(Path(tile.name).name[1:].split("_")[0]) for tile in tiles]
    expected = np.where(depth.max(axis=0) >= 0, depth.argmax(axis=0), -1)
    np.testing.assert_array_equal(np.array([*by_name, -1])[found], expected)
    assert 0 < (found < 0).sum() < 500


def test_axes_may_stand_the_other_way_round(tmp_path):
    """CTYPE1 = DEC--TAN."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "DEC--TAN", "RA---TAN"
    wcs.wcs.crval, wcs.wcs.crpix = (20.0, 150.0), (60.5, 50.5)
    wcs.wcs.cdelt = 1e-4, 1e-4
    dec, ra = wcs.all_pix2world(11.0, 82.0, 0)

    found = match(of(tmp_path, wcs), np.array([ra]), np.array([dec]))

    np.testing.assert_allclose([found.x[0], found.y[0]], [11.0, 82.0], atol=1e-5)


def test_no_objects_and_no_tiles(tmp_path):
    """Nothing is on nothing."""
    none = np.zeros(0)

    assert len(match(of(tmp_path, sky()), none, none).tile) == 0
    assert match([], np.array([1.0]), np.array([2.0])).tile.tolist() == [-1]
