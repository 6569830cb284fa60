"""Weights that lie elsewhere than their card: the ordered sources that the card names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..cards import FileRef
from ..errors import CardError, PlaceError
from ._lock import LockFile, user_lock_file
from ._reference import HubReference, parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")


def fetch_from_sources(
    sources: Sequence[str],
    file: str,
    *,
    model: str = "",
    again: bool = False,
    lock: LockFile | None = None,
) -> Path:
    """Fetch a file from the first source that gives it; the caller verifies it.

    Parameters
    ----------
    sources : sequence of str
        ``hf://org/name`` or ``hf://org/name@revision``, in order. Where a commit of one is
        recorded, that commit is fetched.
    file : str
        Name of the file in each of them.
    model : str
        What the user calls the model, for errors.
    again : bool
        Fetch it although it is in the cache: it was found damaged.
    lock : LockFile, optional
        The record; the user's by default.

    Raises
    ------
    PlaceError
        No source gave it; says of each why.
    CardError
        A source is written in a way that is not known.
    """
    from huggingface_hub.errors import RevisionNotFoundError

    from ._hub import fetch_file

    lock = lock or user_lock_file()

    def fetch(reference: HubReference) -> Path:
        recorded = _recorded(lock, reference, file)
        if recorded is None:
            return fetch_file(reference, file, model=model, again=again)
        pinned = HubReference(reference.repository, recorded["commit"])
        try:
            return fetch_file(pinned, file, model=model, again=again)
        except PlaceError as error:
            if not isinstance(error.__cause__, RevisionNotFoundError):
                raise
        # The server does not know the recorded commit: what it has instead is compared.
        path, data = _fetch_described(reference, file, model=model, newest=True)
        lock.check(_key(reference, file), _facts(path, data), model=model)
        return path

    return _first(sources, fetch)


def recorded_file(
    sources: Sequence[str],
    file: str,
    *,
    model: str = "",
    accept: bool = False,
    lock: LockFile | None = None,
) -> FileRef:
    """Hash and size of a file that no card knows, as they were at its first load.

    The first load fetches the file, checks that it is the one that the server describes,
    and records source, commit, hash and size. All sources of a card stand for one file:
    another one than was recorded, from whichever of them, is an error.

    Parameters
    ----------
    sources, file, model, lock
        As for ``fetch_from_sources``.
    accept : bool
        Fetch what the sources have now and record it in place of what was.

    Raises
    ------
    PlaceError
        Nothing is recorded and no source gives the file; or, with ``accept``, no source
        can be reached.
    CardError
        A source is written in a way that is not known.
    """
    lock = lock or user_lock_file()
    references = [_parse(source) for source in sources]
    if not accept:
        for reference in references:
            facts = _recorded(lock, reference, file)
            if facts is not None:
                return FileRef(file=file, sha256=facts["sha256"], size=int(facts["size"]))

    def fetch(reference: HubReference) -> FileRef:
        path, data = _fetch_described(reference, file, model=model, newest=accept)
        facts = _facts(path, data)
        lock.check(_key(reference, file), facts, accept=accept, model=model)
        return FileRef(file=file, sha256=facts["sha256"], size=len(data))

    known = _first(sources, fetch)
    for reference in references:
        facts = _recorded(lock, reference, file)
        if facts is not None and facts["sha256"] != known.sha256:
            lock.forget(_key(reference, file))
    return known


def read_recorded(source: str, file: str, *, model: str = "", accept: bool = False) -> bytes:
    """A file that no card knows, as it was at its first load.

    Parameters
    ----------
    source, file, model, accept
        As for ``recorded_file``, with one source.

    Raises
    ------
    PlaceError
        As ``recorded_file``.
    WeightsCorrupt
        What the source has is not what was recorded.
    """
    from ..errors import WeightsCorrupt
    from ..weights import read_verified

    ref = recorded_file([source], file, model=model, accept=accept)
    path = fetch_from_sources([source], file, model=model)
    try:
        return read_verified(path.parent, ref)
    except WeightsCorrupt:
        path = fetch_from_sources([source], file, model=model, again=True)
        return read_verified(path.parent, ref)


def _fetch_described(
    reference: HubReference, file: str, *, model: str, newest: bool
) -> tuple[Path, bytes]:
    """A file and its bytes; fetched once more where they are not what the server named."""
    from ._described import is_described
    from ._hub import fetch_file

    path = fetch_file(reference, file, model=model, newest=newest)
    for _ in range(2):
        data = path.read_bytes()
        # In the hub's cache the link leads to a file named by what identifies the bytes.
        if not path.is_symlink() or is_described(data, path.resolve().name):
            return path, data
        path = fetch_file(reference, file, model=model, again=True)
    raise PlaceError(
        f"{file} of {reference} did not arrive as its server describes it (its hash is "
        "another). It was not used; try again."
    )


def _facts(path: Path, data: bytes) -> dict[str, str]:
    """What is recorded of a fetched file."""
    sha256 = hashlib.sha256(data).hexdigest()
    return {
        "commit": path.parent.name,
        "sha256": sha256,
        "size": str(len(data)),
    }


def _recorded(lock: LockFile, reference: HubReference, file: str) -> dict[str, str] | None:
    facts = lock.get(_key(reference, file))
    whole = facts is not None and {"commit", "sha256", "size"} <= set(facts)
    return facts if whole else None


def _key(reference: HubReference, file: str) -> str:
    """What a file of a source is called in the record; a model folder goes by its reference."""
    return f"{file} of {reference}"


def _parse(source: str) -> HubReference:
    scheme = split_scheme(source)
    if scheme is None or scheme[0] != "hf":
        raise CardError(f"the source {source!r} is not written hf://org/name@revision.")
    return parse_hub_reference(scheme[1])


def _first(sources: Sequence[str], fetch: Callable[[HubReference], T]) -> T:
    """What the first source gives that can be reached; else the reasons of all."""
    problems = []
    for source in sources:
        try:
            return fetch(_parse(source))
        except PlaceError as error:
            problems.append(str(error))
    raise PlaceError("\n".join(problems))
