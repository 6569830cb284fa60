"""Cutting alone: 20,000 cutouts of 64x64 out of a mosaic, against three plain ways.

    python benchmarks/cutouts.py
    python benchmarks/cutouts.py --count 2000 --side 3000

Both sides of a row run in turn, several times, in one process; the least processor time of
each counts. Each side opens its file anew. What is compared, and must be at least:

- the plane of a float32 mosaic against a loop of numpy slices of the same file, memory-mapped
  by astropy: 0.7;
- that of a Rice-compressed mosaic against astropy unpacking the whole once, and the same loop:
  0.8;
- ``zoo_core.survey.cut`` from sky positions, with its checks, against one
  ``astropy.nddata.Cutout2D`` for each object, which is given the WCS and the position: 10;
- for information, the plane against ``Cutout2D`` without a WCS, where the pixel positions are
  known already: what is left of the last row if the WCS is taken out of both sides.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from zoo_core.cards import Band, InputSpec
from zoo_core.survey import PROFILES, PixelsRef, Planes, Tile, cut, find_tiles, open_plane

#: Pixels of the mosaic, degrees.
SCALE = 0.2 / 3600


def write_mosaic(folder: Path, side: int) -> tuple[Path, Path]:
    """A mosaic of noise and its Rice-compressed form, as `fpack` makes it by default."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = side / 2, side / 2
    wcs.wcs.cdelt = -SCALE, SCALE
    header = wcs.to_header()
    header["FILTER"] = "g"
    noise = np.random.default_rng(0).normal(100.0, 10.0, (side, side)).astype(np.float32)
    plain, packed = folder / "mosaic.fits", folder / "packed.fits.fz"
    fits.writeto(plain, noise, header)
    image = fits.CompImageHDU(
        noise, header, compression_type="RICE_1", quantize_level=4.0, quantize_method=1
    )
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(packed)
    return plain, packed


def sliced(path: Path, extension: int, corners: np.ndarray, size: int) -> np.ndarray:
    """The plain loop; of a compressed image, astropy unpacks the whole."""
    with fits.open(path, memmap=True) as hdus:
        pixels = hdus[extension].data
        windows = np.empty((len(corners), size, size), dtype=np.float32)
        for k, (x, y) in enumerate(corners.tolist()):
            windows[k] = pixels[y : y + size, x : x + size]
    return windows


def ours(
    path: Path, extension: int, corners: np.ndarray, size: int, *, block: int
) -> np.ndarray:
    """The same by planes, block by block."""
    plane = open_plane(PixelsRef(path, extension))
    windows = np.empty((len(corners), size, size), dtype=np.float32)
    for start in range(0, len(corners), block):
        x, y = corners[start : start + block].T
        windows[start : start + block] = plane.cut(x, y, size)
    return windows


def by_cutout2d(path: Path, ra: np.ndarray, dec: np.ndarray, size: int) -> np.ndarray:
    """One object of astropy for each cutout."""
    with fits.open(path, memmap=True) as hdus:
        pixels, wcs = hdus[0].data, WCS(hdus[0].header)
        positions = SkyCoord(ra, dec, unit="deg")
        windows = np.empty((len(ra), size, size), dtype=np.float32)
        for k, position in enumerate(positions):
            windows[k] = Cutout2D(pixels, position, size, wcs=wcs).data
    return windows


def by_cutout2d_of_pixels(path: Path, corners: np.ndarray, size: int) -> np.ndarray:
    """The same without a WCS."""
    with fits.open(path, memmap=True) as hdus:
        pixels = hdus[0].data
        windows = np.empty((len(corners), size, size), dtype=np.float32)
        for k, (x, y) in enumerate((corners + (size - 1) / 2).tolist()):
            windows[k] = Cutout2D(pixels, (x, y), size).data
    return windows


def by_cut(tile: Tile, ra: np.ndarray, dec: np.ndarray, size: int, *, block: int) -> np.ndarray:
    """The same by ``cut``: WCS, windows and checks."""
    spec = InputSpec(
        name="image", kind="image", bands=(Band(name="lsst-g"),), size=(size, size)
    )
    planes = Planes()
    windows = np.empty((len(ra), size, size), dtype=np.float32)
    for start in range(0, len(ra), block):
        chosen = slice(start, start + block)
        found = cut(tile, ra[chosen], dec[chosen], spec, planes=planes)
        windows[chosen] = found.array[:, 0]
    return windows


def compare(
    title: str,
    plain: Callable[[], np.ndarray],
    ours: Callable[[], np.ndarray],
    *,
    must: float | None,
    rounds: int,
) -> None:
    """Run both sides in turn, check that they agree, print rates and ratio."""
    if not np.array_equal(plain(), ours()):
        raise SystemExit(f"{title}: the two sides differ")
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(rounds):
        for side, run in (("plain", plain), ("ours", ours)):
            start = time.process_time()
            count = len(run())
            times[side].append(time.process_time() - start)
    before, after = min(times["plain"]), min(times["ours"])
    wanted = "for information" if must is None else f"must be {must:g}"
    print(
        f"{title:<42} plain {count / before:9.0f}/s   ours {count / after:9.0f}/s   "
        f"ratio {before / after:6.2f}   ({wanted})"
    )


def main() -> None:
    """Write the mosaic and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--block", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count, side, size = arguments.count, arguments.side, arguments.size
    block, rounds = arguments.block, arguments.rounds

    with tempfile.TemporaryDirectory() as name:
        plain, packed = write_mosaic(Path(name), side)
        corners = np.random.default_rng(1).integers(0, side - size, (count, 2))
        compare(
            "float32 mosaic, memory-mapped",
            lambda: sliced(plain, 0, corners, size),
            lambda: ours(plain, 0, corners, size, block=block),
            must=0.7,
            rounds=rounds,
        )
        compare(
            "Rice-compressed mosaic",
            lambda: sliced(packed, 1, corners, size),
            lambda: ours(packed, 1, corners, size, block=block),
            must=0.8,
            rounds=rounds,
        )
        with fits.open(plain) as hdus:
            wcs = WCS(hdus[0].header)
        middles = corners + (size - 1) / 2
        ra, dec = wcs.all_pix2world(middles[:, 0], middles[:, 1], 0)
        tile = find_tiles(str(plain), ["lsst-g"], PROFILES["plain"])[0]
        # Seconds for a thousand: fewer rounds and objects give the same rate.
        few = slice(0, max(1, count // 10))
        compare(
            "one Cutout2D for each object",
            lambda: by_cutout2d(plain, ra[few], dec[few], size),
            lambda: by_cut(tile, ra[few], dec[few], size, block=block),
            must=10,
            rounds=1,
        )
        compare(
            "one Cutout2D each, pixels known, no WCS",
            lambda: by_cutout2d_of_pixels(plain, corners, size),
            lambda: ours(plain, 0, corners, size, block=block),
            must=None,
            rounds=rounds,
        )


if __name__ == "__main__":
    main()
