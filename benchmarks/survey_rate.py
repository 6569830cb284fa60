"""Rate of ``zoo predict --tiles`` against the bare forward pass, and its memory.

Writes a mosaic of noise and a catalogue of positions on it, runs the whole way (catalogue,
matching, cutting, preprocessing, forward, parts in parquet), and runs the same prepared
network on as many preprocessed cutouts in memory. Rounds alternate; the best of each counts.

    python benchmarks/survey_rate.py --count 5000
    python benchmarks/survey_rate.py --memory 100000 1000000

``--memory`` gives the peak memory of a process for each number of objects, with a network that
only sums its pixels: what grows is not the network.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from astropy.io import fits
from astropy.wcs import WCS

import zoo_core as zoo
from zoo_core.models import Model
from zoo_core.survey import PROFILES, SurveyOptions, find_tiles, open_catalog, run_survey

#: Pixels of the mosaic, degrees.
SCALE = 0.2 / 3600


def write_survey(folder: Path, *, count: int, side: int) -> None:
    """A mosaic and a catalogue of ``count`` positions at least 50 pixels from its edge."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = side / 2, side / 2
    wcs.wcs.cdelt = -SCALE, SCALE
    header = wcs.to_header()
    header["FILTER"], header["BUNIT"] = "g", "nJy"
    rng = np.random.default_rng(0)
    fits.writeto(folder / "mosaic.fits", rng.normal(0, 30, (side, side)).astype("f4"), header)
    ra, dec = wcs.all_pix2world(*rng.uniform(50, side - 50, (2, count)), 0)
    table = pa.table({"id": np.arange(count), "ra": ra, "dec": dec})
    pq.write_table(table, folder / "objects.parquet")


def go(model: Model, folder: Path) -> None:
    """The whole way."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    band = model.card.inputs[0].bands[0].name
    tiles = find_tiles(str(folder / "mosaic.fits"), [band], PROFILES["plain"])
    catalog = open_catalog(folder / "objects.parquet")
    run_survey(model, catalog, tiles, folder / "out", options=SurveyOptions())


class _Sum(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.mean((1, 2, 3))[:, None]


def peak(count: int) -> None:
    """Print the peak memory of a run over so many objects, in MiB."""
    loaded = zoo.load("resnet-lens", threads=1)
    model = Model(
        loaded.found, task=loaded.task, network=_Sum(), report=loaded.report, device="cpu"
    )
    with tempfile.TemporaryDirectory() as folder:
        write = [sys.executable, __file__, "--write", folder, "--count", str(count)]
        subprocess.run(write, check=True)
        go(model, Path(folder))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def compare_memory(counts: list[int]) -> None:
    """One process for each number of objects."""
    peaks = []
    for count in counts:
        command = [sys.executable, __file__, "--peak", str(count)]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True).stdout))
        print(f"{count:9,d} objects: {peaks[-1]:6d} MiB")
    print(f"ratio: {peaks[-1] / peaks[0]:.2f}")


def compare_rates(name: str, count: int, side: int, rounds: int) -> None:
    """Both sides in turn."""
    model = zoo.load(name)
    engine = model.engine()
    size = model.card.inputs[0].size
    shape = (count, len(model.card.inputs[0].bands), *size)
    raw = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 30
    tensors = model.prepare({model.card.inputs[0].name: raw})
    engine([tensor[:512] for tensor in tensors])
    bare, whole = [], []
    with tempfile.TemporaryDirectory() as folder:
        write_survey(Path(folder), count=count, side=side)
        for _ in range(rounds):
            start = time.perf_counter()
            engine(tensors)
            bare.append(time.perf_counter() - start)
            start = time.perf_counter()
            go(model, Path(folder))
            whole.append(time.perf_counter() - start)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {engine.precision}")
    print(f"bare forward:         {count / min(bare):8.0f} objects/s")
    print(f"zoo predict --tiles:  {count / min(whole):8.0f} objects/s")
    print(f"ratio:                {min(bare) / min(whole):8.2f}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet-lens")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--side", type=int, default=5000, help="of the mosaic, pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs=2, metavar=("FEW", "MANY"))
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write_survey(arguments.write, count=arguments.count, side=arguments.side)
    elif arguments.peak:
        peak(arguments.peak)
    elif arguments.memory:
        compare_memory(arguments.memory)
    else:
        compare_rates(arguments.model, arguments.count, arguments.side, arguments.rounds)


if __name__ == "__main__":
    main()
