"""Showing all methods the same test cutouts, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import zoo_core as zoo
from zoo_core.errors import UsageError
from zoo_core.metrics import measure_auroc, measure_tpr

from .methods import SETS, Method
from .preparing import Entry, recipe_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

#: Of the test cutouts; the recipe's own seeds train.
TEST_SEED = 71

#: Chunks of the simulator whose scores are written together.
_CHUNKS = 16


def shipped(model: str) -> Entry:
    """A model of the zoo as an entry.

    Raises
    ------
    UsageError
        It takes something else than the cutouts of the ground set.
    """
    loaded = zoo.load(model, device="cpu", threads=1)
    wanted = zoo.Zoo.discover().simulator(SETS["ground"]).inputs
    if [(spec.size, spec.bands) for spec in loaded.card.inputs] != [
        (spec.size, spec.bands) for spec in wanted
    ]:
        told = " ".join(band.name for band in wanted[0].bands)
        raise UsageError(f"{model} takes other inputs than the ground set ({told}, 101 px).")
    engine = loaded.engine()

    def score(raw: torch.Tensor, _: torch.Tensor) -> np.ndarray:
        return np.asarray(engine(loaded.prepare({"image": raw}))[:, 0].float())

    card = loaded.card
    digest = f"{card.weights.ref.sha256[:16]}-{card.views}"
    return Entry(name=f"the model {card.name}", digest=digest, score=score, seen=0, seconds=0.0)


def measure(
    name: str, entries: Sequence[Entry], *, raced: dict[str, float], count: int, work: Path
) -> dict[str, Any]:
    """AUROC, TPR0 and TPR10 of all entries."""
    simulator = zoo.Zoo.discover().simulator(SETS[name])
    folder = work / f"{name}-scores-{simulator.version}-{TEST_SEED}"
    positive, scores = scored(simulator, name, entries, count=count, folder=folder)
    rows = {}
    for entry in entries:
        score = scores[entry.digest]
        metrics = {
            metric.name: [metric.value, metric.low, metric.high]
            for metric in (
                measure_auroc(positive, score),
                measure_tpr(positive, score, false_positives=0, name="tpr0"),
                measure_tpr(positive, score, false_positives=9, name="tpr10"),
            )
        }
        rows[entry.name] = {**metrics, "seen": entry.seen, "seconds": round(entry.seconds)}
    return {
        "rows": rows,
        "race": raced,
        "version": simulator.version,
        "lenses": int(positive.sum()),
        "test": len(positive),
    }


def scored(
    simulator: Any, name: str, entries: Sequence[Entry], *, count: int, folder: Path
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whether each test cutout is a lens, and the scores of each entry by its digest.

    Scores of a block of cutouts are files, one for each entry; what lies there is not done
    again, and of a block that lacks none nothing is drawn.
    """
    steps = recipe_for(Method(name=""), name, 128).preprocessing["image"]
    truth: list[np.ndarray] = []
    scores: dict[str, list[np.ndarray]] = {entry.digest: [] for entry in entries}
    size = _CHUNKS * simulator.chunk_size
    for start in range(0, count, size):
        rows = min(size, count - start)
        block = folder / f"{start:07d}"
        block.mkdir(parents=True, exist_ok=True)
        missing = [e for e in entries if not _has(block / f"{e.digest}.npy", rows)]
        if missing or not _has(block / "lens.npy", rows):
            first = start // simulator.chunk_size
            drawn = [
                simulator.chunk(first + index, seed=TEST_SEED)
                for index in range(-(-rows // simulator.chunk_size))
            ]
            _keep(block / "lens.npy", [chunk.truth["lens"] for chunk in drawn])
            made: dict[str, list[np.ndarray]] = {entry.digest: [] for entry in missing}
            for chunk in drawn:
                raw = chunk.arrays["image"]
                prepared = steps(raw)
                for entry in missing:
                    made[entry.digest].append(entry.score(raw, prepared))
            for digest, parts in made.items():
                _keep(block / f"{digest}.npy", parts)
            print(f"{name}: tested on {start + rows:,} of {count:,}", flush=True)
        truth.append(np.load(block / "lens.npy")[:rows])
        for digest, parts in scores.items():
            parts.append(np.load(block / f"{digest}.npy")[:rows])
    joined = {digest: np.concatenate(parts) for digest, parts in scores.items()}
    return np.concatenate(truth) == 1, joined


def _has(file: Path, rows: int) -> bool:
    """Whether a block is there, and long enough."""
    return file.exists() and len(np.load(file)) >= rows


def _keep(file: Path, parts: list[np.ndarray]) -> None:
    """Write a block so that it is there as a whole or not at all."""
    part = file.with_suffix(".part")
    with part.open("wb") as handle:
        np.save(handle, np.concatenate(parts))
    part.replace(file)
