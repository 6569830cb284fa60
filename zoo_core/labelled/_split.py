"""Parts for training, validation and test that share nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._assign import assign_units
from ._classes import UNDIVIDED
from ._text import SHOWN, counted, listed
from ._units import make_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ._examples import Examples

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the parts, sorted, int64; each row is in exactly one.

    Attributes
    ----------
    train, validation, test : numpy.ndarray
        ``(n,)``: rows of the examples.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def make_split(
    examples: Examples, *, validation: float = 0.15, test: float = 0.15, seed: int = 0
) -> Split:
    """Divide examples.

    Where the examples come with parts, those are taken; if none of them is validation, that
    is taken out of train; if nothing but validation is known, the rest is divided into train
    and test. Otherwise each class is divided in the wanted fractions, as near
    as groups allow. A group is never divided, nor are exact copies, which count as one
    group even if they are in two. A class with three or more such units is in every part.

    Parameters
    ----------
    examples : Examples
        What is divided.
    validation, test : float
        Wanted fractions, from 0 (an empty part) to below 1.
    seed : int
        Which of the possible divisions; not negative.

    Raises
    ------
    UsageError
        Fractions or a seed that make no sense.
    InputError
        There are so few groups that a part would be empty.
    """
    _check(validation, test, seed)
    if examples.splits is None:
        fractions = {"train": 1 - validation - test, "validation": validation, "test": test}
        parts = _divided(examples, range(len(examples)), fractions, seed)
    else:
        parts = dict(enumerate(examples.splits))
        rest = [row for row, part in parts.items() if part == UNDIVIDED]
        if rest:
            parts |= _divided(examples, rest, {"train": 1 - test, "test": test}, seed)
        elif "validation" not in examples.splits:
            train = [row for row, part in parts.items() if part == "train"]
            fractions = {"train": 1 - validation, "validation": validation}
            parts |= _divided(examples, train, fractions, seed)
    return Split(*(_rows(parts, part) for part in PARTS))


def check_leaks(examples: Examples, split: Split) -> None:
    """Make sure that no object and no group is in two parts.

    Raises
    ------
    InputError
        One is, and the message names up to five.
    """
    parts = {row: name for name in PARTS for row in getattr(split, name).tolist()}
    copies = _shared(examples.digests, parts)
    if copies:
        told = [
            " and ".join(f"{examples.ids[row]} (row {row}, {parts[row]})" for row in rows)
            for rows in copies
        ]
        raise InputError(
            f"{counted(len(copies), 'object')} of {examples.source} stand in two parts, as "
            f"exact copies: {listed(told, most=SHOWN)}. What is learned by heart would count "
            "as understood: keep each in one part."
        )
    if examples.groups is None:
        return
    groups = _shared(examples.groups, parts)
    if groups:
        told = [
            f"{examples.groups[rows[0]]!r} in {' and '.join(parts[row] for row in rows)}"
            for rows in groups
        ]
        raise InputError(
            f"{counted(len(groups), 'group')} of {examples.source} stand in two parts: "
            f"{listed(told, most=SHOWN)}. Put all rows of a group into one part."
        )


def check_parts(examples: Examples, split: Split) -> None:
    """Make sure that validation and test, where there are any, can tell classes apart.

    Raises
    ------
    InputError
        One of them holds examples of one class only.
    """
    for name in ("validation", "test"):
        rows = getattr(split, name)
        there = sorted(set(examples.labels[rows].tolist()))
        if len(there) != 1:
            continue
        mend = "Mark examples of another class as " + name
        is_drawn = examples.splits is None or (name == "test" and UNDIVIDED in examples.splits)
        if is_drawn:
            mend = f"Add examples, or make the part larger with --{name}"
            if name == "test":
                mend += ", or leave it out with --test 0"
        raise InputError(
            f"the {name} part of {examples.source} holds one class only, "
            f"{examples.classes[there[0]]!r} ({len(rows)} of "
            f"{counted(len(examples), 'example')}), so that nothing can be measured on it. "
            f"{mend}."
        )


def _check(validation: float, test: float, seed: int) -> None:
    for name, fraction in (("validation", validation), ("test", test)):
        if not 0 <= fraction < 1:
            raise UsageError(
                f"the fraction for {name} must be from 0 to below 1, is {fraction}."
            )
    if validation + test >= 1:
        raise UsageError(
            f"validation {validation} and test {test} leave nothing for training; their sum "
            "must be below 1."
        )
    if seed < 0:
        raise UsageError(f"the seed must not be negative, is {seed}.")


def _divided(
    examples: Examples, rows: Sequence[int], fractions: dict[str, float], seed: int
) -> dict[int, str]:
    """The part of each of the rows."""
    wanted = {part: fraction for part, fraction in fractions.items() if fraction > 0}
    names = tuple(wanted)
    units = make_units(rows, examples.labels.tolist(), examples.digests, examples.groups)
    chosen, is_full = assign_units(units, tuple(wanted.values()), seed=seed)
    if not is_full:
        raise InputError(
            f"{counted(len(rows), 'example')} of {examples.source} in "
            f"{counted(len(units), 'group')} (exact copies count as one) cannot be divided "
            f"into {', '.join(names)}, for a group stays whole and train needs every class. "
            "Add groups, use finer ones, or set a fraction to 0."
        )
    return {
        row: names[part] for unit, part in zip(units, chosen, strict=True) for row in unit.rows
    }


def _rows(parts: dict[int, str], part: str) -> np.ndarray:
    import numpy as np

    return np.array(sorted(row for row, name in parts.items() if name == part), dtype=np.int64)


def _shared(keys: Sequence[str], parts: dict[int, str]) -> list[list[int]]:
    """For each key that is in several parts the first row of it in each."""
    first: dict[str, dict[str, int]] = {}
    for row in sorted(parts):
        first.setdefault(keys[row], {}).setdefault(parts[row], row)
    return [list(rows.values()) for rows in first.values() if len(rows) > 1]
