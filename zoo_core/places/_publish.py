"""Publishing a model folder: to the Hub, or to a folder that a mirror serves."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cards import CARD_FILE, readme
from ..errors import UsageError
from ._folder import check_folder, list_files, publish_to_folder
from ._reference import HubReference, parse_hub_reference, split_scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..registry import ModelFolder

_README = "README.md"

#: A leftover that is not hidden and that nobody means to publish.
_LEFTOVER = "Thumbs.db"


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


def list_outgoing(found: ModelFolder, target: str = "") -> list[Outgoing]:
    """All files of a model folder; the README is the one that follows from the card.

    Hidden files are not among them, since they may hold what is nobody's business. A card
    that leaves the hash of its weights open is published with it.

    Parameters
    ----------
    found : ModelFolder
        What is published.
    target : str
        Where to, as ``publish`` takes it; the README then says how to load it from there.

    Raises
    ------
    WeightsCorrupt
        Weights or golden file are not those of the card.
    UsageError
        The folder or its weights lie in another place, or it holds a link; or the target is
        no such name.
    """
    if found.is_remote:
        raise UsageError(f"{found.full_name} is published already; publish a folder of yours.")
    weights = found.card.weights
    if weights.sources and not found.is_embedded:
        raise UsageError(
            f"the weights of {found.full_name} are published already, at "
            f"{', '.join(weights.sources)}; to publish them once more, put "
            f"{weights.ref.file} into the folder."
        )
    pinned = found.pinned()
    for ref in pinned.card.files:
        pinned.read(ref)
    described = readme(pinned.card, reference=_reference_there(target)).encode()
    outgoing = [Outgoing(_README, len(described), found.folder / _README, described)]
    for root, folders, files in os.walk(found.folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            relative = path.relative_to(found.folder).as_posix()
            if name.startswith(".") or name == _LEFTOVER or relative == _README:
                continue
            if path.is_symlink():
                raise UsageError(f"{path} is a link; put the file itself there.")
            content = None
            if relative == CARD_FILE and pinned is not found:
                content = _card_with_hash(pinned)
            size = path.stat().st_size if content is None else len(content)
            outgoing.append(Outgoing(relative, size, path, content))
    return outgoing


def _card_with_hash(pinned: ModelFolder) -> bytes:
    """The card's file with the hash and size of the weights filled in."""
    made = pinned.card_as_json()
    ref = pinned.card.weights.ref
    made["weights"] = {**made["weights"], "sha256": ref.sha256, "size": ref.size}
    return (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode()


def _reference_there(target: str) -> str:
    """How a published model is loaded; empty where the target does not say.

    Of a mirror's folder the last two names are organisation and name. A branch is left out: it
    may become another one's.
    """
    if not target:
        return ""
    place = _parse_target(target)
    if isinstance(place, HubReference):
        return f"hf://{place.repository}"
    try:
        parse_hub_reference(f"{place.parent.name}/{place.name}")
    except UsageError:
        return ""
    return f"hf://{place.parent.name}/{place.name}"


def publish(
    found: ModelFolder,
    target: str,
    *,
    private: bool = False,
    message: str = "",
    dry_run: bool = False,
) -> str:
    """Publish a model folder and say under which name it can be loaded.

    What was published there before is replaced: a file that the folder does not have is gone
    from the place too (``list_removed`` tells which). Hidden files of the place stay. On the
    Hub that is one commit, and the commits before it stay.

    Parameters
    ----------
    found : ModelFolder
        What is published.
    target : str
        ``hf://org/name`` or ``hf://org/name@branch``, or the path of a folder that
        ``zoo mirror serve`` serves, with organisation and name: ``/mirror/org/name``.
    private : bool
        Make a new repository of the Hub private.
    message : str
        Of the commit; name and version by default.
    dry_run : bool
        Check what can be checked here, and neither send nor write anything.

    Returns
    -------
    str
        A reference with the commit, or the absolute path; empty after a dry run.

    Raises
    ------
    UsageError
        The target is no such name, a commit, or the published folder itself.
    PlaceError
        The Hub cannot be reached, does not allow it, or holds another model there.
    OutputError
        The folder cannot be written, or holds another model.
    """
    place = _parse_target(target)
    outgoing = list_outgoing(found, target)
    if isinstance(place, Path):
        _check_apart(found.folder, place)
        if dry_run:
            check_folder(place.resolve(), found.card.name)
            return ""
        publish_to_folder(place, found.card.name, outgoing)
        return str(place.absolute())
    if dry_run:
        return ""
    from ._upload import upload

    told = message.strip() or f"{found.card.name} {found.card.version}"
    commit = upload(place, found.card.name, outgoing, private=private, message=told)
    return str(HubReference(place.repository, commit))


def list_removed(target: str, outgoing: Iterable[Outgoing]) -> list[str] | None:
    """Names of the files that publishing to a target would remove from it.

    None where that cannot be found out: the Hub cannot be reached, or there is no token.

    Raises
    ------
    UsageError
        The target is no such name, or a commit.
    """
    place = _parse_target(target)
    if isinstance(place, Path):
        there = list_files(place.resolve())
    else:
        from ._upload import list_published

        published = list_published(place)
        if published is None:
            return None
        there = published
    return sorted(set(there) - {one.name for one in outgoing})


def _parse_target(target: str) -> Path | HubReference:
    scheme = split_scheme(target)
    if scheme is None:
        return Path(target).expanduser()
    if scheme[0] != "hf":
        raise UsageError(f"a model is published to hf://org/name or a folder, not {target!r}.")
    reference = parse_hub_reference(scheme[1])
    if reference.is_pinned:
        raise UsageError("a commit cannot be published to; name a branch, or none.")
    return reference


def _check_apart(source: Path, target: Path) -> None:
    """Raise where a folder would be published onto itself or into itself."""
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"{target} is the folder that is to be published; choose another.")
