"""Publishing a model folder: to the Hub, or to a folder that a mirror serves."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cards import CARD_FILE, read_card, readme
from ..errors import OutputError, UsageError
from ._reference import HubReference, parse_hub_reference, split_scheme

if TYPE_CHECKING:
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


def list_outgoing(found: ModelFolder) -> list[Outgoing]:
    """All files of a model folder; the README is the one that follows from the card.

    Hidden files are not among them, since they may hold what is nobody's business.

    Raises
    ------
    WeightsCorrupt
        Weights or golden file are not those of the card.
    UsageError
        The folder or its weights lie in another place, or it holds a link.
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
    for ref in found.card.files:
        found.read(ref)
    described = readme(found.card).encode()
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
            outgoing.append(Outgoing(relative, path.stat().st_size, path))
    return outgoing


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
    from the place too. On the Hub that is one commit, and the commits before it stay.

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
        A reference with the commit, or the path; empty after a dry run.

    Raises
    ------
    UsageError
        The target is no such name, or a commit.
    PlaceError
        The Hub cannot be reached, does not allow it, or holds another model there.
    OutputError
        The folder cannot be written, or holds another model.
    """
    place = _parse_target(target)
    outgoing = list_outgoing(found)
    if isinstance(place, Path):
        _check_folder(place, found.card.name)
        return "" if dry_run else _publish_to_folder(place, outgoing)
    if dry_run:
        return ""
    from ._upload import upload

    told = message.strip() or f"{found.card.name} {found.card.version}"
    commit = upload(place, found.card.name, outgoing, private=private, message=told)
    return str(HubReference(place.repository, commit))


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


def _check_folder(folder: Path, model: str) -> None:
    """Raise where a folder holds anything but the model of that name."""
    if (folder / CARD_FILE).is_file():
        there = read_card(folder).name
        if there != model:
            raise OutputError(f"{folder} holds the model {there!r}; choose another folder.")
    elif folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} holds other things; choose another folder.")


def _publish_to_folder(folder: Path, outgoing: list[Outgoing]) -> str:
    """Copy beside the place and rename into it: who loads meanwhile gets old or new."""
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
