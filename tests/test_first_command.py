"""The README's first command, on the example that it names."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from zoo_core.cli import main
from zoo_core.tables import read_table

ROOT = Path(__file__).parents[1]
CUTOUTS = ROOT / "examples" / "lsst-cutouts"


@pytest.fixture(scope="module")
def candidates(tmp_path_factory):
    """The table that the command writes."""
    path = tmp_path_factory.mktemp("out") / "candidates.parquet"

    assert main(["predict", "resnet-lens", str(CUTOUTS), "-o", str(path)]) == 0
    return path


def test_readme_names_this_command():
    """What is tested here is what the README says."""
    command = "uv run zoo predict resnet-lens examples/lsst-cutouts -o candidates.parquet"

    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_shows_what_the_command_prints(tmp_path, capsys):
    """The same rows in the same form, up to what half precision may do to a probability."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("What the first command prints:\n\n```\n")[1].split("```")[0]
    output = tmp_path / "candidates.parquet"

    assert main(["predict", "resnet-lens", str(CUTOUTS), "-o", str(output)]) == 0
    printed = capsys.readouterr().out

    number = re.compile(r"\b[01]\.\d{4}\b")
    assert number.sub("0.0000", shown) == number.sub("0.0000", printed)
    told, found = ([float(x) for x in number.findall(text)] for text in (shown, printed))
    assert len(told) == 20
    assert told == pytest.approx(found, abs=0.02)


def test_every_cutout_is_a_row_best_first(candidates):
    """24 files, 24 rows, falling probability."""
    table = read_table(candidates)
    score = table["p_lens"]

    assert len(table) == len(list(CUTOUTS.glob("*.fits"))) == 24
    assert np.all(np.diff(score) <= 0)
    assert set(table["flag"]) == {""}


def test_lenses_rank_above_non_lenses_more_often_than_not(candidates):
    """Against the truth table that the simulator wrote beside the cutouts."""
    table, truth = read_table(candidates), read_table(CUTOUTS / "truth.ecsv")
    is_lens = dict(zip(truth["id"], truth["lens"], strict=True))
    lens = np.array([is_lens[identity] == 1 for identity in table["id"]])
    score = table["p_lens"]
    pairs = score[lens][:, None] > score[~lens][None, :]

    assert 8 <= lens.sum() <= 16
    assert pairs.mean() > 0.8


def test_metadata_names_model_version_and_hash(candidates):
    """Parquet readers find them too."""
    import pyarrow.parquet

    config = json.loads((ROOT / "registry" / "resnet-lens" / "config.json").read_text())
    metadata = pyarrow.parquet.read_schema(candidates).metadata

    assert metadata[b"model"] == b"resnet-lens"
    assert metadata[b"model_version"].decode() == config["version"]
    assert metadata[b"weights_sha256"].decode() == config["weights"]["sha256"]


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".fits"])
def test_other_formats_hold_the_same_numbers(candidates, tmp_path, suffix):
    """The suffix chooses the format, astropy reads it."""
    path = tmp_path / f"out{suffix}"

    assert main(["predict", "resnet-lens", str(CUTOUTS), "-o", str(path)]) == 0
    table = Table.read(path)
    np.testing.assert_allclose(table["p_lens"], read_table(candidates)["p_lens"], atol=1e-6)


def test_an_existing_output_is_not_replaced(candidates, capsys):
    """Refused before any work, with the way to insist."""
    before = candidates.read_bytes()

    assert main(["predict", "resnet-lens", str(CUTOUTS), "-o", str(candidates)]) == 8
    assert "--overwrite" in capsys.readouterr().err
    assert candidates.read_bytes() == before
