"""The networks of ``layer_transfer``: copied, frozen or fine-tuned layers, trained."""

from __future__ import annotations

import json
import math
import time
import zlib
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import zoo_core as zoo
from zoo_core.errors import UsageError
from zoo_core.finetuning import AUGMENTATIONS, freeze

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from .sky import Task

#: Layers of the network, from input to output. All but the last can be copied.
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")

#: Columns of the table: whose layers are copied (None: nobody's) and whether they are frozen.
COLUMNS: dict[str, tuple[str | None, bool]] = {
    "BnB frozen": ("B", True),
    "AnB frozen": ("A", True),
    "BnB+": ("B", False),
    "AnB+": ("A", False),
    "random frozen": (None, True),
}


#: Of the images, unless another is given.
DATA_SEED = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all trainings have in common.

    Attributes
    ----------
    data_seed : int
        Of the images.
    train_per_class, test_per_class : int
        Images.
    epochs, batch_size : int
        Of each training, whatever is copied, as in the paper.
    learning_rate, weight_decay : float
        Of AdamW; the rate rises for an eighth of the steps and falls to zero.
    seeds : int
        Trainings of each kind.
    base_runs : int
        Trainings of base B, with which all are compared; the paper has eight.
    """

    data_seed: int = DATA_SEED
    train_per_class: int = 500
    test_per_class: int = 1000
    epochs: int = 24
    batch_size: int = 125
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seeds: int = 3
    base_runs: int = 8


#: Shows that it runs; the accuracies say nothing.
FAST = Settings(
    train_per_class=50, test_per_class=30, epochs=2, batch_size=25, seeds=2, base_runs=2
)


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One training: a column of the table or ``base A``, ``base B`` (n = 0), and a seed."""

    seed: int
    column: str
    n: int

    @property
    def words(self) -> list[int]:
        """Seed of its first weights and of the order of its images.

        No two runs share them: new layers that begin as those of the base network did
        would learn to fit its copied layers again, and no co-adaptation could be lost.
        """
        return [self.seed, self.n, zlib.crc32(self.column.encode())]


def planned(settings: Settings) -> Iterator[Run]:
    """All runs, a seed after the other, bases first."""
    for seed in range(max(settings.seeds, settings.base_runs)):
        if seed < settings.base_runs:
            yield Run(seed, "base B", 0)
        if seed < settings.seeds:
            yield Run(seed, "base A", 0)
            for n in range(1, len(LAYERS)):
                for column in COLUMNS:
                    yield Run(seed, column, n)


