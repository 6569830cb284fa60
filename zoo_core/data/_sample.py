"""One object as a model sees it, or the reason why it cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read for one object.

    Attributes
    ----------
    id : str
        Name of the object.
    source : str
        Where it came from: a path, with ``[extension]`` or ``[index]`` where the file
        holds more than one thing, or the paths of the bands joined by ``+``.
    arrays : dict of str to numpy.ndarray
        For each input ``(channel, *axes)``, float32, C-contiguous, in native byte order
        and in the data's own unit; missing values are NaN. Empty when the data cannot be
        used.
    flag : str
        One word for what is wrong; empty when all is well. A sample can be usable and
        carry a flag: then it is a warning.
    reason : str
        One line for people about the flag.
    """

    id: str
    source: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    flag: str = ""
    reason: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to give to a model."""
        return bool(self.arrays)
