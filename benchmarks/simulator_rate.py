"""Rate of a simulator, cutouts per second.

python benchmarks/simulator_rate.py lsst-lens --seconds 20
"""

import argparse
import time

import torch

import zoo_core as zoo


def main() -> None:
    """Draw chunks for some seconds and print the rate of all and of the best chunk."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="lsst-lens")
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()

    simulator = zoo.Zoo.discover().simulator(arguments.simulator)
    simulator.chunk(0, seed=0)
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < arguments.seconds:
        before = time.perf_counter()
        simulator.chunk(len(times), seed=1)
        times.append(time.perf_counter() - before)
    size = simulator.chunk_size
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {len(times)} chunks")
    print(f"mean: {size * len(times) / sum(times):8.0f} objects/s")
    print(f"best: {size / min(times):8.0f} objects/s")


if __name__ == "__main__":
    main()
