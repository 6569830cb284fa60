"""Weights that lie elsewhere than their card: the ordered sources that the card names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from ..cards import FileRef
from ..errors import CardError, PlaceError
from ._lock import LockFile, file_key, user_lock_file
from ._reference import HubReference, parse_hub_reference, split_scheme
from ._safetensors import why_no_safetensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")


class Fetched(NamedTuple):
    """A file that was fetched, and the commit that it is of."""

    path: Path
    data: bytes

    @property
    def commit(self) -> str:
        """In the hub's cache it is the name of the folder."""
        return self.path.parent.name

    def facts(self) -> dict[str, str]:
        """What is recorded of it."""
        sha256 = hashlib.sha256(self.data).hexdigest()
        return {"commit": self.commit, "sha256": sha256, "size": str(len(self.data))}


class Recorded(NamedTuple):
    """The bytes of a file as they were recorded, and the repository at their commit."""

    data: bytes
    pinned: HubReference


def fetch_from_sources(
    sources: Sequence[str],
    file: str,
    *,
    model: str = "",
    again: bool = False,
    lock: LockFile | None = None,
) -> Path:
    """Fetch a file of known hash from the first source that gives it; the caller verifies it.

    A server that does not know the revision of a source, as a mirror may not, is asked for
    its branch ``main`` after all sources have failed: the hash tells whether that is the file.

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
    from ._hub import fetch_file

    lock = lock or user_lock_file()
    unknown: list[HubReference] = []

    def fetch(reference: HubReference) -> Path:
        pinned = _at_recorded(lock, reference, file)
        try:
            return fetch_file(pinned, file, model=model, again=again)
        except PlaceError as error:
            if not _is_unknown_revision(error):
                raise
            if pinned == reference:
                unknown.append(reference)
                raise
        # The server does not know the recorded commit: what it has instead is compared.
        return _record(lock, reference, file, model=model, newest=True).path

    def fetch_main(reference: HubReference) -> Path:
        main = HubReference(reference.repository, "main")
        return fetch_file(main, file, model=model, again=again)

    try:
        return _first(sources, fetch)
    except PlaceError:
        for reference in unknown:
            try:
                return fetch_main(reference)
            except PlaceError:
                # What was wrong with the revision that was asked for says more.
                continue
        raise


def cached_from_sources(
    sources: Sequence[str], file: str, *, lock: LockFile | None = None
) -> Path | None:
    """What ``fetch_from_sources`` would take from the cache; None if it is not there."""
    from ._hub import cached_file

    lock = lock or user_lock_file()
    for reference in map(_parse, sources):
        found = cached_file(_at_recorded(lock, reference, file), file)
        if found is not None:
            return found
    return None


def recorded_file(
    sources: Sequence[str],
    file: str,
    *,
    model: str = "",
    accept: bool = False,
    lock: LockFile | None = None,
) -> FileRef:
    """Hash and size of a file that no card knows, as they were at its first load.

    The first load fetches the file, checks that it is the one that the server describes and
    has the form that its name says, and records source, commit, hash and size. All sources
    of a card stand for one file: another one than was recorded, from whichever of them, is
    an error. Files of one branch that are recorded one after the other are of one commit.

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
    if not accept:
        known = find_recorded(sources, file, lock=lock)
        if known is not None:
            return known

    def fetch(reference: HubReference) -> FileRef:
        fetched = _record(lock, reference, file, model=model, newest=accept, accept=accept)
        facts = fetched.facts()
        return FileRef(file=file, sha256=facts["sha256"], size=len(fetched.data))

    known = _first(sources, fetch)
    forget_others(sources, known, lock=lock)
    return known


def find_recorded(
    sources: Sequence[str], file: str, *, lock: LockFile | None = None
) -> FileRef | None:
    """What is recorded of a file of one of the sources; None if nothing is.

    Raises
    ------
    CardError
        A source is written in a way that is not known.
    """
    lock = lock or user_lock_file()
    for reference in map(_parse, sources):
        facts = _recorded(lock, reference, file)
        if facts is not None:
            return FileRef(file=file, sha256=facts["sha256"], size=int(facts["size"]))
    return None


def forget_others(
    sources: Sequence[str], known: FileRef, *, lock: LockFile | None = None
) -> None:
    """Remove what is recorded of a file of the sources and is not this one."""
    lock = lock or user_lock_file()
    others = [
        file_key(known.file, reference)
        for reference in map(_parse, sources)
        if (facts := _recorded(lock, reference, known.file)) is not None
        and facts["sha256"] != known.sha256
    ]
    if others:
        lock.forget(*others)


