"""The Hugging Face Hub, and any server that speaks its protocol (``HF_ENDPOINT``)."""

from __future__ import annotations

import errno
import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from ..cards import CARD_FILE, LARGEST_CARD, parse_card, parse_json
from ..errors import CardError, PlaceError
from ..registry import ModelFolder
from ._described import PATIENCE, check_commit, describe_file, is_described
from ._lock import LockFile, user_lock_file
from ._network import is_offline_by_choice, why_unreachable
from ._place import Place
from ._reference import HubReference, parse_hub_reference

if TYPE_CHECKING:
    from ..cards import Card


class _ReadCard(NamedTuple):
    """A card, where it lies, and the SHA-256 of the bytes that it was parsed from."""

    path: Path
    card: Card
    sha256: str


class HubPlace(Place):
    """Model repositories, fetched by huggingface_hub into its own cache.

    ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HOME``, ``HF_HUB_CACHE`` and ``HF_HUB_OFFLINE`` mean
    what they mean to huggingface_hub. What is in the cache is used without any connection.

    Parameters
    ----------
    lock : LockFile, optional
        Where the commits of unpinned references are recorded; the user's by default.
    """

    scheme: ClassVar[str] = "hf"

    def __init__(self, lock: LockFile | None = None):
        self.lock = lock or user_lock_file()

    def find(self, rest: str, *, accept: bool = False) -> ModelFolder:
        """The repository's card, at the commit that was recorded or the newest one."""
        reference = parse_hub_reference(rest)
        recorded = None if accept or reference.is_pinned else self.lock.get(str(reference))
        path = self._find_card(reference, recorded, accept=accept)
        commit = path.parent.name
        pinned = HubReference(reference.repository, commit)
        read = _read_card(pinned, path, recorded)
        if not reference.is_pinned:
            weights = read.card.weights.ref.sha256
            facts = {"commit": commit, CARD_FILE: read.sha256, "weights": weights}
            self.lock.check(str(reference), facts, accept=accept)
        fetch = partial(fetch_file, pinned)
        return ModelFolder(str(pinned), read.path.parent, read.card, fetch=fetch)

    def _find_card(
        self, reference: HubReference, recorded: dict[str, str] | None, *, accept: bool
    ) -> Path:
        """Where the card lies in the cache, fetched if it was not there."""
        from huggingface_hub.errors import RevisionNotFoundError

        if recorded is None:
            return fetch_file(reference, CARD_FILE, newest=accept)
        pinned = HubReference(reference.repository, recorded["commit"])
        try:
            return fetch_file(pinned, CARD_FILE)
        except PlaceError as error:
            if not isinstance(error.__cause__, RevisionNotFoundError):
                raise
        # The server does not know the recorded commit: what it has instead is compared.
        return fetch_file(reference, CARD_FILE, newest=True)


def _read_card(pinned: HubReference, path: Path, recorded: dict[str, str] | None) -> _ReadCard:
    """A fetched card; fetched once more where it is no card, or not the recorded one."""
    try:
        read = _read_once(path)
        if recorded is None or recorded.get(CARD_FILE) == read.sha256:
            return read
        problem = None
    except CardError as error:
        problem = error
    if recorded is None or recorded.get("commit") == pinned.revision:
        try:
            return _read_once(fetch_file(pinned, CARD_FILE, again=True))
        except PlaceError:
            if problem is not None:
                raise problem from None
    elif problem is not None:
        raise problem
    return read


def _read_once(path: Path) -> _ReadCard:
    # The bytes that are hashed are those that are parsed.
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_CARD + 1)
    except OSError as error:
        raise CardError(f"{path}: cannot be read ({error.strerror}).") from error
    card = parse_card(parse_json(data, where=str(path)), where=str(path))
    return _ReadCard(path, card, hashlib.sha256(data).hexdigest())


