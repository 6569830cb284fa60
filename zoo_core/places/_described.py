"""What a server says about a file before it is fetched, and whether the file is that one.

The hub's client believes the server: it names files in its cache by what the server says,
and takes any commit for the one that was asked for. It is asked here first, briefly.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..cards import CARD_FILE, LARGEST_CARD
from ..errors import PlaceError

if TYPE_CHECKING:
    from ._reference import HubReference

#: Seconds that the server may take to describe a file.
PATIENCE = 5.0

_COMMIT = re.compile(r"[0-9a-f]{40}")

_SHA256 = re.compile(r"[0-9a-f]{64}")

#: The name that the file gets in the cache, so it must not be a path.
_ETAG = re.compile(r"[A-Za-z0-9_+=-][A-Za-z0-9_+=.-]{0,199}")


class Described(NamedTuple):
    """A file as its server describes it; ``name`` is what identifies its bytes there."""

    commit: str
    name: str


def describe_file(reference: HubReference, file: str, *, endpoint: str) -> Described:
    """Ask the server about a file, without trying again.

    Raises
    ------
    PlaceError
        It answers with another commit, a name that is no name, or a card too large to be one;
        or it sends the client to another server, where nothing could be checked.
    Exception
        Whatever the hub's client raises where the server does not answer or has no such file.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(reference.repository, file, revision=reference.revision, endpoint=endpoint)
    told = get_hf_file_metadata(url, timeout=PATIENCE, endpoint=endpoint)
    subject = f"{file} of {reference} cannot be fetched from {endpoint}: the server"
    commit, name = told.commit_hash or "", told.etag or ""
    if not commit or not name:
        raise PlaceError(
            f"{subject} does not say which commit and which file it has, so it is no Hub. "
            "It may be a login page or a proxy; check HF_ENDPOINT."
        )
    if not _COMMIT.fullmatch(commit) or not _ETAG.fullmatch(name):
        raise PlaceError(
            f"{subject} describes it by {commit!r} and {name!r}, which is no name."
        )
    check_commit(reference, commit)
    if file == CARD_FILE and told.size is not None and told.size > LARGEST_CARD:
        raise PlaceError(f"{subject} has {told.size} bytes for it; that is not a card.")
    is_hash = _COMMIT.fullmatch(name) or _SHA256.fullmatch(name)
    leads_away = urlsplit(told.location).netloc != urlsplit(url).netloc
    if file == CARD_FILE and leads_away and not is_hash:
        raise PlaceError(
            f"{subject} leads to {told.location} and names no hash to check it by."
        )
    return Described(commit, name)


def check_commit(reference: HubReference, commit: str) -> None:
    """Raise ``PlaceError`` where a commit was asked for and another one came."""
    if reference.is_pinned and commit != reference.revision:
        raise PlaceError(
            f"the server has commit {commit} where {reference} was asked for; it was not used."
        )


def is_described(data: bytes, name: str) -> bool:
    """Whether bytes are those that a server named, where the name is a hash.

    Large files are named by their SHA-256, others as git names them.
    """
    if _SHA256.fullmatch(name):
        return hashlib.sha256(data).hexdigest() == name
    if _COMMIT.fullmatch(name):
        content = b"blob %d\0" % len(data) + data
        return hashlib.sha1(content, usedforsecurity=False).hexdigest() == name
    return True