def read_recorded(source: str, file: str, *, model: str = "", accept: bool = False) -> Recorded:
    """A file that no card knows, as it was at its first load, and the commit that it is of.

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
        data = read_verified(path.parent, ref)
    except WeightsCorrupt:
        path = fetch_from_sources([source], file, model=model, again=True)
        try:
            data = read_verified(path.parent, ref)
        except WeightsCorrupt as error:
            raise WeightsCorrupt(f"{error}\n{how_to_accept(model or source)}") from error
    return Recorded(data, HubReference(_parse(source).repository, path.parent.name))


def how_to_accept(model: str) -> str:
    """What to do where a file is not the one that was recorded, as a sentence."""
    return (
        "That hash was recorded at the first load. If another file is meant, "
        f"'zoo pull {model} --accept' takes what the source has now."
    )


def _record(
    lock: LockFile,
    reference: HubReference,
    file: str,
    *,
    model: str,
    newest: bool,
    accept: bool = False,
) -> Fetched:
    """Fetch a file and record it, or compare it with what is recorded.

    The first file of a branch is of its newest commit, and those after it are of the same.
    """
    others = {} if accept else _others(lock, reference, file)
    if newest or not others:
        fetched = _fetch_whole(reference, file, model=model, newest=newest)
    else:
        other = next(iter(others))
        fetched = _fetch_beside(lock, reference, file, other, others[other], model=model)
    key = file_key(file, reference)
    lock.check(key, fetched.facts(), accept=accept, model=model)
    if accept:
        # They are recorded anew, at this commit, when they are next used.
        stale = [
            file_key(other, reference)
            for other, commit in _others(lock, reference, file).items()
            if commit != fetched.commit
        ]
        if stale:
            lock.forget(*stale)
    return fetched


def _fetch_beside(
    lock: LockFile, reference: HubReference, file: str, other: str, commit: str, *, model: str
) -> Fetched:
    """A file at the commit that is recorded for another file of the same branch."""
    try:
        pinned = HubReference(reference.repository, commit)
        return _fetch_whole(pinned, file, model=model, newest=False)
    except PlaceError as error:
        if not _is_unknown_revision(error):
            raise
    # The branch may have moved without a change to the other file: then its new commit holds.
    moved = _record(lock, reference, other, model=model, newest=True)
    pinned = HubReference(reference.repository, moved.commit)
    return _fetch_whole(pinned, file, model=model, newest=False)


def _others(lock: LockFile, reference: HubReference, file: str) -> dict[str, str]:
    """Other recorded files of a branch with their commits."""
    if reference.is_pinned:
        return {}
    end = file_key("", reference)
    return {
        key.removesuffix(end): facts["commit"]
        for key, facts in lock.entries().items()
        if key.endswith(end) and key != file_key(file, reference) and _is_whole(facts)
    }


def _fetch_whole(reference: HubReference, file: str, *, model: str, newest: bool) -> Fetched:
    """A file that is what its server describes and what its name says.

    What is in the cache may be neither, so it is fetched once more.
    """
    fetched = _fetch_described(reference, file, model=model, newest=newest)
    problem = _why_unusable(file, fetched)
    if problem and not newest:
        fetched = _fetch_described(reference, file, model=model, newest=True)
        problem = _why_unusable(file, fetched)
    if problem:
        raise PlaceError(
            f"{file} of {reference} is no safetensors file ({problem}), so it can never be "
            "loaded; nothing was recorded. A pickle under this name is refused too: ask the "
            "owner of the repository for safetensors."
        )
    return fetched


def _why_unusable(file: str, fetched: Fetched) -> str:
    return why_no_safetensors(fetched.data) if file.endswith(".safetensors") else ""


def _fetch_described(
    reference: HubReference, file: str, *, model: str, newest: bool
) -> Fetched:
    """A file; fetched once more where it is not what the server named."""
    from ._described import is_described
    from ._hub import fetch_file

    path = fetch_file(reference, file, model=model, newest=newest)
    for _ in range(2):
        data = path.read_bytes()
        # In the hub's cache the link leads to a file named by what identifies the bytes.
        if not path.is_symlink() or is_described(data, path.resolve().name):
            return Fetched(path, data)
        path = fetch_file(reference, file, model=model, again=True)
    raise PlaceError(
        f"{file} of {reference} did not arrive as its server describes it (its hash is "
        "another). It was not used; try again."
    )


def _recorded(lock: LockFile, reference: HubReference, file: str) -> dict[str, str] | None:
    facts = lock.get(file_key(file, reference))
    return facts if facts is not None and _is_whole(facts) else None


def _at_recorded(lock: LockFile, reference: HubReference, file: str) -> HubReference:
    """The repository at the commit that is recorded for a file, or as it was asked for."""
    facts = _recorded(lock, reference, file)
    return HubReference(reference.repository, facts["commit"]) if facts else reference


def _is_whole(facts: dict[str, str]) -> bool:
    return {"commit", "sha256", "size"} <= set(facts)


def _is_unknown_revision(error: PlaceError) -> bool:
    from huggingface_hub.errors import RevisionNotFoundError

    return isinstance(error.__cause__, RevisionNotFoundError)


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
