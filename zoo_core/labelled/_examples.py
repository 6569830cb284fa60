"""Reading labelled objects into arrays that a training goes through again and again."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ._classes import check_classes
from ._store import Store, available_memory
from ._text import SHOWN, counted, listed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np

    from ..data import Sample
    from ._labelled import Labelled

#: Objects between two calls of ``progress``.
_PIECE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Labelled objects that were read.

    Attributes
    ----------
    arrays : dict of str to numpy.ndarray
        For each input ``(n, channel, *axes)`` in the unit of the data: uint8 where all
        values are whole numbers from 0 to 255, else float32 with NaN for what is missing.
        Possibly mapped from files.
    labels : numpy.ndarray
        ``(n,)`` int64: positions in ``classes``.
    classes : tuple of str
        The classes in order.
    ids : tuple of str
        Names of the objects, not necessarily all different.
    groups, splits : tuple of str or None
        As in ``Labelled``.
    digests : tuple of str
        SHA-256 of the names, shapes and float32 values of each object's arrays: the same
        for exact copies.
    left_out : tuple of str
        ``id: reason`` of objects that could not be read.
    warnings : tuple of str
        What is not as it should be with objects that are used all the same, such as missing
        pixels: one line a flag, with the number of objects and an example.
    source : str
        Where they came from, for people.
    fingerprint : str
        SHA-256 of the digests and class names of all rows in order.
    """

    arrays: dict[str, np.ndarray]
    labels: np.ndarray
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...] | None
    splits: tuple[str, ...] | None
    digests: tuple[str, ...]
    left_out: tuple[str, ...]
    source: str
    fingerprint: str
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class _Reading:
    """What has come of the objects so far."""

    rows: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    bad: list[Sample] = field(default_factory=list)
    flagged: dict[str, list[str]] = field(default_factory=dict)
    shapes: Counter[tuple[tuple[int, ...], ...]] = field(default_factory=Counter)


