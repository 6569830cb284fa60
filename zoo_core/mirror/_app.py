"""The Hub's read protocol as an ASGI application.

What the stock clients use is here: describing and delivering files, describing and listing
repositories. Imported only by who serves, because it needs starlette.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ._repositories import Repositories, is_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ._repositories import Entry

_PIECE = 2**20

#: Names of the only branch that there is.
_BRANCHES = ("main", "refs/heads/main", "HEAD")

#: Longer numbers mean nothing here, and Python does not read endless ones.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_LIMIT = re.compile(r"[0-9]{1,18}")

#: How often a file that changes while it is looked up is looked up again.
_ATTEMPTS = 3


def make_app(root: Path) -> Starlette:
    """The application that serves a folder.

    Every answer to a path that is not served is the same 404, whatever the reason.
    """
    repositories = Repositories(root)

    def route(path: str, answer: Callable[[Repositories, Request], Response]) -> Route:
        def endpoint(request: Request) -> Response:
            return answer(repositories, request)

        return Route(path, endpoint, methods=["GET"])

    name = "{org:str}/{name:str}"
    app = Starlette(
        middleware=[Middleware(_ReadOnly)],
        routes=[
            route("/api/models", _list_models),
            route(f"/api/models/{name}", _describe_model),
            route(f"/api/models/{name}/revision/{{revision:path}}", _describe_model),
            route(f"/api/models/{name}/tree/{{rest:path}}", _list_tree),
            route(f"/{name}/resolve/{{rest:path}}", _deliver),
        ],
    )
    # Such a redirection would lead to whatever host the request names.
    app.router.redirect_slashes = False
    return app


class _ReadOnly:
    """Refuses every method that could change something, wherever it is sent."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            await Response(status_code=405, headers={"Allow": "GET, HEAD"})(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


def _list_models(repositories: Repositories, request: Request) -> Response:
    asked = request.query_params
    author, search = asked.get("author"), asked.get("search", "").lower()
    found = [
        {"id": name, "modelId": name, "private": False, "tags": []}
        for name in repositories.names()
        if (author is None or name.split("/")[0] == author) and search in name.lower()
    ]
    limit = asked.get("limit", "")
    return JSONResponse(found[: int(limit)] if _LIMIT.fullmatch(limit) else found)


def _describe_model(repositories: Repositories, request: Request) -> Response:
    found = _repository(repositories, request, request.path_params.get("revision", "main"))
    if isinstance(found, Response):
        return found
    name, folder, commit = found
    entries = repositories.entries(folder)
    return JSONResponse(
        {
            "id": name,
            "modelId": name,
            "author": name.split("/")[0],
            "sha": commit,
            "private": False,
            "gated": False,
            "disabled": False,
            "tags": [],
            "siblings": [
                {"rfilename": entry.name, "size": entry.size, "blobId": entry.sha256[:40]}
                for entry in entries
            ],
        },
        headers={"X-Repo-Commit": commit},
    )


def _list_tree(repositories: Repositories, request: Request) -> Response:
    found, inside = _with_path(repositories, request)
    if isinstance(found, Response):
        return found
    _, folder, commit = found
    prefix = f"{inside}/" if inside else ""
    is_recursive = request.query_params.get("recursive", "").lower() == "true"
    listed: dict[str, dict[str, Any]] = {}
    for entry in repositories.entries(folder):
        if not entry.name.startswith(prefix):
            continue
        parts = entry.name[len(prefix) :].split("/")
        for depth in range(1, len(parts) if is_recursive else min(len(parts), 2)):
            path = prefix + "/".join(parts[:depth])
            listed.setdefault(path, {"type": "directory", "oid": commit, "path": path})
        if is_recursive or len(parts) == 1:
            listed[entry.name] = _described(entry.name, entry.size, entry.sha256)
    if inside and not listed:
        return _missing("EntryNotFound", f"no {inside} in this repository")
    return JSONResponse(list(listed.values()), headers={"X-Repo-Commit": commit})


def _described(name: str, size: int, sha256: str) -> dict[str, Any]:
    """A file as a repository of large files describes it."""
    return {
        "type": "file",
        "path": name,
        "size": size,
        "oid": sha256[:40],
        "lfs": {"oid": sha256, "size": size, "pointerSize": 130},
    }


