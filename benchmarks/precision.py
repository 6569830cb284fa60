"""The way a model runs by default against eager float32 of the same network.

    python benchmarks/precision.py
    python benchmarks/precision.py --compile

Both sides run in turns in one process, so that whatever else the machine does hits both.
Eager float32 is measured at several batch sizes and its best one counts. Rates are medians
over the turns, by the clock and by a second of processor time, which is the steadier one on
a busy machine. Also printed, on fresh simulated data: the largest difference of a
probability, and the areas under the ROC curve of both sides.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import torch

import zoo_core as zoo
from zoo_core.metrics import auroc
from zoo_core.simulation import concatenate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Tensors = Sequence[torch.Tensor]

BATCHES = (16, 32, 64, 128)

#: Objects of a turn: enough that the end of it, where a thread may wait, is a small part.
_TIMED = 2048


def eager(network: torch.nn.Module, batch: int) -> Callable[[Tensors], torch.Tensor]:
    """The plain float32 network in batches."""

    def run(inputs: Tensors) -> torch.Tensor:
        with torch.inference_mode():
            parts = zip(*(tensor.split(batch) for tensor in inputs), strict=True)
            return torch.cat([network(*part) for part in parts])

    return run


def measure(
    sides: dict[str, Callable[[Tensors], torch.Tensor]], inputs: Tensors, *, seconds: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Objects a second, and objects a second of processor time, of each side."""
    clock: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    count = len(inputs[0])
    end = time.monotonic() + seconds * len(sides)
    while time.monotonic() < end or len(next(iter(clock.values()))) < 3:
        for name, run in sides.items():
            before, before_processor = time.perf_counter(), time.process_time()
            run(inputs)
            clock[name].append(count / (time.perf_counter() - before))
            processor[name].append(count / (time.process_time() - before_processor))
    return (
        {name: statistics.median(rates) for name, rates in clock.items()},
        {name: statistics.median(rates) for name, rates in processor.items()},
    )


def main() -> None:
    """Run both sides and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="resnet-lens", help="a binary classifier")
    parser.add_argument("--simulator", default="lsst-lens")
    parser.add_argument("--count", type=int, default=20_000, help="objects for the accuracy")
    parser.add_argument("--seed", type=int, default=2026, help="of the data")
    parser.add_argument("--compile", action="store_true", help="compile our side")
    parser.add_argument("--batch-size", default="auto", help="of our side")
    parser.add_argument("--precision", default="auto", help="of our side")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=8.0, help="for each side")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = zoo.load(arguments.model, device="cpu", precision=arguments.precision)
    simulator = zoo.Zoo.discover().simulator(arguments.simulator)
    drawn = concatenate(simulator.stream(arguments.count, seed=arguments.seed))
    inputs = model.prepare(drawn.arrays)
    size = arguments.batch_size
    engine = model.engine(
        compile=arguments.compile, batch_size=size if size == "auto" else int(size)
    )
    ours = model.task.decode(engine(inputs))
    reference = model.task.decode(eager(model.network, 64)(inputs))

    timed = [tensor[:_TIMED] for tensor in inputs]
    names = {batch: f"eager float32, batch {batch}" for batch in BATCHES}
    sides = {name: eager(model.network, batch) for batch, name in names.items()}
    sides["ours"] = engine
    clock, processor = measure(sides, timed, seconds=arguments.seconds)

    print(f"ours: {engine.method}, batch {engine.batch_size}, {arguments.threads} threads")
    if engine.note:
        print(f"  {engine.note}")
    if engine.compile_seconds is not None:
        print(f"  compiling took {engine.compile_seconds:.1f} s")
    for name in sides:
        print(f"  {name:<24} {clock[name]:7.0f} /s {processor[name]:7.0f} /s of processor")
    for what, rates in (("clock", clock), ("processor time", processor)):
        best = max(rate for name, rate in rates.items() if name != "ours")
        print(f"ratio by {what}: {rates['ours'] / best:.2f} to the best of eager float32")
    column = model.task.ranking
    difference = abs(ours[column] - reference[column]).max()
    print(f"largest difference of {column}, {arguments.count} objects: {difference:.4f}")
    truth = drawn.truth[model.card.task.targets[0].name] == 1
    areas = [auroc(truth, side[column]) for side in (ours, reference)]
    print(f"AUROC: {areas[0]:.5f} ours, {areas[1]:.5f} eager, {areas[0] - areas[1]:+.5f}")


if __name__ == "__main__":
    main()
