"""Uploading a model folder to the Hub in one commit: all of it, or nothing."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from ..cards import CARD_FILE, read_card
from ..errors import CardError, PlaceError, ZooError
from ._network import is_offline_by_choice, why_unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import CommitInfo

    from ._publish import Outgoing
    from ._reference import HubReference

#: A repository may have rules for what git leaves out; a model is never whole without it.
_NOTHING_IGNORED = "# every file of a model belongs to it\n"


class _Head(NamedTuple):
    """The branch that a commit will follow, its commit, and the paths that it holds."""

    branch: str
    commit: str
    paths: frozenset[str]


def upload(
    reference: HubReference,
    model: str,
    outgoing: Sequence[Outgoing],
    *,
    private: bool = False,
    message: str,
) -> str:
    """Make a branch of a repository hold a model folder and nothing else.

    Repository and branch are made if they are not there. Hidden files stay as they are.

    Parameters
    ----------
    reference : HubReference
        Repository and branch.
    model : str
        Name of the model; a repository that holds another one is left alone.
    outgoing : sequence of Outgoing
        All files.
    private : bool
        Make a new repository private; one that is there must be so.
    message : str
        Of the commit; what follows its first line is the description.

    Returns
    -------
    str
        The commit; the one that is there where it holds the same already.

    Raises
    ------
    PlaceError
        There is no token, the Hub cannot be reached or refuses, or the repository holds
        something else.
    """
    from huggingface_hub import HfApi, constants, get_token

    endpoint = constants.ENDPOINT
    if constants.HF_HUB_OFFLINE or is_offline_by_choice():
        raise PlaceError("HF_HUB_OFFLINE is set; nothing was published.")
    token = get_token()
    if token is None:
        raise PlaceError(
            f"there is no token for {endpoint}; nothing was published. One that may write is "
            "needed: 'hf auth login', or HF_TOKEN."
        )
    problem = why_unreachable(endpoint)
    if problem:
        raise PlaceError(f"the Hub cannot be reached ({problem}); nothing was published.")
    api = HfApi(endpoint=endpoint, token=token, library_name="astrozoo")
    with _errors_explained(reference, endpoint):
        # Nothing said leaves the choice to the organisation.
        api.create_repo(reference.repository, private=private or None, exist_ok=True)
        if private and not api.model_info(reference.repository).private:
            raise PlaceError(
                f"{reference.repository} is public; nothing was published. Make it private in "
                f"its settings at {endpoint}, or choose another name."
            )
        head = _find_head(api, reference)
        _check_owner(api, reference, head, model)
        return _commit(api, reference, head, outgoing, message=message).oid


def list_published(reference: HubReference) -> list[str] | None:
    """Names of the files of a branch that publishing to it would replace or remove.

    None where they cannot be looked up at once: the Hub cannot be reached or does not answer
    as one, or there is no token. A repository that is not there has none.
    """
    from huggingface_hub import HfApi, constants, get_token
    from huggingface_hub.errors import RepositoryNotFoundError

    endpoint, token = constants.ENDPOINT, get_token()
    if constants.HF_HUB_OFFLINE or is_offline_by_choice() or token is None:
        return None
    if why_unreachable(endpoint):
        return None
    api = HfApi(endpoint=endpoint, token=token, library_name="astrozoo")
    try:
        with _errors_explained(reference, endpoint):
            head = _find_head(api, reference)
    except PlaceError as error:
        return [] if isinstance(error.__cause__, RepositoryNotFoundError) else None
    return sorted(path for path in head.paths if not _is_hidden(path))


def _find_head(api: HfApi, reference: HubReference) -> _Head:
    """The branch itself; for a new one ``main``, which it starts from."""
    name = reference.repository
    branches = {one.name: one.target_commit for one in api.list_repo_refs(name).branches}
    branch = reference.revision if reference.revision in branches else "main"
    commit = branches[branch]
    return _Head(branch, commit, frozenset(api.list_repo_files(name, revision=commit)))


def _check_owner(api: HfApi, reference: HubReference, head: _Head, model: str) -> None:
    """Raise unless the branch is empty or holds the model of that name."""
    if CARD_FILE not in head.paths:
        # A README is made with many a new repository.
        others = sorted(path for path in head.paths - {"README.md"} if not _is_hidden(path))
        if others:
            raise PlaceError(
                f"{reference} holds other things, such as {others[0]}; nothing was published. "
                "Choose another repository."
            )
        return
    with tempfile.TemporaryDirectory() as folder:
        # Not into the cache: that would change what is loaded from there.
        api.hf_hub_download(
            reference.repository, CARD_FILE, revision=head.commit, local_dir=folder
        )
        try:
            there = f"the model {read_card(Path(folder)).name!r}"
        except CardError:
            there = f"a {CARD_FILE} that is no card"
    if there != f"the model {model!r}":
        raise PlaceError(
            f"{reference} holds {there}; nothing was published. Choose another repository."
        )


def _commit(
    api: HfApi,
    reference: HubReference,
    head: _Head,
    outgoing: Sequence[Outgoing],
    *,
    message: str,
) -> CommitInfo:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    additions = [
        CommitOperationAdd(
            path_in_repo=one.name,
            path_or_fileobj=one.path if one.content is None else one.content,
        )
        for one in outgoing
    ]
    stale = head.paths - {one.name for one in outgoing}
    deletions = [CommitOperationDelete(path) for path in sorted(stale) if not _is_hidden(path)]
    # Large files go first. Nobody sees them before the commit, which is done or is not.
    api.preupload_lfs_files(
        reference.repository,
        additions,
        revision=head.branch,
        free_memory=False,
        gitignore_content=_NOTHING_IGNORED,
    )
    summary, _, description = message.strip().partition("\n")
    with _branch_made(api, reference, head):
        return api.create_commit(
            reference.repository,
            [*additions, *deletions],
            commit_message=summary.strip(),
            commit_description=description.strip(),
            revision=reference.revision,
            # Refused if somebody else published since the files were compared.
            parent_commit=head.commit,
        )


@contextmanager
def _branch_made(api: HfApi, reference: HubReference, head: _Head) -> Iterator[None]:
    """Make the branch if it is new; without a commit to it, it is gone again."""
    branch = reference.revision
    if branch == head.branch:
        yield
        return
    api.create_branch(reference.repository, branch=branch, revision=head.commit)
    try:
        yield
    except BaseException:
        with suppress(Exception):
            api.delete_branch(reference.repository, branch=branch)
        raise


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


@contextmanager
def _errors_explained(reference: HubReference, endpoint: str) -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError

    # The errors of the HTTP library that the hub's client uses, whichever that is.
    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    try:
        yield
    except ZooError:
        raise
    except (transport, OSError, ValueError, LookupError, RuntimeError) as error:
        raise PlaceError(_why(error, reference, endpoint)) from error


def _why(error: Exception, reference: HubReference, endpoint: str) -> str:
    """What went wrong, in the server's words where there are some, and what to do."""
    from huggingface_hub.errors import HfHubHTTPError

    failed = f"{reference} could not be published to {endpoint}:"
    cause = _innermost(error)
    if not isinstance(cause, HfHubHTTPError):
        told = " ".join(str(cause).split()) or type(cause).__name__
        if isinstance(cause, LookupError | json.JSONDecodeError):
            return (
                f"{failed} the server does not answer as a Hub does ({told}). It may be a "
                "login page or a proxy; check HF_ENDPOINT."
            )
        needs_xet = "xet-write-token" in told
        hint = " If the server has no Xet storage, set HF_HUB_DISABLE_XET=1." * needs_xet
        return f"{failed} {told.rstrip('.')}.{hint}"
    status = cause.response.status_code
    told = cause.server_message or str(cause).strip()
    said = f"{status}, {' '.join(told.split())}".rstrip(".")
    if status == 401:
        return f"{failed} the token is not accepted ({said}). 'hf auth login', or HF_TOKEN."
    if status == 403:
        organisation = reference.repository.split("/")[0]
        return (
            f"{failed} the token may not write to {organisation} ({said}). Take a token that "
            "may ('hf auth login', or HF_TOKEN), or publish under another name."
        )
    if status == 405:
        return (
            f"{failed} the server takes nothing ({said}). If it is a mirror, publish to the "
            "folder that it serves."
        )
    if status == 412:
        return f"{failed} somebody else published to it meanwhile ({said}). Try again."
    return f"{failed} {said}."


def _innermost(error: BaseException) -> BaseException:
    """The server's answer where the client has wrapped it in a plainer error.

    A README that is refused is told best by the client, which lists what is wrong in it.
    """
    while isinstance(error, RuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error