def read_examples(
    labelled: Labelled,
    *,
    skip_bad: bool = False,
    folder: str | os.PathLike[str] | None = None,
    memory: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Examples:
    """Read all objects.

    Parameters
    ----------
    labelled : Labelled
        What to read.
    skip_bad : bool
        Whether objects that cannot be read are left out rather than an error.
    folder : path, optional
        Where arrays go that are larger than ``memory``; made if needed. The files,
        ``input-*.npy``, belong to the examples: keep them as long as they are used.
    memory : int, optional
        Bytes that the arrays may take in memory; by default half of what is free.
    progress : callable, optional
        Called with (objects done, objects in all) now and then.

    Raises
    ------
    InputError
        Objects that cannot be read, all of them counted; objects of different shapes; with
        ``skip_bad`` also classes that can no longer be learned.
    UsageError
        The arrays are larger than ``memory`` and there is no folder.
    OutputError
        The folder's disc has not enough room.
    """
    inputs = labelled.inputs
    most = available_memory() // 2 if memory is None else memory
    store = Store(len(inputs), memory=most, folder=None if folder is None else Path(folder))
    try:
        reading = _read(labelled, store, progress)
        _check(reading, labelled, skip_bad=skip_bad)
        return _finish(reading, labelled, store)
    except BaseException:
        store.discard()
        raise
    finally:
        inputs.close()


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of one object: names, shapes and values of its arrays as float32.

    There is one zero and one NaN, whatever their bits are.
    """
    import numpy as np

    total = hashlib.sha256()
    for name in sorted(arrays):
        values = arrays[name].astype("<f4") + np.float32(0)  # minus zero becomes zero
        values[np.isnan(values)] = np.nan
        total.update(f"{name}\0{values.shape}\0".encode())
        total.update(values.astype("<f4", order="C").tobytes())
    return total.hexdigest()


def _read(
    labelled: Labelled, store: Store, progress: Callable[[int, int], None] | None
) -> _Reading:
    reading = _Reading()
    count = len(labelled.inputs)
    for row in range(count):
        sample = labelled.inputs[row]
        if sample.is_usable:
            shapes = {name: array.shape for name, array in sample.arrays.items()}
            reading.shapes[tuple(shapes.values())] += 1
            if len(reading.shapes) == 1:
                store.add(sample.arrays)
                reading.rows.append(row)
                reading.digests.append(digest_of(sample.arrays))
            if sample.flag:
                told = f"{sample.source}: {sample.reason}"
                reading.flagged.setdefault(sample.flag, []).append(told)
        else:
            reading.bad.append(sample)
        done = row + 1
        if progress and (done % _PIECE == 0 or done == count):
            progress(done, count)
    return reading


def _check(reading: _Reading, labelled: Labelled, *, skip_bad: bool) -> None:
    bad = reading.bad
    if bad and not skip_bad:
        raise InputError(
            f"{len(bad)} of {counted(len(labelled.inputs), 'object')} of {labelled.source} "
            f"cannot be read: {_reasons(bad)}. Mend them; --skip-bad leaves them out."
            f"{_hint(bad, len(labelled.inputs))}",
            flag=bad[0].flag,
        )
    if len(reading.shapes) > 1:
        told = listed(
            [
                f"{counted(number, 'object')} of {' and '.join(map(_size, shapes))}"
                for shapes, number in reading.shapes.most_common()
            ]
        )
        raise InputError(
            f"the objects of {labelled.source} have different shapes: {told}. A training "
            "needs one: --size N with --fit crop takes the middle of each.",
            flag="wrong-size",
        )
    if bad:
        left = (
            f"{labelled.source} without {counted(len(bad), 'object')} that cannot be read: "
            f"{_reasons(bad)}"
        )
        splits = _taken(labelled.splits, reading.rows)
        labels = [labelled.labels[row] for row in reading.rows]
        check_classes(labels, splits, where=left, wanted=labelled.classes)


def _finish(reading: _Reading, labelled: Labelled, store: Store) -> Examples:
    import numpy as np

    rows, ids = reading.rows, labelled.inputs.ids
    labels = [labelled.labels[row] for row in rows]
    index = {name: position for position, name in enumerate(labelled.classes)}
    return Examples(
        arrays=store.finish(),
        labels=np.array([index[label] for label in labels], dtype=np.int64),
        classes=labelled.classes,
        ids=tuple(ids[row] for row in rows),
        groups=_taken(labelled.groups, rows),
        splits=_taken(labelled.splits, rows),
        digests=tuple(reading.digests),
        left_out=tuple(f"{sample.id}: {sample.reason}" for sample in reading.bad),
        warnings=tuple(
            f"{counted(len(told), 'object')} flagged {flag}, such as {told[0]}"
            for flag, told in reading.flagged.items()
        ),
        source=labelled.source,
        fingerprint=_fingerprint(reading.digests, labels),
    )


def _reasons(bad: Sequence[Sample]) -> str:
    """Each reason once, with the objects that it is true of."""
    sources: dict[str, list[str]] = {}
    for sample in bad:
        sources.setdefault(sample.reason, []).append(sample.source)
    told = [f"{reason} ({listed(those)})" for reason, those in sources.items()]
    more = f"; and {counted(len(told) - SHOWN, 'other reason')}" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def _hint(bad: Sequence[Sample], count: int) -> str:
    """What else may be meant where no object has the bands of the model."""
    if len(bad) == count and {sample.flag for sample in bad} == {"wrong-bands"}:
        return " Data of other bands than the model's: zoo finetune --bands A,B --stem sum."
    return ""


def _taken(values: tuple[str, ...] | None, rows: Sequence[int]) -> tuple[str, ...] | None:
    return None if values is None else tuple(values[row] for row in rows)


def _fingerprint(digests: Iterable[str], labels: Iterable[str]) -> str:
    total = hashlib.sha256()
    for digest, label in zip(digests, labels, strict=True):
        total.update(f"{digest}\0{label}\n".encode())
    return total.hexdigest()


def _size(shape: tuple[int, ...]) -> str:
    """Axes behind the channel axis, such as ``45x50``."""
    return "x".join(map(str, shape[1:] or shape))
