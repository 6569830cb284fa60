"""The two tasks of ``layer_transfer``: halves of the classes of one simulated sky."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from zoo_core.errors import UsageError
from zoo_core.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zoo_core.simulation import Simulated, Simulator

#: What is drawn: enough lenses for three classes of them.
SIMULATOR = "lsst-lens"
OPTIONS = {"lens_fraction": 0.3}

#: Kinds that are a class as they are. Field galaxies are not: most are too faint to tell
#: from anything.
KINDS = ("elliptical", "spiral", "ring", "merger", "edge-on", "group", "star")

#: Lenses are three classes, by Einstein radius in arcsec between these.
LENS_EDGES = (0.6, 1.3, 2.0, 2.8)

CLASSES = (
    *KINDS,
    *(f"lens {low}-{high}" for low, high in pairwise(LENS_EDGES)),
)

#: Faintest scene (mag) and weakest lensed source (S/N) that is taken.
FAINTEST, LEAST_SIGNAL = 22.0, 20.0

#: Decides which class is in which half. It was set before anything was trained.
SPLIT_SEED = 0

#: As of the published model ``resnet-lens``.
PREPROCESSING = Preprocessing.parse(
    [
        {"op": "noise_scale"},
        {"op": "fill_nan", "value": 0.0},
        {"op": "asinh", "softening": 2.0},
    ],
    channels=1,
)

#: Draws for an object that is kept, at most: more means that a class does not occur.
_MOST_DRAWS = 500


@dataclass(frozen=True, slots=True)
class Task:
    """Images of some classes.

    Attributes
    ----------
    classes : tuple of str
        Their names.
    train, test : tuple of torch.Tensor
        Preprocessed images ``(n, 1, 45, 45)`` float32 and classes ``(n,)`` int64.
    """

    classes: tuple[str, ...]
    train: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]


def halves(classes: tuple[str, ...] = CLASSES, seed: int = SPLIT_SEED) -> dict[str, list[str]]:
    """Halves ``A`` and ``B`` of the classes, drawn at random, each in the order given."""
    drawn = random.Random(seed).sample(classes, len(classes) // 2)
    return {
        "A": [name for name in classes if name in drawn],
        "B": [name for name in classes if name not in drawn],
    }


def classify(drawn: Simulated) -> np.ndarray:
    """Index in ``CLASSES`` of each object, ``(n,)``; -1 for what is not taken."""
    truth = drawn.truth
    found = np.full(len(drawn), -1)
    for index, kind in enumerate(KINDS):
        found[truth["kind"] == kind] = index
    lens = (truth["kind"] == "lens") & (truth["signal_to_noise"] >= LEAST_SIGNAL)
    found[lens] = len(KINDS) + np.digitize(truth["einstein_radius"][lens], LENS_EDGES[1:-1])
    found[truth["magnitude"] > FAINTEST] = -1
    return found


def collect(
    simulator: Simulator, per_class: int, *, seed: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """The first objects of each class in a simulated stream.

    Returns
    -------
    images : numpy.ndarray
        ``(classes * per_class, 1, 45, 45)`` float32, nJy.
    classes : numpy.ndarray
        ``(classes * per_class,)`` int64.
    draws : int
        Objects that were drawn for them.

    Raises
    ------
    UsageError
        A class hardly occurs.
    """
    images, classes = [], []
    counts = np.zeros(len(CLASSES), int)
    draws = 0
    for chunk in _chunks(simulator, seed, most=_MOST_DRAWS * per_class * len(CLASSES)):
        draws += len(chunk)
        found = classify(chunk)
        rows = []
        for index in range(len(CLASSES)):
            of_class = np.flatnonzero(found == index)[: per_class - counts[index]]
            counts[index] += len(of_class)
            rows.append(of_class)
        kept = np.concatenate(rows)
        images.append(chunk.arrays["image"].numpy()[kept])
        classes.append(found[kept])
        if counts.min() == per_class:
            return np.concatenate(images), np.concatenate(classes), draws
    rare = CLASSES[int(counts.argmin())]
    raise UsageError(
        f"{draws} draws of {simulator.name} hold {counts.min()} objects of the class {rare!r}, "
        f"{per_class} are wanted. Change the cuts or the classes."
    )


def load_tasks(
    simulator: Simulator, file: Path, *, train: int, test: int, seed: int
) -> dict[str, Task]:
    """Tasks ``A`` and ``B``; simulated into ``file`` (npz) unless it is there.

    Parameters
    ----------
    simulator : Simulator
        Gives kinds, magnitudes, Einstein radii and S/N.
    file : pathlib.Path
        Cache.
    train, test : int
        Objects of each class. They come from streams of their own.
    seed : int
        Of the training images; those of the test have the next one.
    """
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        parts = {}
        for name, count, of_part in (("train", train, seed), ("test", test, seed + 1)):
            parts[f"{name}_images"], parts[f"{name}_classes"], _ = collect(
                simulator, count, seed=of_part
            )
        fresh = file.with_name(f".{file.name}.new.npz")
        np.savez(fresh, allow_pickle=False, **parts)
        fresh.replace(file)
    with np.load(file) as stored:
        arrays = {name: torch.from_numpy(stored[name]) for name in stored.files}
    for part in ("train", "test"):
        arrays[f"{part}_images"] = PREPROCESSING(arrays[f"{part}_images"])
    return {
        half: Task(
            tuple(names),
            _of_classes(arrays["train_images"], arrays["train_classes"], names),
            _of_classes(arrays["test_images"], arrays["test_classes"], names),
        )
        for half, names in halves().items()
    }


def _chunks(simulator: Simulator, seed: int, *, most: int) -> Iterator[Simulated]:
    for index in range(-(-most // simulator.chunk_size)):
        yield simulator.chunk(index, seed=seed)


def _of_classes(
    images: torch.Tensor, classes: torch.Tensor, names: list[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    wanted = torch.tensor([CLASSES.index(name) for name in names])
    matches = classes[:, None] == wanted
    rows = matches.any(1)
    return images[rows], matches[rows].long().argmax(1)
