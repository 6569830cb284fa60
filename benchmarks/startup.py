"""Whole process `zoo list` against `python -c pass`, alternating; prints the ratio.

    python benchmarks/startup.py --repeats 40

The smallest wall time of each side is compared: anything above it is other work on the
machine. The same is done for processor time (user and system).
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage


def measure(command: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Alternate the two commands and print the smallest times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("arguments", nargs="*", default=["list"], help="of zoo (list)")
    arguments = parser.parse_args()

    sides = {
        "python -c pass": [sys.executable, "-c", "pass"],
        f"zoo {' '.join(arguments.arguments)}": [
            str(Path(sys.executable).with_name("zoo")), *arguments.arguments,
        ],
    }  # fmt: skip
    # An installed package has its bytecode; whoever forbids writing it would measure the
    # compiler. The first run of each side writes it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for command in sides.values():
        measure(command)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(arguments.repeats):
        for name, command in sides.items():
            times[name].append(measure(command))

    least = {
        name: [min(side) for side in zip(*pairs, strict=True)] for name, pairs in times.items()
    }
    for name, (wall, processor) in least.items():
        print(f"{name:<16} wall {1e3 * wall:6.1f} ms, processor {1e3 * processor:6.1f} ms")
    bare, ours = least.values()
    ratios = [b / a for a, b in zip(bare, ours, strict=True)]
    print(f"ratio            wall {ratios[0]:6.2f}x,    processor {ratios[1]:6.2f}x")


if __name__ == "__main__":
    main()
