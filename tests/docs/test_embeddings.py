"""The commands of the pages on embeddings and contact sheets, as they stand."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from mosaics import noise, sky, write
from PIL import Image

from zoo_core import Zoo
from zoo_core.cli import main
from zoo_core.tables import read_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The examples, tiles in the pattern of the pages, and forty positions on them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shape = (300, 300)
    for number in range(2):
        centre = (150.0 + 0.012 * number, 2.0)
        tile = sky(shape, centre=centre, pixel=0.263 / 3600)
        write(tmp_path / f"tile_{number}_g.fits", 100 * noise(shape, seed=number), tile)
    rng = np.random.default_rng(0)
    Table(
        {
            "id": np.arange(40),
            "ra": rng.uniform(149.993, 150.019, 40),
            "dec": rng.uniform(1.993, 2.007, 40),
        }
    ).write(tmp_path / "objects.parquet")
    return tmp_path


def commands(text):
    """Those of the bash blocks, and the blocks of Python that are run."""
    found = re.findall(
        r"^(<!-- not run[^\n]*\n)?```(bash|python)\n(.*?)^```", text, re.M | re.S
    )
    return [(kind, body) for skipped, kind, body in found if not skipped]


def run(text):
    """Run all, in order; gives the names of the Python."""
    names = {}
    for kind, body in commands(text):
        if kind == "python":
            exec(body, names)
            continue
        for line in body.splitlines():
            assert main(shlex.split(line)[1:]) == 0, line
    return names


def test_the_page_on_embeddings_runs(place, capsys):
    """And what it says of the vectors is so."""
    page = (ROOT / "docs/embeddings.md").read_text(encoding="utf-8")
    names = run(page)

    assert names["table"]["features"].shape == (24, 512)
    assert "512 of `resnet-lens`" in page
    assert len(read_table("neighbours.ecsv")) == 40
    with Image.open("similar.png") as image:
        image.verify()


def test_from_tile_to_contact_sheet_runs(place):
    """The section on surveys, on its own; with forty objects or a few less on the sheet."""
    page = (ROOT / "docs/survey.md").read_text(encoding="utf-8")
    section = page.split("## From tile to contact sheet\n")[1].split("\n## ")[0]
    run(section)

    for name in ("best.png", "similar.png"):
        with Image.open(name) as image:
            image.verify()
