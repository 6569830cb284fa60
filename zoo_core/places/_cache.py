"""What the hub's cache holds, and removing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UnknownName, unknown_name
from ._lock import repository_of
from ._reference import HubReference, parse_hub_reference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ._lock import LockFile


@dataclass(frozen=True, slots=True)
class Cached:
    """One commit of a repository in the cache.

    Attributes
    ----------
    reference : HubReference
        Repository and commit.
    names : tuple of str
        Branches and tags that led to it.
    size : int
        Bytes; a file that two commits share counts for both.
    used : float
        When a file of the repository was last read, in seconds since 1970.
    is_recorded : bool
        Whether a reference of the user's record leads to it.
    folder : pathlib.Path
        Its files.
    """

    reference: HubReference
    names: tuple[str, ...]
    size: int
    used: float
    is_recorded: bool
    folder: Path


def list_cached(lock: LockFile) -> list[Cached]:
    """All model repositories of the hub's cache, by repository and age."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    recorded = {
        (repository_of(reference), facts.get("commit"))
        for reference, facts in lock.entries().items()
    }
    try:
        # By name: the client keeps what the constant was when it was imported.
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    found = [
        Cached(
            reference=HubReference(repository.repo_id, revision.commit_hash),
            names=tuple(sorted(revision.refs)),
            size=revision.size_on_disk,
            used=repository.last_accessed,
            is_recorded=(repository.repo_id, revision.commit_hash) in recorded,
            folder=revision.snapshot_path,
        )
        for repository in repositories
        if repository.repo_type == "model"
        for revision in repository.revisions
    ]
    return sorted(found, key=lambda one: (one.reference.repository, -one.used))


def choose_cached(cached: Iterable[Cached], names: Iterable[str]) -> list[Cached]:
    """Those that are meant by ``hf://org/name`` (all commits) or ``hf://org/name@revision``.

    Raises
    ------
    UnknownName
        Nothing of that name is in the cache.
    """
    everything = list(cached)
    chosen: list[Cached] = []
    for name in names:
        text = name.removeprefix("hf://")
        wanted = parse_hub_reference(text)
        matches = [
            one
            for one in everything
            if one.reference.repository == wanted.repository
            and ("@" not in text or wanted.revision in (one.reference.revision, *one.names))
        ]
        if not matches:
            raise _not_cached(name, everything)
        chosen += matches
    return list(dict.fromkeys(chosen))


def remove_cached(chosen: Iterable[Cached]) -> int:
    """Remove commits from the cache; the bytes that this made free."""
    from huggingface_hub import constants, scan_cache_dir

    commits = [one.reference.revision for one in chosen]
    if not commits:
        return 0
    strategy = scan_cache_dir(constants.HF_HUB_CACHE).delete_revisions(*commits)
    strategy.execute()
    return int(strategy.expected_freed_size)


def _not_cached(name: str, everything: list[Cached]) -> UnknownName:
    known = [f"hf://{one.reference.repository}" for one in everything]
    return unknown_name("repository in the cache", name, known, "'zoo cache' shows all.")
