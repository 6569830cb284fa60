"""Default precision and layout against eager float32, for the network of `resnet-lens`.

    python benchmarks/precision.py
    python benchmarks/precision.py --compile --weights average.safetensors

Both sides run in turns in one process, so that whatever else the machine does hits both.
Eager float32 gets the best of several batch sizes. Rates are medians over the turns, once
by the clock and once a second of processor time: the second figure is the steadier one on
a busy machine. Also printed: the largest difference of a probability, and the areas under
the ROC curve of both on simulated lenses and non-lenses.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import torch
from zoo_strong_lensing.architectures import DeepLens
from zoo_strong_lensing.simulation.lsst import LsstLens

from zoo_core.devices import InferenceEngine
from zoo_core.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = [
    {"op": "fill_nan", "value": 0.0},
    {"op": "noise_scale"},
    {"op": "asinh", "softening": 2.0},
    {"op": "normalize", "mean": [0.28], "std": [0.69]},
]


def cutouts(chunks: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Preprocessed cutouts ``(n, 1, 45, 45)`` and whether each is a lens ``(n,)``."""
    steps = Preprocessing.parse(STEPS, channels=1)
    drawn = [LsstLens().chunk(index, seed=seed) for index in range(chunks)]
    images = torch.cat([steps(next(iter(part.arrays.values()))) for part in drawn])
    truth = torch.cat([torch.from_numpy(part.truth["lens"]) for part in drawn])
    return images.clone(), truth.bool()


def network(seed: int, weights: str | None) -> torch.nn.Module:
    """The network, trained or with random weights and batch-norm statistics."""
    torch.manual_seed(seed)
    model = DeepLens()
    if weights:
        from safetensors.torch import load_file

        model.load_state_dict(load_file(weights))
        return model.eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval()


def eager(model: torch.nn.Module, batch: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The plain float32 network in batches."""

    def run(images: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return torch.cat([model(part) for part in images.split(batch)])

    return run


def auroc(score: torch.Tensor, is_lens: torch.Tensor) -> float:
    """Area under the ROC curve, ties counted half."""
    positive, negative = score[is_lens], score[~is_lens].sort().values
    below = torch.searchsorted(negative, positive, right=False)
    up_to = torch.searchsorted(negative, positive, right=True)
    return float((below + up_to).double().mean() / 2 / len(negative))


def measure(
    sides: dict[str, Callable[[torch.Tensor], torch.Tensor]],
    images: torch.Tensor,
    *,
    seconds: float,
) -> tuple[dict[str, float], dict[str, float]]:
    """Images a second, and images a second of processor time, of each side."""
    clock: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    end = time.monotonic() + seconds * len(sides)
    while time.monotonic() < end or len(next(iter(clock.values()))) < 3:
        for name, run in sides.items():
            before, before_processor = time.perf_counter(), time.process_time()
            run(images)
            clock[name].append(len(images) / (time.perf_counter() - before))
            processor[name].append(len(images) / (time.process_time() - before_processor))
    return (
        {name: statistics.median(rates) for name, rates in clock.items()},
        {name: statistics.median(rates) for name, rates in processor.items()},
    )


def main() -> None:
    """Run both sides and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model-seed", type=int, default=0, help="of random weights")
    parser.add_argument("--weights", help="state dict (safetensors) in place of random weights")
    parser.add_argument("--compile", action="store_true", help="compile our side")
    parser.add_argument("--batch", default="auto", help="batch size of our side")
    parser.add_argument("--precision", default="auto", help="precision of our side")
    parser.add_argument("--device", default="cpu", help="device of our side")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=8.0, help="for each side")
    parser.add_argument("--data-seed", type=int, default=2026)
    parser.add_argument("--chunks", type=int, default=2, help="of 512 cutouts for accuracy")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = network(arguments.model_seed, arguments.weights)
    images, is_lens = cutouts(arguments.chunks, arguments.data_seed)
    engine = InferenceEngine(
        model,
        device=arguments.device,
        precision=arguments.precision,
        compile=arguments.compile,
        batch_size=arguments.batch if arguments.batch == "auto" else int(arguments.batch),
    )
    ours = engine([images])  # also warms up, searches the batch size, compiles
    reference = eager(model, 64)(images)

    timed = images[:256]
    sides = {f"eager float32, batch {batch}": eager(model, batch) for batch in (16, 32, 64)}
    sides["ours"] = lambda part: engine([part])
    clock, processor = measure(sides, timed, seconds=arguments.seconds)

    print(f"ours: {engine.method}, batch {engine.batch_size}, {arguments.threads} threads")
    if engine.note:
        print(f"  {engine.note}")
    if engine.compile_seconds is not None:
        print(f"  compiling took {engine.compile_seconds:.1f} s")
    for name in sides:
        print(f"  {name:<24} {clock[name]:7.0f} /s {processor[name]:7.0f} /s of processor")
    for what, rates in (("clock", clock), ("processor time", processor)):
        others = [rate for name, rate in rates.items() if name != "ours"]
        at_64 = rates["ours"] / rates["eager float32, batch 64"]
        print(
            f"ratio by {what}: {rates['ours'] / max(others):.2f} "
            f"to the best of eager float32, {at_64:.2f} to batch 64"
        )
    difference = (ours.sigmoid() - reference.sigmoid()).abs().max()
    print(f"largest difference of a probability, {len(images)} cutouts: {difference:.4f}")
    areas = auroc(ours[:, 0], is_lens), auroc(reference[:, 0], is_lens)
    print(f"AUROC: {areas[0]:.5f} ours, {areas[1]:.5f} eager, {areas[0] - areas[1]:+.5f}")


if __name__ == "__main__":
    main()
