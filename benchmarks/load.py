"""`zoo load` against torch and safetensors alone, in fresh processes; and what hashing costs.

    python benchmarks/load.py --repeats 10

Both sides alternate, each in a process of its own with warm file caches. The plain side
imports torch and reads the same file with safetensors. The smallest times are compared:
anything above is other work on the machine. Must be: at most 1.15x, and 0.1 s for 50 MB.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

PLAIN = "import sys, torch; from safetensors.torch import load_file; load_file(sys.argv[1])"

MEGABYTES = 50


def measure(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def hashing_seconds(repeats: int) -> float:
    """What a verified read of a file takes longer than a plain one; smallest of each."""
    from zoo_core.weights import file_ref, read_verified

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        path.write_bytes(os.urandom(1_000_000) * MEGABYTES)
        ref = file_ref(path)
        plain, verified = [], []
        for _ in range(repeats):
            start = time.perf_counter()
            path.read_bytes()
            middle = time.perf_counter()
            read_verified(path.parent, ref)
            plain.append(middle - start)
            verified.append(time.perf_counter() - middle)
    return min(verified) - min(plain)


def main() -> None:
    """Alternate the two sides; print smallest times, their ratio, and the cost of hashing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--model", default="resnet-lens")
    arguments = parser.parse_args()

    from zoo_core import Zoo

    found = Zoo.discover().find(arguments.model)
    weights = found.folder / found.card.weights.ref.file
    sides = {
        "torch + safetensors": [sys.executable, "-c", PLAIN, str(weights)],
        f"zoo load {arguments.model}": [
            str(Path(sys.executable).with_name("zoo")), "load", arguments.model,
            "--device", "cpu",
        ],
    }  # fmt: skip
    # The first run of each side writes the bytecode, as an installation has it.
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
        print(f"{name:<22} wall {wall:6.2f} s, processor {processor:6.2f} s")
    plain, ours = least.values()
    ratios = [b / a for a, b in zip(plain, ours, strict=True)]
    print(f"ratio                  wall {ratios[0]:6.3f}x,  processor {ratios[1]:6.3f}x")
    seconds = hashing_seconds(max(arguments.repeats, 5))
    digest = hashlib.sha256().name
    print(f"{digest} of {MEGABYTES} MB        {seconds:6.3f} s more than reading them")


if __name__ == "__main__":
    main()
