"""The labelled images on which the starts are compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from zoo_radio.places import groups_of, position_of

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = 5

#: Fold of an object that may be trained on whichever fold is tested.
NEVER_TESTED = -2

#: Labels of MiraBest: FRI and FRII of which its authors were sure, and the others.
_CONFIDENT, _UNCERTAIN, _FIRST_FRII = (0, 1, 2, 5, 6), (3, 4, 7), 5


@dataclass(frozen=True)
class Labelled:
    """Images ``(n, band, y, x)`` with classes; ``fold`` is the fold that tests each.

    A fold of -1 is never a test object: such tasks have a test set of their own, fold 0.
    ``counts`` are the numbers of labels that are tried; None for all.
    """

    name: str
    title: str
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, str]
    fold: np.ndarray
    counts: tuple[int | None, ...]

    @property
    def has_own_test(self) -> bool:
        """Whether there is one test set instead of folds."""
        return bool((self.fold == -1).any())

    def test(self, fold: int) -> np.ndarray:
        """Rows of the test objects."""
        return np.flatnonzero(self.fold == (0 if self.has_own_test else fold))

    def pool(self, fold: int) -> np.ndarray:
        """Rows of which labels may be taken."""
        kept = np.ones(len(self.labels), dtype=bool)
        kept[self.test(fold)] = False
        return np.flatnonzero(kept)


def folds_of(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Fold of each object, stratified by class, groups whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    fold = np.zeros(len(labels), dtype=np.int64)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for number, (_, rows) in enumerate(splitter.split(labels, labels, groups)):
        fold[rows] = number
    return fold


def radio(path: Path, *, side: int = 100, uncertain: bool = False) -> Labelled:
    """MiraBest: confident FRI (codes 0 to 2) and FRII (5 and 6), grouped by position.

    The middle ``side`` of 150 pixels. With ``uncertain`` also sources of uncertain class
    (codes 3, 4 and 7), which are never tested and stand nowhere near one that is.
    """
    with np.load(path) as data:
        kept = np.isin(data["y"], (*_CONFIDENT, *(_UNCERTAIN if uncertain else ())))
        images, codes, names = (data[key][kept] for key in ("x", "y", "name"))
    labels = (codes >= _FIRST_FRII).astype(np.int64)
    positions = np.array([position_of(str(name)) for name in names])
    sure = np.isin(codes, _CONFIDENT)
    fold = np.full(len(labels), NEVER_TESTED)
    # Of the tested alone, so that the others do not change the folds.
    fold[sure] = folds_of(labels[sure], groups_of(positions[sure]))
    groups = groups_of(positions)
    apart = sure | ~np.isin(groups, groups[sure])
    edge = (images.shape[-1] - side) // 2
    return Labelled(
        name="radio",
        title="FRI and FRII radio galaxies (MiraBest, confident classes)",
        images=images[apart, None, edge : edge + side, edge : edge + side],
        labels=labels[apart],
        classes=("FRI", "FRII"),
        fold=fold[apart],
        counts=(32, 100, 300, None),
    )


def galaxy_zoo(folder: Path, *, side: int = 128) -> Labelled:
    """Galaxy Zoo jpg files in a folder a class: the middle 256 pixels, averaged to ``side``."""
    from PIL import Image

    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if len(classes) != 2:
        raise SystemExit(f"{folder} must hold one folder for each of two classes: {classes}")
    images, labels = [], []
    for label, name in enumerate(classes):
        for path in sorted((folder / name).glob("*.jpg")):
            with Image.open(path) as image:
                left, top = ((length - 256) // 2 for length in image.size)
                middle = image.convert("RGB").crop((left, top, left + 256, top + 256))
                images.append(np.asarray(middle.resize((side, side), Image.Resampling.BOX)))
                labels.append(label)
    label_array = np.array(labels)
    return Labelled(
        name="galaxy-zoo",
        title="Galaxy Zoo: spirals against the rest (SDSS jpg, noisy labels)",
        images=np.stack(images).transpose(0, 3, 1, 2),
        labels=label_array,
        classes=(classes[0], classes[1]),
        fold=folds_of(label_array, np.arange(len(label_array))),
        counts=(32, 100, 300, 1000),
    )


#: The shifted survey: a magnitude shallower, seeing of 1.2" instead of 0.8".
SHIFT = {"seeing_arcsec": 1.2, "depth": 23.8}


def shifted_lenses(*, pool: int = 3000, test: int = 2000, seed: int = 101) -> Labelled:
    """Simulated lenses and imitators of a survey that is worse than the one trained on."""
    import zoo_core as zoo
    from zoo_core.simulation import concatenate

    simulator = zoo.Zoo.discover().simulator("lsst-lens", **SHIFT)
    count = pool + test
    chunks = -(-count // simulator.chunk_size)
    drawn = concatenate([simulator.chunk(index, seed=seed) for index in range(chunks)])
    labels = np.asarray(drawn.truth["lens"][:count]).astype(np.int64)
    fold = np.full(count, -1)
    fold[pool:] = 0
    return Labelled(
        name="shifted-survey",
        title=f"Simulated lenses of another survey (lsst-lens version {simulator.version}, "
        f"{json.dumps(SHIFT)}, seed {seed})",
        images=np.asarray(drawn.arrays["image"][:count], dtype=np.float32),
        labels=labels,
        classes=("non-lens", "lens"),
        fold=fold,
        counts=(32, 100, 300, 1000, None),
    )
