"""Publishing a model folder: to the Hub, or to a folder that a mirror serves."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import OutputError, PlaceError, UsageError
from ..cards import CARD_FILE, read_card, readme
from ._network import is_offline_by_choice, why_unreachable
from ._reference import parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from ..registry import ModelFolder

_README = "README.md"

#: Leftovers of editors and systems, which nobody means to publish.
_IGNORED = frozenset({".DS_Store", "Thumbs.db"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file that is to be published; ``content`` where it is not the one on disk."""

    name: str
    size: int
    path: Path
    content: bytes | None = None

    def read(self) -> bytes:
        """What is published."""
        return self.path.read_bytes() if self.content is None else self.content


def list_outgoing(found: ModelFolder) -> list[Outgoing]:
    """All files of a model folder; the README is the one that follows from the card.

    Raises
    ------
    WeightsCorrupt
        Weights or golden file are not those of the card.
    UsageError
        The folder lies in another place, or holds a link.
    """
    if found.fetch is not None:
        raise UsageError(f"{found.full_name} is published already; publish a folder of yours.")
    for ref in (found.card.weights.ref, found.card.golden.ref):
        found.read(ref)
    described = readme(found.card).encode()
    outgoing = [Outgoing(_README, len(described), found.folder / _README, described)]
    for root, folders, files in os.walk(found.folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            relative = path.relative_to(found.folder).as_posix()
            if name in _IGNORED or relative == _README:
                continue
            if path.is_symlink():
                raise UsageError(f"{path} is a link; put the file itself there.")
            outgoing.append(Outgoing(relative, path.stat().st_size, path))
    return outgoing


def publish(
    found: ModelFolder, target: str, *, private: bool = False, message: str = ""
) -> str:
    """Publish a model folder and say under which name it can be loaded.

    Parameters
    ----------
    found : ModelFolder
        What is published.
    target : str
        ``hf://org/name``, or the path of a folder that ``zoo mirror serve`` serves, with
        organisation and name: ``/mirror/org/name``.
    private : bool
        Make a new repository of the Hub private.
    message : str
        Of the commit; name and version by default.

    Returns
    -------
    str
        A reference with the commit, or the path.

    Raises
    ------
    PlaceError
        The Hub cannot be reached, or does not allow it.
    OutputError
        The folder cannot be written, or holds another model.
    """
    outgoing = list_outgoing(found)
    scheme = split_scheme(target)
    if scheme is None:
        return _publish_to_folder(found, Path(target).expanduser(), outgoing)
    if scheme[0] != "hf":
        raise UsageError(f"a model is published to hf://org/name or a folder, not {target!r}.")
    told = message or f"{found.card.name} {found.card.version}"
    return _publish_to_hub(scheme[1], outgoing, private=private, message=told)


def _publish_to_folder(found: ModelFolder, folder: Path, outgoing: list[Outgoing]) -> str:
    """Copy beside the place and rename into it: who loads meanwhile gets old or new."""
    if (folder / CARD_FILE).is_file():
        there = read_card(folder).name
        if there != found.card.name:
            raise OutputError(f"{folder} holds the model {there!r}; choose another folder.")
    elif folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} holds other things; choose another folder.")
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        for one in outgoing:
            place = fresh / one.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(one.read())
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}).") from error
    return str(folder)


def _publish_to_hub(rest: str, outgoing: list[Outgoing], *, private: bool, message: str) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    reference = parse_hub_reference(rest)
    if "@" in rest and reference.is_pinned:
        raise UsageError("a commit cannot be published to; name a branch, or none.")
    if constants.HF_HUB_OFFLINE or is_offline_by_choice():
        raise PlaceError("HF_HUB_OFFLINE is set; nothing was published.")
    problem = why_unreachable(constants.ENDPOINT)
    if problem:
        raise PlaceError(f"the Hub cannot be reached ({problem}); nothing was published.")
    api = HfApi(endpoint=constants.ENDPOINT, library_name="astrozoo")
    operations = [
        CommitOperationAdd(
            path_in_repo=one.name,
            path_or_fileobj=one.path if one.content is None else one.content,
        )
        for one in outgoing
    ]
    try:
        api.create_repo(reference.repository, private=private, exist_ok=True)
        commit = api.create_commit(
            reference.repository,
            operations,
            commit_message=message,
            revision=reference.revision,
        )
    except (HfHubHTTPError, LocalTokenNotFoundError) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise PlaceError(
            f"{reference} could not be published to {constants.ENDPOINT}: {told[0]}. A token "
            "that may write is needed: 'hf auth login', or HF_TOKEN."
        ) from error
    return f"hf://{reference.repository}@{commit.oid}"
