"""Objects that are in memory already, checked like those in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InputError, UsageError
from ._inputs import Inputs
from ._reader import Item, Listing, Raw, Reader, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec


class _ArrayReader(Reader):
    """Rows of one array."""

    name: ClassVar[str] = "array in memory"

    def __init__(self, request: Request, array: np.ndarray):
        super().__init__(request)
        self.array = array

    def items(self, files: Sequence[Path]) -> Listing:  # noqa: ARG002
        """One item a row."""
        rows = range(len(self.array))
        return Listing(
            tuple(Item(id=str(i), source=f"array[{i}]", files=(), index=i) for i in rows)
        )

    def read(self, item: Item) -> Raw:
        """One row."""
        return Raw({self.request.specs[0].name: self.array[item.index]})


def inputs_from_array(
    array: Any, specs: tuple[InputSpec, ...], *, fit: str = "exact"
) -> Inputs:
    """See the rows of an array as inputs.

    Parameters
    ----------
    array : array-like
        ``(n, channel, *axes)``, or ``(n, *axes)`` for one channel, in the model's units.
    specs : tuple of InputSpec
        What the model takes; it must have one input.
    fit : str
        As for ``open_inputs``.

    Raises
    ------
    UsageError
        The model has several inputs.
    InputError
        The array has too few or too many axes.
    """
    import numpy as np

    if len(specs) != 1:
        raise UsageError(
            f"the model has {len(specs)} inputs ({', '.join(s.name for s in specs)}); give "
            "files with one array for each instead of a single array."
        )
    array, axes = np.asarray(array), len(specs[0].size)
    if array.ndim not in (axes + 1, axes + 2):
        raise InputError(
            f"an array of {specs[0].kind}s has the axes (n, channel, ...), this one has the "
            f"shape {array.shape}; the model takes {specs[0].describe()}.",
            flag="wrong-size",
        )
    reader = _ArrayReader(Request(specs=specs), array)
    return Inputs([(item, reader) for item in reader.items(()).items], specs, fit=fit)
