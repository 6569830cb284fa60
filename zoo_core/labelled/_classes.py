"""From labels as they are written to classes that can be learned."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._columns import has_fractions, read_texts, refuse_missing
from ._text import SHOWN, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

#: More classes than this are a number, a name or an identifier.
_MOST = 100

#: Fewer examples cannot be split in three.
_FEWEST = 3

#: The part of an object that is for training or for the test: what is for validation is known
#: already.
UNDIVIDED = "train or test"

_REGRESSION = "Only classes can be learned, not real numbers: bin them into classes first."


def choose_classes(
    values: np.ndarray, chosen: Sequence[str], *, where: str, may_lack: bool = False
) -> tuple[list[int], tuple[str, ...], tuple[str, ...]]:
    """Decide which rows count, and as what.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n,)``: labels as stored.
    chosen : sequence of str
        ``LABEL=CLASS`` for each label that is used; none: each label is its own class.
    where : str
        Where the labels stand, for messages.
    may_lack : bool
        Whether labels that ``chosen`` names need not be there.

    Returns
    -------
    tuple
        Rows, the class of each, and notes for people.

    Raises
    ------
    UsageError
        A text that is not ``LABEL=CLASS``.
    InputError
        Labels that are real numbers, missing, alike but for blanks or capital letters, or
        not there.
    """
    texts = read_texts(values, where=where)
    if has_fractions(values):
        raise InputError(f"{where} holds real numbers. {_REGRESSION}")
    if chosen:
        return _named(texts, _parse(chosen), where, may_lack=may_lack)
    everything = range(len(texts))
    hint = ": --class LABEL=CLASS keeps only rows with the labels that it names"
    refuse_missing(texts, everything, what="label", where=where, hint=hint)
    written = [str(text) for text in texts]
    _refuse_alike(written, where)
    return list(everything), tuple(text.strip() for text in written), ()


def sort_classes(classes: Iterable[str]) -> tuple[str, ...]:
    """Each class once, by number if all are whole numbers.

    >>> sort_classes(["10", "9", "9"]), sort_classes(["spiral", "10", "9"])
    (('9', '10'), ('10', '9', 'spiral'))
    """
    unique = sorted(set(classes))
    if all(re.fullmatch(r"[+-]?\d+", name) for name in unique):
        return tuple(sorted(unique, key=int))
    return tuple(unique)


def check_classes(
    labels: Sequence[str],
    splits: Sequence[str] | None = None,
    *,
    where: str,
    wanted: Iterable[str] = (),
) -> tuple[str, ...]:
    """The sorted classes of the labels, if they can be learned.

    Parameters
    ----------
    labels : sequence of str
        The class of each example.
    splits : sequence of str, optional
        The part of each.
    where : str
        Where the labels stand, for messages.
    wanted : iterable of str
        Classes that must have examples.

    Raises
    ------
    InputError
        Too few examples, one class, too many classes, a class with one example or none, or
        with none in train though there are in another part.
    """
    counts = Counter(dict.fromkeys(wanted, 0))
    counts.update(labels)
    if len(labels) < _FEWEST:
        raise InputError(
            f"{where}: {counted(len(labels), 'example')}; at least {_FEWEST} are needed, and "
            "hundreds make sense."
        )
    if len(counts) > _MOST:
        raise InputError(
            f"{where} holds {len(counts)} different labels for {len(labels)} examples, more "
            f"than {_MOST}. If they are identifiers, --label chooses another column. If they "
            f"are measured: {_REGRESSION}"
        )
    if len(counts) < 2:
        raise InputError(
            f"{where}: all {len(labels)} examples are of one class, {labels[0]!r}; at least "
            "two classes are needed."
        )
    rare = [name for name in sort_classes(counts) if counts[name] < 2]
    if rare:
        told = [f"{name!r} ({counts[name]})" for name in rare]
        raise InputError(
            f"{where}: {counted(len(rare), 'class', 'classes')} with fewer than two examples: "
            f"{listed(told)}. Add some, or leave the class out or merge it with "
            "--class LABEL=CLASS."
        )
    if splits is not None:
        _refuse_unlearned(labels, splits, where)
    return sort_classes(counts)


def _parse(chosen: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for text in chosen:
        label, equals, name = (part.strip() for part in text.partition("="))
        if not (label and equals and name):
            raise UsageError(
                f"--class {text!r} is not LABEL=CLASS, such as 100=FRI: the label as it "
                "stands in the data, and the class that it is."
            )
        if names.setdefault(label, name) != name:
            raise UsageError(f"--class gives {label!r} two classes: {names[label]}, {name}.")
    try:
        _refuse_alike(list(names.values()), "--class")
    except InputError as error:
        raise UsageError(str(error)) from None
    return names


def _named(
    texts: Sequence[str | None], names: dict[str, str], where: str, *, may_lack: bool
) -> tuple[list[int], tuple[str, ...], tuple[str, ...]]:
    labels = [None if text is None else text.strip() for text in texts]
    counts = Counter(label for label in labels if label is not None)
    absent = [label for label in names if label not in counts]
    if absent and not may_lack:
        there = [repr(label) for label in sort_classes(counts)]
        raise InputError(
            f"{where} has no {listed([repr(label) for label in absent])}, which --class "
            f"names; it has {listed(there, most=30) or 'none'}."
        )
    rows = [row for row, label in enumerate(labels) if label in names]
    notes = []
    unnamed = sum(count for label, count in counts.items() if label not in names)
    if unnamed:
        others = [label for label in sort_classes(counts) if label not in names]
        notes.append(
            f"{counted(unnamed, 'row')} left out, of labels that --class does not name: "
            f"{listed(others)}"
        )
    missing = sum(label is None for label in labels)
    if missing:
        notes.append(f"{counted(missing, 'row')} without a label left out")
    return rows, tuple(names[str(labels[row])] for row in rows), tuple(notes)


def _refuse_alike(written: Sequence[str], where: str) -> None:
    """Raise InputError if two labels differ by blanks, capitals or the way of a number."""
    seen: dict[str | float, str] = {}
    for text in dict.fromkeys(written):
        plain = "".join(text.split()).casefold()
        other = seen.setdefault(_number(plain), text)
        if other != text:
            counts = Counter(written)
            raise InputError(
                f"{where} has the classes {other!r} ({counts[other]}) and {text!r} "
                f"({counts[text]}), which differ by blanks, capital letters or the way a "
                "number is written alone. Write them alike, or give both the same class with "
                "--class LABEL=CLASS."
            )


def _number(text: str) -> str | float:
    """The number that a text is, such as 1 for ``01`` and ``1.0``; else the text.

    >>> _number("01") == _number("1.0"), _number("1a")
    (True, '1a')
    """
    try:
        return float(text)
    except ValueError:
        return text


def _refuse_unlearned(labels: Sequence[str], splits: Sequence[str], where: str) -> None:
    learned = ("train", UNDIVIDED)
    if not any(part in learned for part in splits):
        raise InputError(f"{where}: no example is in train; there are {listed(set(splits))}.")
    known = {label for label, part in zip(labels, splits, strict=True) if part in learned}
    unknown = sort_classes(label for label in labels if label not in known)
    if unknown:
        raise InputError(
            f"{where}: {counted(len(unknown), 'class', 'classes')} in validation or test but "
            f"not in train, so that nothing can learn it: "
            f"{listed([repr(name) for name in unknown], most=SHOWN)}. Move examples to train, "
            "or leave the class out with --class LABEL=CLASS."
        )
