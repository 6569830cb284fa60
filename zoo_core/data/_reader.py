"""What a reader is: one file format, from files to raw arrays.

Readers are looked up by a file's suffix. A reader knows its format and nothing else: sizes,
missing values and types are checked once for all of them, in ``_checks``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import Band, InputSpec


class Problem(NamedTuple):
    """One word and one line about data that are not as they should be."""

    flag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the model wants and what the user allows.

    Attributes
    ----------
    specs : tuple of InputSpec
        The model's inputs.
    accept_bands : tuple of str
        Bands that may stand in for the band of a model that has one.
    id_key : str
        Name of the array of ids in formats that hold many objects a file.
    resample : bool
        Whether images of another pixel scale are brought to the model's.
    """

    specs: tuple[InputSpec, ...]
    accept_bands: tuple[str, ...] = ()
    id_key: str = "id"
    resample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object as found on listing, not yet read.

    Attributes
    ----------
    id, source : str
        As in ``Sample``.
    files : tuple of Path
        What to read.
    index : int or None
        Position in a file with many objects; None where the file is one object.
    start : int or None
        First sample of a window, where the file is one object that is read in windows.
    bands : tuple of Band
        The band of each file where there is one file a band, else empty.
    problem : Problem or None
        What listing found wrong; such an item is never read.
    """

    id: str
    source: str
    files: tuple[Path, ...]
    index: int | None = None
    start: int | None = None
    bands: tuple[Band, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of some files, and facts about the listing for people."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """Arrays as a file holds them, by input name: any number type, any byte order.

    An array of an input with one channel may lack the channel axis. ``source`` replaces
    that of the item when reading has told more exactly where the data are. ``warnings`` are
    what the file says against its own use, which is up to the user.
    """

    arrays: dict[str, np.ndarray]
    source: str = ""
    warnings: tuple[Problem, ...] = ()


class Reader(ABC):
    """Base class of readers; one object of it serves one call of ``open_inputs``.

    Attributes
    ----------
    is_slow : bool
        Whether reading an object takes as long as a fast network does, so that processes
        of their own should read many of them.
    kinds : frozenset of str or None
        Kinds of input that the format can hold; None for all.
    max_inputs : int or None
        How many named inputs an object of this format can have; None for any number.
    states_pixel_scale : bool
        Whether files of this format can say how large their pixels are on the sky.
    """

    name: ClassVar[str]
    is_slow: ClassVar[bool] = False
    kinds: ClassVar[frozenset[str] | None] = None
    max_inputs: ClassVar[int | None] = None
    states_pixel_scale: ClassVar[bool] = False

    def __init__(self, request: Request):
        self.request = request

    @abstractmethod
    def items(self, files: Sequence[Path]) -> Listing:
        """List the objects in files; a broken file is an item with a problem."""

    @abstractmethod
    def read(self, item: Item) -> Raw:
        """Read one item; may be called from several threads.

        Raises
        ------
        InputError
            The data are not what the model needs; its ``flag`` goes into the table.
        Exception
            Anything else counts as an unreadable file.
        """

    def close(self) -> None:
        """Let go of files that are kept open between reads."""