def fetch_file(
    reference: HubReference,
    file: str,
    *,
    model: str = "",
    again: bool = False,
    newest: bool = False,
) -> Path:
    """A file of a repository in the cache, fetched if it is not there.

    Parameters
    ----------
    reference : HubReference
        Repository and revision.
    file : str
        Name inside the repository.
    model : str
        What the user calls the model; the reference, if not given.
    again : bool
        Fetch it although it is there: it was found damaged.
    newest : bool
        Ask for the newest commit of the revision although one is known.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The errors of the HTTP library that the hub's client uses, whichever that is.
    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    if not (again or newest):
        cached = cached_file(reference, file)
        if cached is not None:
            return cached
    endpoint = constants.ENDPOINT
    problem = _why_offline(endpoint)
    if problem:
        raise _unreachable(reference, file, problem, model=model)
    try:
        return _download(reference, file, again=again, endpoint=endpoint)
    except PlaceError:
        raise
    except (transport, HFValidationError, OSError, ValueError, RuntimeError) as error:
        raise PlaceError(_why(error, reference, file, endpoint)) from error


def require_hub(model: str) -> None:
    """Raise ``PlaceError`` where the Hub cannot be reached and its cache has no weights at all.

    For places that must do something slow before they know which file they need.
    """
    from huggingface_hub import constants

    if any(Path(constants.HF_HUB_CACHE).glob("models--*/snapshots/*/*.safetensors")):
        return
    problem = _why_offline(constants.ENDPOINT)
    if problem:
        raise PlaceError(
            f"the weights of {model} are not in the cache, and the Hub cannot be reached "
            f"({problem}).\n"
            f"On a machine with a network: zoo pull {model}\n"
            f"then copy what it adds to {constants.HF_HUB_CACHE} to the same place here, or "
            "set HF_ENDPOINT to a mirror."
        )


def _why_offline(endpoint: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or is_offline_by_choice():
        return "HF_HUB_OFFLINE is set"
    return why_unreachable(endpoint)


def cached_file(reference: HubReference, file: str) -> Path | None:
    """Where a file of a repository lies in the cache; None if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(reference.repository, file, revision=reference.revision)
    return Path(cached) if isinstance(cached, str) else None


def _download(reference: HubReference, file: str, *, again: bool, endpoint: str) -> Path:
    from huggingface_hub import hf_hub_download

    described = describe_file(reference, file, endpoint=endpoint)
    cached = cached_file(reference, file)
    if again and cached is not None:
        # The client leaves a link that is there as it is, although it leads to other bytes.
        cached.unlink(missing_ok=True)
    path = Path(
        hf_hub_download(
            reference.repository,
            file,
            revision=reference.revision,
            force_download=again,
            etag_timeout=PATIENCE,
            endpoint=endpoint,
        )
    )
    check_commit(reference, path.parent.name)
    if file == CARD_FILE:
        # The branch may have moved between the two questions.
        name = path.resolve().name if path.is_symlink() else described.name
        if not is_described(path.read_bytes(), name):
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise PlaceError(
                f"{file} of {reference} did not arrive from {endpoint} as the server describes "
                "it (its hash is another). It was not used; try again."
            )
    return path


def _unreachable(reference: HubReference, file: str, problem: str, *, model: str) -> PlaceError:
    from huggingface_hub import constants

    return PlaceError(
        f"{file} of {reference} is not in the cache, and the Hub cannot be reached "
        f"({problem}).\n"
        f"On a machine with a network: zoo pull {model or reference}\n"
        f"then copy its folder models--{reference.repository.replace('/', '--')} from "
        f"{constants.HF_HUB_CACHE} to the same place here, or set HF_ENDPOINT to a mirror."
    )


def _why(error: Exception, reference: HubReference, file: str, endpoint: str) -> str:
    """What went wrong, in our words where we know, and what to do."""
    from huggingface_hub import constants
    from huggingface_hub import errors as hub

    name = reference.repository
    known: dict[type[Exception], str] = {
        hub.GatedRepoError: f"{name} is open only to those who accepted its terms: do so on "
        f"{endpoint}/{name}, then set HF_TOKEN.",
        hub.RevisionNotFoundError: f"{name} has no revision {reference.revision!r} at "
        f"{endpoint}. A mirror has no revision but main and the commit that it serves.",
        hub.RepositoryNotFoundError: f"there is no repository {name} at {endpoint}, or it is "
        "private and HF_TOKEN does not open it.",
        hub.EntryNotFoundError: f"{reference} has no file {file}: it is no model folder of a "
        "zoo."
        if file == CARD_FILE
        else f"{reference} has no file {file}. If it has its weights as a pickle (.bin, .pt), "
        "they are not loaded, because a pickle can run any code: ask its owner for "
        "safetensors, or look for a pull request that adds them and give it as "
        f"hf://{name}@refs/pr/NUMBER.",
    }
    for kind, message in known.items():
        if isinstance(error, kind):
            return message
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk of the cache {constants.HF_HUB_CACHE} is full; {file} of {reference} "
            "was not fetched. Make room ('zoo cache'), or set HF_HUB_CACHE to another disk."
        )
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return (
            f"the cache {constants.HF_HUB_CACHE} cannot be written ({error.strerror}), and "
            f"{file} of {reference} is not in it. Set HF_HUB_CACHE to a folder that can be."
        )
    told = str(error).strip().splitlines() or [type(error).__name__]
    return f"{file} of {reference} could not be fetched from {endpoint}: {told[0]}"
