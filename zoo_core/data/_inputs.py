"""All that is to be predicted, listed up front and read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self, overload

from ..errors import InputError, UsageError
from ._checks import check_array
from ._listing import list_files, stem_of, suffix_of
from ._reader import Item, Listing, Problem, Raw, Reader, Request
from ._readers import readers_for
from ._sample import Sample
from ._text import counted

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec

#: What to do with data that are longer along an axis than the model takes, or of other pixels.
FITS = ("exact", "crop", "resample")


class Inputs(Sequence[Sample]):
    """Samples by position, read when asked for; made by ``open_inputs``.

    Reading never raises for what is wrong with an object: it becomes a flagged sample. The
    object can be used from several threads, and sent to other processes. As a context
    manager it closes the files that it kept open.

    Attributes
    ----------
    notes : tuple of str
        Facts about the listing that the user should know.
    notes_of_listing : tuple of str
        Those of them that are not about ids.
    """

    def __init__(
        self,
        items: Sequence[tuple[Item, Reader | None]],
        specs: tuple[InputSpec, ...],
        *,
        fit: str = "exact",
        notes: tuple[str, ...] = (),
        ids_may_repeat: bool = False,
        names: Mapping[str, str] | None = None,
    ):
        self._items = tuple(items)
        self._specs = specs
        self._fit = fit
        self._names = dict(names or {})
        self.notes_of_listing = notes
        self._ids_may_repeat = ids_may_repeat
        self._first: dict[str, int] = {}
        for index, (item, _) in enumerate(self._items):
            self._first.setdefault(item.id, index)
        repeated = len(self._items) - len(self._first)
        self.notes = notes
        if repeated and not ids_may_repeat:
            self.notes += (f"{counted(repeated, 'row')} with the id of an earlier one",)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Sample]:
        for index in range(len(self)):
            yield self[index]

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        item, reader = self._items[index]
        source = item.source
        problems: list[Problem] = []
        arrays: dict[str, np.ndarray] = {}
        if item.problem is not None or reader is None:
            problems.append(item.problem or Problem("unreadable", "there is no reader"))
        else:
            try:
                raw = reader.read(item)
                source = raw.source or source
                problems += raw.warnings
                arrays, warnings = self._check(raw)
                problems += warnings
            # What makes it unusable is told first, for it gives the row its flag.
            except InputError as error:
                problems.insert(0, Problem(error.flag, str(error)))
            except OSError as error:
                problems.insert(0, Problem("unreadable", error.strerror or str(error)))
            except Exception as error:  # noqa: BLE001 - one bad file must not end the run
                problems.insert(0, Problem("unreadable", f"{type(error).__name__}: {error}"))
        first = self._first[item.id]
        if first != index and not self._ids_may_repeat:
            problems.append(self._duplicate(item.id, first))
        flag = problems[0].flag if problems else ""
        reason = "; ".join(_one_line(problem.reason) for problem in problems)
        return Sample(item.id, source, arrays, flag, reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each sample, known without reading."""
        return tuple(item.id for item, _ in self._items)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where each sample comes from, known without reading."""
        return tuple(item.source for item, _ in self._items)

    @property
    def files(self) -> tuple[tuple[Path, ...], ...]:
        """The files that each sample is read from; empty for arrays in memory."""
        return tuple(item.files for item, _ in self._items)

    @property
    def starts(self) -> tuple[int | None, ...]:
        """First sample of each window of a series; None for what is no window."""
        return tuple(item.start for item, _ in self._items)

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        """What listing found wrong with each sample, which then cannot be read."""
        return tuple(item.problem for item, _ in self._items)

    @property
    def slow(self) -> int:
        """How many of them take long to read; see ``Reader.is_slow``."""
        return sum(reader is not None and reader.is_slow for _, reader in self._items)

    def select(self, indices: Iterable[int], *, ids_may_repeat: bool = False) -> Inputs:
        """The samples at these positions, in this order, by the same readers.

        Parameters
        ----------
        indices : iterable of int
            Positions from 0; each may come more than once.
        ids_may_repeat : bool
            Whether an id that came before is nothing to tell about.
        """
        return self._with(
            [self._items[index] for index in indices],
            names=self._names,
            ids_may_repeat=ids_may_repeat,
        )

    def joined(self, other: Inputs) -> Inputs:
        """These samples and then those of ``other``, which is for the same model.

        Ids that come more than once are nothing to tell about.

        Raises
        ------
        UsageError
            The arrays of an object have other names in the one than in the other.
        """
        if (self._specs, self._names) != (other._specs, other._names):
            mine, others = (
                ", ".join(spec.name for spec in specs) for specs in (self._specs, other._specs)
            )
            raise UsageError(
                f"objects stand under {mine!r} in the one and under {others!r} in the other: "
                "give both the same kind of file, with the same names of arrays."
            )
        both = self._with(
            [*self._items, *other._items],
            names=self._names,
            ids_may_repeat=True,
        )
        both.notes_of_listing += other.notes_of_listing
        both.notes = both.notes_of_listing
        return both

    def renamed(self, names: Mapping[str, str]) -> Inputs:
        """The same samples, with the arrays ``names`` under the names that it gives them."""
        return self._with(self._items, names=names, ids_may_repeat=self._ids_may_repeat)

    def close(self) -> None:
        """Close files that are kept open; reading goes on to work and opens them again."""
        for reader in {id(reader): reader for _, reader in self._items}.values():
            if reader is not None:
                reader.close()

    def _with(
        self,
        items: Sequence[tuple[Item, Reader | None]],
        *,
        names: Mapping[str, str],
        ids_may_repeat: bool,
    ) -> Inputs:
        return Inputs(
            items,
            self._specs,
            fit=self._fit,
            notes=self.notes_of_listing,
            ids_may_repeat=ids_may_repeat,
            names=names,
        )

    def _check(self, raw: Raw) -> tuple[dict[str, np.ndarray], list[Problem]]:
        arrays: dict[str, np.ndarray] = {}
        warnings: list[Problem] = []
        for spec in self._specs:
            checked = check_array(raw.arrays[spec.name], spec, fit=self._fit)
            arrays[self._names.get(spec.name, spec.name)] = checked.array
            warnings += checked.warnings
        return arrays, warnings

    def _duplicate(self, identity: str, first: int) -> Problem:
        source = self._items[first][0].source
        return Problem("duplicate-id", f"the id {identity!r} is that of {source} too")


def open_inputs(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    specs: tuple[InputSpec, ...],
    *,
    fit: str = "exact",
    accept_bands: Iterable[str] = (),
    id_key: str = "id",
    readers: Mapping[str, type[Reader]] | None = None,
) -> Inputs:
    """List everything that is to be read, before any work.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (with their subfolders) and patterns.
    specs : tuple of InputSpec
        What the model takes.
    fit : str
        ``exact``: data of another size are flagged; ``crop``: larger ones are cut to their
        middle; ``resample``: so they are, after images whose header states another pixel scale
        than the model's have been brought to it.
    accept_bands : iterable of str
        Bands that a model with one band may be given in place of its own, such as ``r``.
    id_key : str
        Name of the array of ids in npz and HDF5 files.
    readers : mapping of str to type of Reader, optional
        Readers by suffix; by default those for the kind of the inputs.

    Raises
    ------
    UsageError
        No path, an unknown ``fit``, bands to accept for a model with several, ``resample``
        for a model whose card states no pixel scale.
    InputError
        A path that does not exist, a folder without anything to read, files of a format
        that cannot hold what the model takes.

    Examples
    --------
    >>> from zoo_core.cards import Band, InputSpec
    >>> spec = InputSpec(name="image", kind="image", bands=(Band(name="g"),), size=(9, 9))
    >>> open_inputs("/no/such/file.fits", (spec,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zoo_core.errors.InputError: /no/such/file.fits does not exist (...).
    """
    request = _request(specs, fit, accept_bands, id_key)
    readers = readers_for(specs) if readers is None else readers
    files, notes = list_files(paths, readers)
    groups: dict[type[Reader], list[Path]] = {}
    found: list[tuple[Item, Reader | None]] = []
    for file in files:
        suffix = suffix_of(file, readers)
        if suffix is None:
            found.append((_unknown(file, readers), None))
        else:
            groups.setdefault(readers[suffix], []).append(file)
    if files and not groups:
        raise InputError(
            f"{files[0]} is of no format that can be read. Known suffixes: "
            f"{', '.join(sorted(readers))}."
        )
    for kind, members in groups.items():
        _check_format(kind, members[0], specs)
        reader = kind(request)
        listing: Listing = reader.items(members)
        found += [(item, reader) for item in listing.items]
        notes += listing.notes
        if request.resample and not kind.states_pixel_scale:
            told = counted(len(members), "file")
            notes += (f"{told} of a format without a pixel scale, taken to have the model's",)
    order = {file: position for position, file in enumerate(files)}
    found.sort(key=lambda pair: order[pair[0].files[0]])
    return Inputs(found, specs, fit=fit, notes=notes)


def _request(
    specs: tuple[InputSpec, ...], fit: str, accept_bands: Iterable[str], id_key: str
) -> Request:
    if fit not in FITS:
        raise UsageError(f"fit must be one of {', '.join(FITS)}, is {fit!r}.")
    if fit == "resample" and all(spec.pixel_scale_arcsec is None for spec in specs):
        raise UsageError(
            "fit='resample': the model's card states no pixel scale to bring images to."
        )
    accepted = (accept_bands,) if isinstance(accept_bands, str) else tuple(accept_bands)
    if accepted and (len(specs) > 1 or len(specs[0].bands) > 1):
        bands = " ".join(band.name for spec in specs for band in spec.bands)
        raise UsageError(
            f"another band ({', '.join(accepted)}) can be accepted only by a model with one "
            f"band; this one takes {bands}."
        )
    return Request(
        specs=specs, accept_bands=accepted, id_key=id_key, resample=fit == "resample"
    )


def _check_format(reader: type[Reader], file: Path, specs: tuple[InputSpec, ...]) -> None:
    """Refuse a format that cannot hold what the model takes, whatever the file."""
    told = ", ".join(f"{spec.name!r} ({spec.kind})" for spec in specs)
    kinds = {spec.kind for spec in specs}
    enough = reader.max_inputs is None or len(specs) <= reader.max_inputs
    if enough and (reader.kinds is None or kinds <= reader.kinds):
        return
    raise InputError(
        f"{file}: the model takes {told}, which the {reader.name} reader cannot give. Put one "
        "array for each input, under its name, into an npz or HDF5 file.",
        flag="wrong-format",
    )


def _unknown(file: Path, readers: Mapping[str, type[Reader]]) -> Item:
    reason = f"no reader for {file.name!r}; known suffixes: {', '.join(sorted(readers))}"
    return Item(
        id=stem_of(file, readers),
        source=str(file),
        files=(file,),
        problem=Problem("unreadable", reason),
    )


def _one_line(reason: str) -> str:
    """A reason as a table can hold it: one line of bounded length, no full stop."""
    text = " ".join(reason.split()).rstrip(".")
    return text if len(text) <= 400 else text[:397] + "..."
