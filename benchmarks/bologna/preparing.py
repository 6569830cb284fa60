"""Training and fitting the methods; what is there already is only read."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import zoo_core as zoo
from zoo_core.devices import InferenceEngine
from zoo_core.preprocessing import Preprocessing
from zoo_core.simulation import concatenate
from zoo_core.training import make_trainer

from .methods import BACKBONES, LONGER, SETS, Method

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zoo_core.training import Recipe, Trainer

#: Cutouts between two checkpoints.
_EPOCH = 10_000

#: Cutouts that choose the winner of the race.
_VALIDATION = 2048

#: Cutouts whose features are measured at once.
_BLOCK = 128


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Where to work, and which share of the examples to train on."""

    work: Path
    share: float

    def of(self, examples: int) -> int:
        """So many examples, two batches at least."""
        return max(128, round(examples * self.share))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A method that is ready.

    Attributes
    ----------
    name : str
        As the table has it.
    digest : str
        Of its numbers and views: scores of the same ones hold.
    score : callable
        Raw cutouts ``(n, band, y, x)`` and the same preprocessed to scores ``(n,)``.
    seen : int
        Cutouts that it was trained on.
    seconds : float
        What that took.
    """

    name: str
    digest: str
    score: Callable[[torch.Tensor, torch.Tensor], np.ndarray]
    seen: int
    seconds: float


def race(name: str, budget: Budget) -> dict[str, float]:
    """AUROC of each backbone on validation cutouts after its four minutes."""
    found = {}
    for backbone, examples in BACKBONES.items():
        method = Method(name=f"race of {backbone}", examples=examples, **_timm(backbone))
        trainer = trained(method, name, budget)
        found[backbone] = trainer.history[-1]["auroc"]
        print(f"{name}: {method.name}: AUROC {found[backbone]:.4f}", flush=True)
    return found


def prepare(method: Method, name: str, budget: Budget, *, raced: dict[str, float]) -> Entry:
    """A trained or fitted method of a set."""
    if not method.examples:
        best = max(raced, key=lambda backbone: raced[backbone])
        words = method.name.replace("best of timm", f"best of timm ({best})")
        examples = LONGER * BACKBONES[best]
        method = replace(method, name=words, examples=examples, **_timm(best))
    entry = _fitted(method, name, budget) if method.features else _network(method, name, budget)
    print(f"{name}: {entry.name} is ready after {entry.seconds:.0f} s", flush=True)
    return entry


def trained(method: Method, name: str, budget: Budget) -> Trainer:
    """The training of a method, done."""
    what = method.arguments.get("model", method.architecture)
    kind = "race-" if method.name.startswith("race") else ""
    folder = budget.work / f"{name}-{kind}{what}"
    recipe = recipe_for(method, name, budget.of(method.examples))
    trainer = make_trainer(zoo.Zoo.discover(), recipe, folder)
    trainer.run(after_epoch=lambda record: print(f"  {what}: {record}", flush=True))
    return trainer


def recipe_for(method: Method, name: str, examples: int) -> Recipe:
    """The recipe of bologna-lens with another network, set and budget."""
    found = zoo.Zoo.discover()
    whole = found.recipe("bologna-lens")
    (spec,) = found.simulator(SETS[name]).inputs
    bands = len(spec.bands)
    steps = [
        {
            **step,
            **({k: [step[k][0]] * bands for k in ("mean", "std")} if "mean" in step else {}),
        }
        for step in whole.preprocessing["image"].to_json()
    ]
    epochs = math.ceil(examples / _EPOCH)
    return replace(
        whole,
        name=f"bologna-{name}-{method.architecture or method.features}",
        architecture=replace(
            whole.architecture,
            name=method.architecture,
            arguments={"num_bands": bands, "num_outputs": 1, **method.arguments},
        ),
        inputs=(spec,),
        preprocessing={"image": Preprocessing.parse(steps, channels=bands)},
        simulator=SETS[name],
        published=(),
        training=replace(
            whole.training,
            epochs=epochs,
            examples_per_epoch=examples // epochs,
            validation_examples=min(_VALIDATION, 4 * examples),
            warmup_steps=min(400, examples // whole.training.batch_size // 8),
            optimizer=method.optimizer,
            learning_rate=method.learning_rate,
        ),
    )


def _timm(backbone: str) -> dict[str, Any]:
    return {
        "architecture": "timm",
        "arguments": {"model": backbone},
        "learning_rate": 1.5e-3,
    }


def _network(method: Method, name: str, budget: Budget) -> Entry:
    trainer = trained(method, name, budget)
    network = trainer.average.model.eval()
    engine = InferenceEngine(network, device="cpu", threads=1, views=method.views)

    def score(_: torch.Tensor, prepared: torch.Tensor) -> np.ndarray:
        return np.asarray(engine([prepared])[:, 0].float())

    return Entry(
        name=method.name,
        digest=_digest(network, method.views),
        score=score,
        seen=budget.of(method.examples),
        seconds=sum(record["seconds"] for record in trainer.history),
    )


def _fitted(method: Method, name: str, budget: Budget) -> Entry:
    """A support vector machine on measured features, kept in a folder."""
    from safetensors.torch import load_file, save_file

    count = max(400, budget.of(method.examples))
    folder = budget.work / f"{name}-{method.features}-{count}"
    facts, weights = folder / "fitted.json", folder / "fitted.safetensors"
    if not facts.exists():
        begun = time.monotonic()
        architecture, arguments, network = _fit(method, name, count)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {key: value.contiguous() for key, value in network.state_dict().items()}, weights
        )
        told = {
            "architecture": architecture,
            "arguments": arguments,
            "seconds": time.monotonic() - begun,
        }
        # Written last: where it is, the weights are whole.
        facts.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    told = json.loads(facts.read_text(encoding="utf-8"))
    network = zoo.build(told["architecture"], **told["arguments"]).eval()
    network.load_state_dict(load_file(weights))

    def score(_: torch.Tensor, prepared: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            parts = [network(part) for part in prepared.split(_BLOCK)]
        return np.asarray(torch.cat(parts)[:, 0])

    return Entry(
        name=method.name,
        digest=_digest(network, method.views),
        score=score,
        seen=count,
        seconds=told["seconds"],
    )


def _fit(method: Method, name: str, count: int) -> tuple[str, dict[str, Any], torch.nn.Module]:
    from zoo_classical.fitting import fit_classical

    recipe = recipe_for(method, name, count)
    found = zoo.Zoo.discover()
    drawn = concatenate(found.simulator(SETS[name]).stream(count, seed=recipe.training.seed))
    fitted = fit_classical(
        found.task(recipe.task),
        drawn.arrays["image"].numpy(),
        drawn.truth["lens"],
        method="svm",
        features=method.features,
        preprocessing=recipe.preprocessing["image"],
        kernel=method.kernel,
        folds=3,
    )
    return fitted.architecture, fitted.arguments, fitted.network


def _digest(network: torch.nn.Module, views: str) -> str:
    """Of all numbers of a network and of the views."""
    told = hashlib.sha256(views.encode())
    for key, value in sorted(network.state_dict().items()):
        told.update(key.encode())
        told.update(value.contiguous().numpy().tobytes())
    return told.hexdigest()[:16]
