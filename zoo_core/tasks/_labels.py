"""True classes, however a table writes them, as class indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ..cards import Target


def truth_column(truth: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One truth column ``(n,)``; masked entries become None.

    Raises
    ------
    InputError
        If there is no such column: the message lists those there are.
    """
    import numpy as np

    if name not in truth:
        raise InputError(
            f"the truth has no column {name!r}; its columns are {', '.join(truth) or 'none'}. "
            "Rename one, or name another table."
        )
    values = truth[name]
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        # A masked array's own list has None where it is masked.
        return np.array(np.ma.asarray(values).tolist(), dtype=object)
    return np.asarray(values)


def class_indices(truth: Mapping[str, np.ndarray], target: Target) -> np.ndarray:
    """Class index of each object, ``(n,)`` int64.

    Parameters
    ----------
    truth : mapping of str to numpy.ndarray
        Columns; ``target.name`` holds class indices (numbers or bools) or class names.
    target : Target
        With its classes in order.

    Raises
    ------
    InputError
        If the column is missing, or an entry is neither an index nor a name of a class.
    """
    values = truth_column(truth, target.name)
    if values.ndim != 1:
        raise InputError(
            f"the truth column {target.name!r} has shape {values.shape}; "
            "it must hold one class an object."
        )
    if values.dtype.kind in "biuf":
        indices = _from_numbers(values, len(target.classes))
    else:
        indices = _from_objects(values, target.classes)
    bad = indices < 0
    if bad.any():
        raise _not_classes(values, bad, target)
    return indices


def _from_numbers(values: np.ndarray, classes: int) -> np.ndarray:
    import numpy as np

    numbers = values.astype(np.float64)
    # A comparison with NaN is False, so NaN is not valid.
    valid = (numbers >= 0) & (numbers < classes) & (numbers == np.floor(numbers))
    return np.where(valid, numbers, -1).astype(np.int64)


def _from_objects(values: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    import numpy as np

    known: dict[Any, int] = {index: index for index in range(len(classes))}
    known.update({name: index for index, name in enumerate(classes)})

    def index(value: Any) -> int:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str):
            value = value.strip()
        return known.get(value, -1) if isinstance(value, str | int | float) else -1

    return np.fromiter(map(index, values.tolist()), np.int64, len(values))


def _not_classes(values: np.ndarray, bad: np.ndarray, target: Target) -> InputError:
    import numpy as np

    rows = np.flatnonzero(bad)
    shown: dict[str, int] = {}
    for row in rows.tolist():
        shown.setdefault(repr(values[row : row + 1].tolist()[0]), row)
        if len(shown) == 4:
            break
    examples = ", ".join(f"{value} (row {row})" for value, row in shown.items())
    names = ", ".join(f"{i} or {name!r}" for i, name in enumerate(target.classes))
    return InputError(
        f"{len(rows)} of {len(values)} entries of the truth column {target.name!r} are not "
        f"classes, such as {examples}. Write {names}, and leave out objects without a class."
    )


def checked_predictions(
    predictions: Mapping[str, np.ndarray], names: tuple[str, ...], count: int
) -> list[np.ndarray]:
    """Probability columns ``(n,)`` as float64.

    Raises
    ------
    InputError
        If a column is missing or has another length than the truth.
    """
    import numpy as np

    columns = []
    for name in names:
        if name not in predictions:
            raise InputError(
                f"the predictions have no column {name!r}; their columns are "
                f"{', '.join(predictions) or 'none'}."
            )
        columns.append(np.asarray(predictions[name], dtype=np.float64))
        if len(columns[-1]) != count:
            raise InputError(
                f"the truth has {count} rows and the predictions have {len(columns[-1])}; "
                "both must hold the same objects in the same order."
            )
    return columns
