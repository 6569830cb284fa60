"""The published sets of images of radio galaxies, MiraBest and FR-DEEP, as npz files.

    python -m zoo_radio.batches data_batch_1 data_batch_2 ... -o mirabest.npz
    python -m zoo_radio.batches batches/data_batch_* --confident -o mirabest-confident.npz
    python -m zoo_radio.batches mirabest-arrays.npz --confident -o mirabest-confident.npz
    python -m zoo_radio.batches FIRST/data_batch_* --set fr-deep -o fr-deep.npz

Both are published as pickled batches in the form of CIFAR. A pickle can run any program when it
is opened; these are opened by a reader that makes arrays, numbers, texts, lists and
dictionaries, and refuses everything else. Batches that somebody has put into an npz already
(arrays ``x``, ``y``, ``name``) are taken too. MiraBest is Porter & Scaife's
(doi:10.5281/zenodo.4288837, CC BY 4.0), FR-DEEP Tang, Scaife & Leahy's (2019): cite them.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoo_core.errors import InputError, UsageError, ZooError

from .places import groups_of, position_of
from .unpickling import load_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Pixels along a side of all images.
SIDE = 150

#: Classes of the labels of MiraBest, in their order, and whether the label is sure. The codes
#: are those in the names of its files.
MIRABEST = {
    100: ("FRI", True), 102: ("FRI", True), 104: ("FRI", True), 110: ("FRI", False),
    112: ("FRI", False), 200: ("FRII", True), 201: ("FRII", True), 210: ("FRII", False),
    300: ("hybrid", True), 310: ("hybrid", False),
}  # fmt: skip

#: Codes of sources whose arms are bent: wide-angle and head tails.
BENT = (102, 104, 112)

FR_DEEP = ("FRI", "FRII")


class Batches(NamedTuple):
    """Images ``(n, 150, 150)`` uint8, and of each its class, whether it is sure, its name."""

    images: np.ndarray
    morphology: np.ndarray
    confident: np.ndarray
    names: np.ndarray


def read_batches(paths: Sequence[Path], *, published: str = "mirabest") -> Batches:
    """Read batches and join them.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Batch files, without ``batches.meta``, or npz files of their arrays.
    published : str
        ``mirabest`` or ``fr-deep``.

    Raises
    ------
    InputError
        A file that cannot be read, asks for more than arrays, or is no such batch.
    UsageError
        No file, or another set.
    """
    if published not in ("mirabest", "fr-deep"):
        raise UsageError(f"the set must be 'mirabest' or 'fr-deep', is {published!r}.")
    if not paths:
        raise UsageError("name the batch files.")
    images, labels, names = [], [], []
    for path in paths:
        data, told, files = (_arrays if path.suffix == ".npz" else _batch)(path)
        images.append(data)
        labels += told
        names += files
    if published == "mirabest":
        known: list[tuple[str, bool]] = list(MIRABEST.values())
    else:
        known = [(name, True) for name in FR_DEEP]
    unknown = sorted({label for label in labels if not 0 <= label < len(known)})
    if unknown:
        raise InputError(f"labels {unknown} are none of {published}'s {len(known)} classes.")
    return Batches(
        np.concatenate(images),
        np.array([known[label][0] for label in labels]),
        np.array([known[label][1] for label in labels]),
        np.array(names),
    )


def _arrays(path: Path) -> tuple[np.ndarray, list[int], list[str]]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {key: file[key] for key in ("x", "y", "name")}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} cannot be read: {error}; an npz of a batch has x, y and name, unpickled."
        ) from error
    labels, names = found["y"].tolist(), found["name"].astype(str).tolist()
    if len(names) != len(labels):
        raise InputError(f"{path}: there are {len(labels)} labels and {len(names)} names.")
    return _images(path, found["x"], len(labels)), labels, names


def _batch(path: Path) -> tuple[np.ndarray, list[int], list[str]]:
    try:
        with path.open("rb") as file:
            found = load_plain(file)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnpicklingError as error:
        raise InputError(
            f"{path} is not opened: {error}, and only arrays, numbers and texts are allowed. "
            "Take the file from where its authors published it."
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds a {type(found).__name__}, a batch is a dictionary.")
    plain = {_text(key): value for key, value in found.items()}
    lacking = sorted({"data", "labels", "filenames"} - set(plain))
    if lacking:
        raise InputError(f"{path} lacks {', '.join(lacking)}; a batch has all of them.")
    try:
        names = [_text(name) for name in plain["filenames"]]
        labels = [int(label) for label in plain["labels"]]
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: labels and filenames must be lists: {error}.") from error
    if len(names) != len(labels):
        raise InputError(f"{path}: there are {len(labels)} labels and {len(names)} names.")
    return _images(path, np.asarray(plain["data"]), len(labels)), labels, names


def _images(path: Path, data: np.ndarray, count: int) -> np.ndarray:
    if data.dtype != np.uint8 or data.size != count * SIDE**2:
        raise InputError(
            f"{path}: the data are {data.dtype} {data.shape} for {count} labels; a batch has "
            f"{SIDE * SIDE} pixels of uint8 for each."
        )
    return data.reshape(count, SIDE, SIDE)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def main(words: Sequence[str] | None = None) -> int:
    """Write an npz file for ``zoo finetune``.

    ``x`` are images, ``y`` 0 for FRI, 1 for FRII and 2 for hybrid, ``morphology`` the same in
    words, ``name`` the file. MiraBest also has ``place``: the same number for images of one
    place, for ``--group``.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("batches", nargs="+", type=Path)
    parser.add_argument("--set", default="mirabest", choices=("mirabest", "fr-deep"))
    parser.add_argument("--confident", action="store_true", help="FRI and FRII that are sure")
    parser.add_argument("-o", "--output", required=True, type=Path, help="npz file to write")
    arguments = parser.parse_args(words)
    try:
        found = read_batches(arguments.batches, published=arguments.set)
        kept = np.ones(len(found.names), dtype=bool)
        if arguments.confident:
            kept = found.confident & np.isin(found.morphology, FR_DEEP)
        _write(arguments.output, found, kept, has_places=arguments.set == "mirabest")
    except ZooError as error:
        print(f"zoo_radio.batches: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.output}: {kept.sum()} images")
    return 0


def _write(path: Path, found: Batches, kept: np.ndarray, *, has_places: bool) -> None:
    classes = ("FRI", "FRII", "hybrid")
    arrays = {
        "x": found.images[kept],
        "y": np.array([classes.index(name) for name in found.morphology[kept]]),
        "morphology": found.morphology[kept],
        "name": found.names[kept],
    }
    if has_places:
        arrays["place"] = groups_of([position_of(name) for name in found.names[kept]])
    partial = path.with_name(f".{path.name}.npz")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(main())
