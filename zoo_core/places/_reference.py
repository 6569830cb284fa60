"""Names of models that lie in a place: ``hf://org/name@revision``."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import UsageError

#: ``scheme://rest`` or ``scheme:rest``; a single letter is a Windows drive.
_SCHEME = re.compile(r"([a-z][a-z0-9+-]+):(?://)?(.+)")

#: What the Hub allows, and no dot at an end, so that no part can climb out of a folder.
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")

_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?")

_COMMIT = re.compile(r"[0-9a-f]{40}")


def split_scheme(name: str) -> tuple[str, str] | None:
    """Scheme and rest of a name that has one.

    >>> split_scheme("hf://org/name@main")
    ('hf', 'org/name@main')
    >>> split_scheme("embedded/resnet-lens") is None
    True
    """
    found = _SCHEME.fullmatch(name)
    return (found[1], found[2]) if found else None


class HubReference(NamedTuple):
    """A model repository of the Hub.

    Attributes
    ----------
    repository : str
        ``org/name``.
    revision : str
        A branch, a tag or a commit.
    """

    repository: str
    revision: str

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which always holds the same files."""
        return _COMMIT.fullmatch(self.revision) is not None

    def __str__(self) -> str:
        return f"hf://{self.repository}@{self.revision}"


def parse_hub_reference(text: str) -> HubReference:
    """Read ``org/name`` or ``org/name@revision``; without a revision it is ``main``.

    Raises
    ------
    UsageError
        The text is no such reference.
    """
    repository, at, revision = text.partition("@")
    parts = repository.split("/")
    revision = revision if at else "main"
    legal = len(parts) == 2 and all(_PART.fullmatch(part) for part in parts)
    climbs = ".." in text or "--" in repository
    if not legal or climbs or not _REVISION.fullmatch(revision):
        raise UsageError(
            f"a model on the Hub is written hf://ORGANISATION/NAME or "
            f"hf://ORGANISATION/NAME@REVISION, got 'hf://{text}'."
        )
    return HubReference(repository, revision)
