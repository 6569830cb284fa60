"""Time of a lens search: so many four-band cutouts through an ensemble, in one measured run.

    python benchmarks/lens_search_rate.py cfhtls-lens -o docs/evidence/lens-search-rate.md
    python benchmarks/lens_search_rate.py ./registry/cfhtls-lens -n 2000 --threads 1

Draws the cutouts with the simulator and writes them as npz files, which is not timed. Timed is
what a search does: list and read the files, check every cutout, preprocess, run all members,
combine them, and write the table of candidates. The 1.4 million galaxies of Jacobs et al.
(2017) are extrapolated from that rate.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import zoo_core as zoo
from zoo_core.tables import write_table

if TYPE_CHECKING:
    from zoo_core.models import Model
    from zoo_core.simulation import Simulator

#: Galaxies of the search.
GALAXIES = 1_400_000

#: Cutouts a file.
_FILE = 2048

#: Of data that no recipe draws.
SEED = 91


def main() -> None:
    """Draw, search, extrapolate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="name or folder of the ensemble")
    parser.add_argument("--simulator", default="cfhtls-lens", help="that draws its input")
    parser.add_argument("-n", "--count", type=int, default=50_000, help="cutouts")
    parser.add_argument("--threads", type=int, help="by default one for each core")
    parser.add_argument("--scratch", type=Path, help="where to put the cutouts for the time")
    parser.add_argument("-o", "--output", type=Path, help="write a page too")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        model = zoo.load(arguments.model, device="cpu", threads=arguments.threads)
        simulator = zoo.Zoo.discover().simulator(arguments.simulator)
        text = measure(model, simulator, arguments.count, Path(folder))
    print(text)
    if arguments.output:
        arguments.output.write_text(PAGE + text + "\n", encoding="utf-8")


PAGE = """\
# How long a search for lenses takes

The measured run: npz files are listed and read, every cutout is checked and preprocessed, all
members of the ensemble predict, and the table is written. Drawing the cutouts and starting
Python are not counted.

```
python benchmarks/lens_search_rate.py cfhtls-lens -o docs/evidence/lens-search-rate.md
```

"""


def measure(model: Model, simulator: Simulator, count: int, folder: Path) -> str:
    """One search."""
    size = write_cutouts(simulator, folder / "cutouts", count)
    begun, used = time.perf_counter(), time.process_time()
    table = model.predict(folder / "cutouts")
    write_table(table, folder / "candidates.parquet")
    seconds, processor = time.perf_counter() - begun, time.process_time() - used

    if len(table) != count or any(table["flag"]):
        raise SystemExit(f"{len(table)} rows of {count}, flags {sorted(set(table['flag']))}.")
    spec = model.card.inputs[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rate = count / seconds
    hours = GALAXIES / rate / 3600
    cutouts = f"{count:,} of {len(spec.bands)} bands, {spec.size[0]} px, {size / 2**30:.1f} GiB"
    rows = {
        "model": f"`{model.card.name}` {model.card.version}",
        "cutouts": cutouts,
        "threads": f"{model.threads or torch.get_num_threads()}, torch {torch.__version__}",
        "how it ran": model.engine().method,
        "time": f"{seconds:.1f} s by the clock, {processor:.1f} s of the processor",
        "rate": f"{rate:,.0f} cutouts a second",
        "peak memory": f"{peak:.1f} GiB",
        f"{GALAXIES:,} galaxies, extrapolated": f"{hours:.2f} hours",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])


def write_cutouts(simulator: Simulator, folder: Path, count: int) -> int:
    """The first cutouts of the seed as npz files; bytes on disk."""
    folder.mkdir()
    size, start, parts = 0, 0, []
    for chunk in simulator.stream(count, seed=SEED):
        parts.append(chunk.arrays)
        done = start + sum(len(next(iter(part.values()))) for part in parts)
        if done - start >= _FILE or done == count:
            path = folder / f"{start:07d}.npz"
            content: dict[str, Any] = {"id": np.arange(start, done)}
            for key in parts[0]:
                content[key] = np.concatenate([part[key] for part in parts])
            np.savez(path, **content)
            size += path.stat().st_size
            start, parts = done, []
    return size


if __name__ == "__main__":
    main()
