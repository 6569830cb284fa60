"""The picture of docs/survey.md: a simulated field, searched as the page says.

    python docs/pictures/survey_field.py docs/pictures/survey-sheet.png

Writes a tile of 900 simulated galaxies and stars, of which about one in fifty is a lens, and
their catalogue, into a folder that is removed afterwards; runs ``zoo predict --tiles``; draws
its contact sheet; and prints how many of the sheet's objects are lenses.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.wcs import WCS
from zoo_strong_lensing.simulation.lsst import LsstLens

#: Objects along a side of the field, and pixels from one to the next.
ALONG, STEP = 30, 60

#: Of the simulator, and share of lenses.
SEED, LENSES = 71, 0.02

#: Pictures on the sheet.
TOP = 24


def write_field(folder: Path) -> np.ndarray:
    """Write tile and catalogue; return which objects are lenses, bool ``(n,)``."""
    simulator = LsstLens(lens_fraction=LENSES)
    count, size = ALONG**2, simulator.grid.size
    parts = list(simulator.stream(count, seed=SEED))
    cutouts = np.concatenate([part.arrays["image"][:, 0].numpy() for part in parts])
    truth = {
        name: np.concatenate([part.truth[name] for part in parts])
        for name in ("lens", "sky_sigma")
    }
    rng = np.random.default_rng(SEED)
    side = ALONG * STEP
    tile = np.median(truth["sky_sigma"]) * rng.normal(size=(side, side)).astype(np.float32)
    row, column = np.divmod(np.arange(count), ALONG)
    for cutout, top, left in zip(cutouts, row * STEP, column * STEP, strict=True):
        tile[top : top + size, left : left + size] = cutout
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = side / 2, side / 2
    wcs.wcs.cdelt = -0.2 / 3600, 0.2 / 3600
    header = wcs.to_header()
    header["FILTER"], header["BUNIT"] = "g", "nJy"
    fits.writeto(folder / "tile_1_g.fits", tile, header)
    middle = (size - 1) / 2
    ra, dec = wcs.all_pix2world(column * STEP + middle, row * STEP + middle, 0)
    table = pa.table({"id": np.arange(count), "ra": ra, "dec": dec})
    pq.write_table(table, folder / "objects.parquet")
    return truth["lens"] == 1


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("picture", type=Path, help="PNG to write")
    picture = parser.parse_args().picture.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_lens = write_field(folder)
        command = [
            sys.executable, "-m", "zoo_core", "predict", "resnet-lens",
            "--tiles", "tile_*_{band}.fits*", "--catalog", "objects.parquet",
            "-o", "run/", "--sheet", str(picture), "--top", str(TOP),
        ]  # fmt: skip
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - our own command
        rows = pq.read_table(folder / "run")
    order = np.argsort(-rows["p_lens"].to_numpy())[:TOP]
    found = is_lens[rows["id"].to_numpy()[order].astype(int)]
    print(f"{found.sum()} of the best {TOP} are lenses; {is_lens.sum()} of {len(is_lens)} are")


if __name__ == "__main__":
    main()
