"""Inputs that are in memory already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from ..cards import InputSpec
    from ..data import Inputs, Sample


class ArrayInputs:
    """An array ``(n, channel, *axes)`` seen as a sequence of samples, checked like files."""

    notes: tuple[str, ...] = ()

    def __init__(self, array: np.ndarray, spec: InputSpec):
        self.array = array
        self.spec = spec
        expected = len(spec.size) + 2
        if array.ndim != expected:
            raise InputError(
                f"an array of {spec.kind}s needs {expected} axes (n, channel, ...), this one "
                f"has the shape {array.shape}; the model takes {spec.describe()}."
            )

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> Sample:
        from ..data import check_arrays

        identity = str(index)
        return check_arrays(
            identity, f"array[{index}]", {self.spec.name: self.array[index]}, (self.spec,)
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


def open_any(
    data: Any,
    specs: tuple[InputSpec, ...],
    *,
    fit: str = "exact",
    accept_bands: Sequence[str] = (),
) -> Inputs | ArrayInputs:
    """Open paths or wrap an array, whichever was given."""
    if isinstance(data, str | Path):
        data = [data]
    if isinstance(data, list | tuple):
        from ..data import open_inputs

        return open_inputs(data, specs, fit=fit, accept_bands=tuple(accept_bands))
    if len(specs) != 1:
        raise UsageError(
            f"the model has {len(specs)} inputs ({', '.join(s.name for s in specs)}); give "
            "files with one array for each instead of a single array."
        )
    import numpy as np

    return ArrayInputs(np.asarray(data), specs[0])
