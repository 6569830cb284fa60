"""Rates of the simulators of lenses, images per second: one process on each core.

    python benchmarks/lens_simulators.py
    taskset -c 1 python benchmarks/lens_simulators.py bologna-ground --seconds 20

The processes are pinned, one thread each, and draw at the same time. By the clock they are as
fast as other work lets them be; by processor time they are as fast as they would be alone.
"""

import argparse
import multiprocessing
import os
import time

import zoo_core as zoo

NAMES = (
    "bologna-ground",
    "bologna-space",
    "cfhtls-lens",
    "kids-lens-gri",
    "kids-lens",
    "lsst-lens",
    "hst-lens",
    "hst-blend",
)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("simulators", nargs="*", default=NAMES)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each simulator")
    arguments = parser.parse_args()

    cores = sorted(os.sched_getaffinity(0))
    print(f"| simulator | image | images/s, {len(cores)} cores | of processor time, a core |")
    print("|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    with context.Pool(len(cores)) as pool:
        for name in arguments.simulators:
            jobs = [(name, core, arguments.seconds, place) for place, core in enumerate(cores)]
            found = pool.starmap(rate, jobs, chunksize=1)
            clock, processor = (sum(values) for values in zip(*found, strict=True))
            shape = "x".join(str(length) for length in image_shape(name))
            print(f"| `{name}` | {shape} | {clock:,.0f} | {processor / len(cores):,.0f} |")


def image_shape(name: str) -> tuple[int, ...]:
    """Bands, rows and columns of what a simulator draws."""
    (spec,) = zoo.Zoo.discover().simulator(name).inputs
    return (len(spec.bands), *spec.size)


def rate(name: str, core: int, seconds: float, place: int) -> tuple[float, float]:
    """Images per second by the clock and by processor time, on one core."""
    import torch

    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    simulator = zoo.Zoo.discover().simulator(name)
    simulator.chunk(0, seed=place)
    begun, used, chunks = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds:
        chunks += 1
        simulator.chunk(chunks, seed=place)
    images = simulator.chunk_size * chunks
    return images / (time.perf_counter() - begun), images / (time.process_time() - used)


if __name__ == "__main__":
    main()
