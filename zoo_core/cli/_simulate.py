"""``zoo simulate``: a seeded data set with its truth table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ._common import (
    add_simulator_options,
    add_verb,
    at_least_one,
    not_negative,
    print_json,
    progress_bar,
)

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "simulate",
        run,
        summary="write simulated inputs with their truth",
        examples=(
            "zoo simulate lsst-lens -n 1000 --seed 7 -o simulated/",
            "zoo simulate lsst-lens -n 100000 --seed 7 -o simulated/ --format npz",
        ),
    )
    parser.add_argument("simulator", metavar="SIMULATOR", help="see 'zoo list --simulators'")
    parser.add_argument("-n", type=at_least_one, required=True, help="how many objects")
    parser.add_argument("--seed", type=not_negative, required=True, help="same seed, same data")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True,
        help="folder for the objects and truth.ecsv; made if missing",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("fits", "npz", "hdf5"), default="fits",
        help="one FITS file an object (default), or one file for all",
    )  # fmt: skip
    add_simulator_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="write into a filled DIR")


def run(arguments: argparse.Namespace) -> int:
    """Simulate and write."""
    from .._zoo import default_zoo
    from ..simulation import parse_options, write_data_set

    options = parse_options(arguments.option)
    simulator = default_zoo().simulator(arguments.simulator, **options)
    with progress_bar(arguments.simulator) as progress:
        written = write_data_set(
            simulator,
            arguments.output,
            count=arguments.n,
            seed=arguments.seed,
            file_format=arguments.format,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    if arguments.json:
        print_json(
            {
                "simulator": simulator.name,
                "version": simulator.version,
                "seed": arguments.seed,
                "n": arguments.n,
                "folder": str(arguments.output),
                "truth": str(written),
            }
        )
        return 0
    print(f"{arguments.n} objects of {simulator.name} version {simulator.version}, "
          f"seed {arguments.seed}: {arguments.output}, truth in {written}")  # fmt: skip
    return 0
