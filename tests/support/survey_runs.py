"""A survey run on small tiles with a toy model.

As a script it is the run itself, for tests that kill it: FOLDER of ``make_survey``.
"""

import sys
from pathlib import Path

import numpy as np
from astropy.table import Table
from mosaics import noise, sky, write
from toys import trained_toy

from zoo_core.survey import (
    PROFILES,
    SurveyOptions,
    find_tiles,
    open_catalog,
    run_survey,
)

PART_ROWS = 40
SHAPE = (100, 120)


def make_survey(folder, *, objects=400):
    """Two tiles side by side and a catalogue in no order, part of it outside of both."""
    rng = np.random.default_rng(3)
    for number, centre in enumerate(((150.0, 2.0), (150.0055, 2.0))):
        write(folder / f"t{number}.fits", noise(SHAPE, seed=number), sky(SHAPE, centre=centre))
    catalog = Table(
        {
            "id": np.arange(objects) + 1000,
            "ra": rng.uniform(149.996, 150.0095, objects),
            "dec": rng.uniform(1.9965, 2.0035, objects),
        }
    )
    catalog["ra"][17] = np.nan
    catalog["id"][5] = catalog["id"][3]
    catalog.write(folder / "objects.parquet")
    (folder / "zoo").mkdir()
    trained_toy(folder / "zoo")
    return folder


def load(folder):
    """The toy model of a survey."""
    from toys import toy_zoo

    return toy_zoo(folder / "zoo").load("toy")


def go(folder, out="out", model=None, **given):
    """The run; gives its summary."""
    options = SurveyOptions(part_rows=given.pop("part_rows", PART_ROWS))
    tiles = find_tiles(str(folder / "t*.fits"), ["g"], PROFILES["plain"])
    catalog = open_catalog(folder / given.pop("catalog", "objects.parquet"))
    return run_survey(
        model or load(folder), catalog, tiles, folder / out, options=options, **given
    )


if __name__ == "__main__":
    go(Path(sys.argv[1]), resumes=len(sys.argv) > 2)
