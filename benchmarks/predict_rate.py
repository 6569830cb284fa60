"""Rate of ``zoo predict`` on FITS files against the bare forward pass.

Writes simulated cutouts as FITS files, predicts them as the command does (listing, reading,
checking, preprocessing, forward, table), and runs the same prepared network on the same
cutouts as preprocessed tensors in memory. Rounds alternate; the best of each side counts.

    python benchmarks/predict_rate.py --count 5000
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

import zoo_core as zoo
from zoo_core.simulation import concatenate, write_data_set


def main() -> None:
    """Run both sides and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet-lens")
    parser.add_argument("--simulator", default="lsst-lens")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()

    model = zoo.load(arguments.model, precision=arguments.precision)
    simulator = zoo.Zoo.discover().simulator(arguments.simulator)
    engine = model.engine()
    drawn = concatenate(simulator.stream(arguments.count, seed=0))
    tensors = model.prepare(drawn.arrays)
    engine([tensor[:512] for tensor in tensors])
    bare, predicted = [], []
    with tempfile.TemporaryDirectory() as folder:
        write_data_set(simulator, Path(folder) / "set", count=arguments.count, seed=0)
        for _ in range(arguments.rounds):
            start = time.perf_counter()
            outputs = engine(tensors)
            bare.append(time.perf_counter() - start)
            start = time.perf_counter()
            table = model.predict(Path(folder) / "set")
            predicted.append(time.perf_counter() - start)
    column = model.task.columns[-1].name
    difference = abs(model.task.decode(outputs)[column] - table[column]).max()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {engine.precision}")
    print(f"bare forward:  {arguments.count / min(bare):8.0f} objects/s")
    print(f"zoo predict:   {arguments.count / min(predicted):8.0f} objects/s")
    print(f"ratio:         {min(bare) / min(predicted):8.2f}")
    print(f"largest difference of {column}: {difference:.2g}")


if __name__ == "__main__":
    main()