def _deliver(repositories: Repositories, request: Request) -> Response:
    for _ in range(_ATTEMPTS):
        found, name = _with_path(repositories, request)
        if isinstance(found, Response):
            return found
        repository, folder, commit = found
        opened = repositories.open(folder, name)
        # What was opened belongs to the commit only if this was the commit all the while.
        if repositories.commit(folder) == commit:
            break
        if opened is not None:
            opened[0].close()
    else:
        return _missing("Busy", "this repository is being changed; try again", status=503)
    if opened is None:
        missing = _missing("EntryNotFound", f"no file {name!r} in this repository")
        missing.headers["X-Repo-Commit"] = commit
        return missing
    if not request.path_params["rest"].startswith(f"{commit}/"):
        # As the Hub does: the whole download, and its resumption, then has one commit.
        opened[0].close()
        place = quote(f"/{repository}/resolve/{commit}/{name}")
        return Response(status_code=307, headers={"Location": place, "X-Repo-Commit": commit})
    return _answer(request, *opened, commit=commit)


def _answer(request: Request, handle: BinaryIO, entry: Entry, *, commit: str) -> Response:
    """An open file or a part of it; of HEAD its headers."""
    headers = {
        "ETag": f'"{entry.sha256}"',
        "X-Repo-Commit": commit,
        "X-Linked-ETag": f'"{entry.sha256}"',
        "X-Linked-Size": str(entry.size),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "attachment",
    }
    start, end, status = 0, entry.size, 200
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked and any(asked.groups()):
        start, end = _bounds(asked[1], asked[2], entry.size)
        if start >= end:
            handle.close()
            whole = {**headers, "Content-Range": f"bytes */{entry.size}"}
            return Response(status_code=416, headers=whole)
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{entry.size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        handle.close()
        return Response(status_code=status, headers=headers)
    pieces = _pieces(handle, start, end, entry)
    return _Delivery(handle, pieces, status_code=status, headers=headers)


class _Delivery(StreamingResponse):
    """Some bytes of an open file, which is closed whatever becomes of the client."""

    def __init__(self, handle: BinaryIO, pieces: Iterator[bytes], **options: Any):
        super().__init__(pieces, **options)
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._handle:
            await super().__call__(scope, receive, send)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Start and end of a range; a lone last number counts from the end of the file."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _pieces(handle: BinaryIO, start: int, end: int, entry: Entry) -> Iterator[bytes]:
    """The bytes, as long as the file is the one that the headers describe."""
    handle.seek(start)
    left = end - start
    while left > 0:
        piece = handle.read(min(_PIECE, left))
        # A change is stamped before its bytes are there. What is missing at the end tells the
        # client that the download failed.
        if not piece or not is_unchanged(handle, entry.state):
            return
        left -= len(piece)
        yield piece


Found = tuple[str, "Path", str]


def _with_path(repositories: Repositories, request: Request) -> tuple[Found | Response, str]:
    """Repository and path of ``revision/path``, where a revision may have slashes."""
    rest = request.path_params["rest"]
    for branch in _BRANCHES:
        if rest == branch or rest.startswith(f"{branch}/"):
            return _repository(repositories, request, branch), rest[len(branch) + 1 :]
    revision, _, path = rest.partition("/")
    return _repository(repositories, request, revision), path


def _repository(
    repositories: Repositories, request: Request, revision: str
) -> Found | Response:
    name = f"{request.path_params['org']}/{request.path_params['name']}"
    folder = repositories.folder(name)
    if folder is None:
        return _missing("RepoNotFound", "no such repository")
    commit = repositories.commit(folder)
    if revision not in (*_BRANCHES, commit):
        return _missing("RevisionNotFound", f"no revision {revision!r}; main is {commit}")
    return name, folder, commit


def _missing(code: str, message: str, *, status: int = 404) -> Response:
    printable = message.encode("ascii", "replace").decode()
    return JSONResponse(
        {"error": printable},
        status_code=status,
        headers={"X-Error-Code": code, "X-Error-Message": printable},
    )