def build(num_classes: int) -> nn.Sequential:
    """A network like the paper's, small: five convolutions and two linear layers, no norms.

    Takes ``(n, 1, 45, 45)``. He's initialisation keeps the scale of random layers, so that
    they are not at a disadvantage that has nothing to do with what they respond to.
    """

    def convolution(
        width_in: int, width: int, *, pools: bool, first: bool = False
    ) -> nn.Sequential:
        side, stride = (5, 2) if first else (3, 1)
        layers = [nn.Conv2d(width_in, width, side, stride, side // 2), nn.ReLU()]
        return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pools else []))

    head = nn.Linear(128, num_classes)
    network = nn.Sequential(
        OrderedDict(
            conv1=convolution(1, 16, pools=True, first=True),
            conv2=convolution(16, 32, pools=False),
            conv3=convolution(32, 64, pools=True),
            conv4=convolution(64, 64, pools=False),
            conv5=convolution(64, 64, pools=False),
            fc6=nn.Sequential(nn.Flatten(), nn.Linear(64 * 5 * 5, 128), nn.ReLU()),
            fc7=head,
        )
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.normal_(head.weight, std=0.01)
    return network


def copy_layers(
    network: nn.Sequential, tensors: dict[str, torch.Tensor] | None, n: int, *, freezes: bool
) -> None:
    """Put the first ``n`` layers of a base network into another; freeze them or not.

    With no tensors the layers stay as random as they are.
    """
    prefixes = tuple(f"{layer}." for layer in LAYERS[:n])
    for name, parameter in network.named_parameters():
        if tensors is not None and name.startswith(prefixes):
            parameter.data.copy_(tensors[name])
    if freezes:
        freeze(network, [k for k, _ in network.named_parameters() if k.startswith(prefixes)])


def train(network: nn.Sequential, task: Task, settings: Settings, *, seed: int) -> None:
    """Train what is not frozen, with flips and quarter turns, in place."""
    images, classes = task.train
    generator = torch.Generator().manual_seed(seed)
    augment = AUGMENTATIONS["dihedral"]
    network.to(memory_format=torch.channels_last)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    size = min(settings.batch_size, len(images))
    steps = settings.epochs * (len(images) // size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: rate_factor(i, steps))
    network.train()
    for _ in range(settings.epochs):
        order = torch.randperm(len(images), generator=generator)
        for rows in order[: len(images) // size * size].split(size):
            batch = augment(images[rows], generator)
            with torch.autocast("cpu", torch.bfloat16):
                outputs = network(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(outputs.float(), classes[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()


def rate_factor(step: int, steps: int) -> float:
    """Factor of the learning rate: up in an eighth of the steps, then down like a cosine."""
    rise = max(1, steps // 8)
    return min(1.0, (step + 1) / rise) * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def accuracy(network: nn.Sequential, part: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Part of the images that get their class."""
    images, classes = part
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        found = torch.cat([network(batch).argmax(1) for batch in images.split(500)])
    return float((found == classes).float().mean())


class Runs:
    """Trainings and their results, kept in a JSON file after each of them.

    Parameters
    ----------
    file : pathlib.Path
        Results. Runs that are in it are not done again.
    cache : pathlib.Path
        Folder of base networks.
    settings : Settings
        Of all runs.
    facts : dict
        About the data; kept in the file.

    Raises
    ------
    UsageError
        The file has results of other settings or data.
    """

    def __init__(self, file: Path, cache: Path, settings: Settings, facts: dict[str, Any]):
        self.file, self.cache, self.settings = file, cache, settings
        head = {"settings": asdict(settings), "data": facts}
        made_with = {"astrozoo": zoo.__version__, "torch": str(torch.__version__)}
        self.stored: dict[str, Any] = {**head, "made_with": made_with, "runs": []}
        if file.is_file():
            self.stored = json.loads(file.read_text(encoding="utf-8"))
            differ = [key for key, value in head.items() if self.stored.get(key) != value]
            if differ:
                raise UsageError(
                    f"{file} holds results with other {' and '.join(differ)}. Give another "
                    "place (-o), or remove it."
                )
        self.done = {Run(r["seed"], r["column"], r["n"]) for r in self.stored["runs"]}

    def go(self, run: Run, tasks: dict[str, Task]) -> dict[str, Any]:
        """Do one run and keep its result."""
        source, freezes = COLUMNS.get(run.column, (None, False))
        tensors = self._base(source, run.seed, tasks) if source else None
        start = time.perf_counter()
        half = run.column[-1] if run.column.startswith("base") else "B"
        network = self._trained(run, tasks[half], tensors, freezes=freezes)
        result = {
            "seed": run.seed,
            "column": run.column,
            "n": run.n,
            "accuracy": round(accuracy(network, tasks[half].test), 5),
            "seconds": round(time.perf_counter() - start, 1),
        }
        if run.column.startswith("base"):
            self._keep_base(half, run.seed, network)
        self.stored["runs"].append(result)
        self.done.add(run)
        self._write()
        return result

    def _trained(
        self,
        run: Run,
        task: Task,
        tensors: dict[str, torch.Tensor] | None,
        *,
        freezes: bool,
    ) -> nn.Sequential:
        first, second = np.random.SeedSequence(run.words).generate_state(2)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(first))
            network = build(len(task.classes))
        copy_layers(network, tensors, run.n, freezes=freezes)
        train(network, task, self.settings, seed=int(second))
        return network

    def _base(self, half: str, seed: int, tasks: dict[str, Task]) -> dict[str, torch.Tensor]:
        """Weights of a base network; trained again if the cache has lost them."""
        file = self._base_file(half, seed)
        if not file.is_file():
            run = Run(seed, f"base {half}", 0)
            self._keep_base(half, seed, self._trained(run, tasks[half], None, freezes=False))
        return load_file(file)

    def _keep_base(self, half: str, seed: int, network: nn.Sequential) -> None:
        file = self._base_file(half, seed)
        file.parent.mkdir(parents=True, exist_ok=True)
        tensors = {k: v.contiguous() for k, v in network.state_dict().items()}
        fresh = file.with_suffix(".new")
        save_file(tensors, fresh)
        fresh.replace(file)

    def _base_file(self, half: str, seed: int) -> Path:
        return self.cache / f"base-{half}-{seed}.safetensors"

    def _write(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        lines = ",\n  ".join(json.dumps(run) for run in self.stored["runs"])
        head = json.dumps({k: v for k, v in self.stored.items() if k != "runs"}, indent=1)
        text = f'{head[:-2]},\n "runs": [\n  {lines}\n ]\n}}\n'
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.file)
