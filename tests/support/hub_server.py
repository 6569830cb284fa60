"""A Hub for tests that takes uploads: what the stock client sends, and strict about it.

huggingface_hub publishes in these steps: make the repository, ask which files are large, upload
those to storage, then send one commit that holds the small files and names the large ones. Each
step is refused here where the Hub refuses it. What is committed can be downloaded again, at any
commit, and ``main`` lies in a folder that a mirror can serve.
"""

import base64
import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import yaml
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "hf_mayWriteToTeam"

#: Some of the identifiers that the Hub knows; with any other it refuses the README.
LICENSES = {"apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "mit", "other"}

ATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"

_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)


class Refused(Exception):
    """An answer that is an error, as the Hub words it."""

    def __init__(self, status, message, code=""):
        self.response = JSONResponse(
            {"error": message},
            status_code=status,
            headers={"X-Error-Message": message, **({"X-Error-Code": code} if code else {})},
        )


@dataclass(frozen=True)
class Commit:
    """What one commit holds; ``files`` by path, ``large`` are the paths that are LFS."""

    oid: str
    parent: str
    summary: str
    description: str
    files: dict
    large: frozenset

    def name_of(self, path):
        """The SHA-256 of a large file, else what git names it by."""
        data = self.files[path]
        if path in self.large:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repository:
    """Commits by oid, branches by name, verified large objects by SHA-256."""

    name: str
    visibility: str
    commits: dict = field(default_factory=dict)
    branches: dict = field(default_factory=dict)
    objects: dict = field(default_factory=dict)

    def add(self, branch, summary, description, files, large):
        parent = self.branches.get(branch, "")
        told = f"{parent} {len(self.commits)} {summary}".encode()
        for path in sorted(files):
            told += f"\n{path} {hashlib.sha256(files[path]).hexdigest()}".encode()
        oid = hashlib.sha1(told).hexdigest()
        self.commits[oid] = Commit(oid, parent, summary, description, files, frozenset(large))
        self.branches[branch] = oid
        return self.commits[oid]

    def at(self, revision):
        """The commit of a branch or a commit; refused if there is none."""
        oid = self.branches.get(revision, revision)
        if oid not in self.commits:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[oid]


class Hub:
    """The server's state, and the application ``app`` that answers for it.

    Parameters
    ----------
    folder : pathlib.Path
        Gets ``org/name`` of every repository, as its branch ``main`` is.
    organisations : sequence of str
        Those that the token may write to; in others repositories are there to be read.
    token : str
        The only one that is known.

    ``xet`` is a storage (``XetStorage``) for clients that upload large files with Xet; that of
    git LFS is always there. ``asked`` has method and path of each request. ``intercept`` is
    called with every request and may give an answer in place of the real one.
    """

    def __init__(self, folder, *, organisations=("team",), token=TOKEN):
        self.folder = folder
        self.organisations = organisations
        self.token = token
        self.repositories = {}
        self.asked = []
        self.intercept = lambda request: None
        self.xet = None
        self._tickets = {}
        self._stored = {}
        self.app = Starlette(
            routes=self._routes(), middleware=[Middleware(_Observed, hub=self)]
        )

    def count(self, method):
        """How often each path was asked with a method."""
        return Counter(path for asked, path in self.asked if asked == method)

    def make(self, name, visibility="public"):
        """A repository as it is when new: one commit, which says what is large."""
        made = Repository(name, visibility)
        made.add("main", "initial commit", "", {".gitattributes": ATTRIBUTES}, ())
        self.repositories[name] = made
        return made

    def _routes(self):
        model = "/api/models/{org}/{name}"
        listed = (
            ("POST", "/api/repos/create", _create),
            ("POST", "/api/validate-yaml", _validate),
            ("GET", model, _describe),
            ("GET", f"{model}/revision/{{revision:path}}", _describe),
            ("GET", f"{model}/refs", _list_refs),
            ("GET", f"{model}/tree/{{revision:path}}", _list_tree),
            ("POST", f"{model}/branch/{{branch:path}}", _make_branch),
            ("DELETE", f"{model}/branch/{{branch:path}}", _remove_branch),
            ("POST", f"{model}/preupload/{{revision:path}}", _sort_out),
            ("POST", f"{model}/commit/{{branch:path}}", _commit),
            ("GET", f"{model}/xet-write-token/{{revision:path}}", _offer_xet),
            ("POST", "/{org}/{name}.git/info/lfs/objects/batch", _offer_storage),
            ("POST", "/{org}/{name}.git/info/lfs/verify", _verify),
            ("PUT", "/storage/{ticket}", _store),
            ("GET", "/{org}/{name}/resolve/{rest:path}", _deliver),
        )
        return [
            Route(path, partial(_answer, self, answer), methods=[method])
            for method, path, answer in listed
        ]

    def readable(self, request):
        """The repository of a request; a private one is there only for its owner."""
        name = "{org}/{name}".format(**request.path_params)
        found = self.repositories.get(name)
        if found is None or (found.visibility == "private" and not self._is_known(request)):
            status = 404 if self._is_known(request) else 401
            raise Refused(status, "Repository not found", "RepoNotFound")
        return found

    def writable(self, request):
        """The same for who wants to change it."""
        self.check_token(request)
        found = self.readable(request)
        self.check_organisation(request.path_params["org"])
        return found

    def check_token(self, request):
        sent = request.headers.get("authorization")
        if sent is None:
            raise Refused(401, "Invalid username or password.")
        if sent != f"Bearer {self.token}":
            raise Refused(401, "Invalid credentials in Authorization header")

    def check_organisation(self, name):
        if name not in self.organisations:
            raise Refused(403, f'You don\'t have the rights to write to "{name}"')

    def _is_known(self, request):
        return request.headers.get("authorization") == f"Bearer {self.token}"

    def check_out(self, repository):
        """Write ``main`` where a mirror finds it."""
        place = self.folder / repository.name
        shutil.rmtree(place, ignore_errors=True)
        for path, data in repository.at("main").files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)

    def offer(self, repository, oid, size):
        """A place in the storage for one object, which only its bytes can be put to."""
        ticket = hashlib.sha256(f"{repository.name} {oid} {len(self._tickets)}".encode())
        self._tickets[ticket.hexdigest()] = (oid, size)
        return ticket.hexdigest()

    def store(self, ticket, data):
        if ticket not in self._tickets:
            raise Refused(403, "no such ticket")
        oid, size = self._tickets[ticket]
        if len(data) != size or hashlib.sha256(data).hexdigest() != oid:
            raise Refused(400, "the bytes are not those that were announced")
        self._stored[oid] = data

    def take(self, repository, oid):
        """What arrived with Xet counts from the first commit that names it."""
        data = self.xet.read(oid)
        if data is not None:
            repository.objects[oid] = data

    def verify(self, repository, oid, size):
        if len(self._stored.get(oid, b"")) != size:
            raise Refused(404, "the object is not in the storage")
        repository.objects[oid] = self._stored[oid]


class _Observed:
    """Writes down what was asked."""

    def __init__(self, app, hub):
        self._app = app
        self._hub = hub

    async def __call__(self, scope, receive, send):
        self._hub.asked.append((scope["method"], scope["path"]))
        await self._app(scope, receive, send)


class Cut(Response):
    """No answer: the connection breaks off."""

    async def __call__(self, scope, receive, send):
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _answer(hub, answer, request):
    body = await request.body()
    instead = hub.intercept(request)
    if instead is not None:
        return instead
    try:
        return answer(hub, request, body)
    except Refused as refused:
        return refused.response


def _create(hub, request, body):
    hub.check_token(request)
    wanted = json.loads(body)
    if wanted.get("type", "model") != "model":
        raise Refused(400, "only models are made here")
    hub.check_organisation(wanted["organization"])
    name = f"{wanted['organization']}/{wanted['name']}"
    told = {"url": f"{request.base_url}{name}", "name": name}
    if name in hub.repositories:
        return JSONResponse(
            {**told, "error": "You already created this model repo"}, status_code=409
        )
    hub.make(name, wanted.get("visibility", "public"))
    return JSONResponse(told)


def _validate(hub, request, body):
    found = _FRONT_MATTER.match(json.loads(body)["content"])
    if not found:
        return JSONResponse({"warnings": [{"message": "empty or missing yaml metadata"}]})
    fields = yaml.safe_load(found[1])
    errors = []
    if fields.get("license") not in LICENSES:
        errors.append({"message": f'"license" must be one of {sorted(LICENSES)}'})
    results = [result for model in fields["model-index"] for result in model["results"]]
    if not all({"task", "dataset", "metrics"} <= result.keys() for result in results):
        errors.append({"message": '"model-index" lacks task, dataset or metrics'})
    return JSONResponse({"errors": errors, "warnings": []}, status_code=400 if errors else 200)


def _describe(hub, request, body):
    repository = hub.readable(request)
    commit = repository.at(request.path_params.get("revision", "main"))
    return JSONResponse(
        {
            "id": repository.name,
            "modelId": repository.name,
            "sha": commit.oid,
            "private": repository.visibility == "private",
            "tags": [],
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }
    )


def _list_refs(hub, request, body):
    branches = [
        {"name": name, "ref": f"refs/heads/{name}", "targetCommit": oid}
        for name, oid in hub.readable(request).branches.items()
    ]
    return JSONResponse({"branches": branches, "tags": [], "converts": []})


def _list_tree(hub, request, body):
    if request.query_params.get("recursive", "").lower() != "true":
        raise Refused(400, "only whole trees are listed here")
    commit = hub.readable(request).at(request.path_params["revision"].rstrip("/"))
    listed = [
        {"type": "file", "path": path, "size": len(data), "oid": commit.name_of(path)}
        for path, data in sorted(commit.files.items())
    ]
    return JSONResponse(listed)


def _make_branch(hub, request, body):
    repository = hub.writable(request)
    name = request.path_params["branch"]
    if name in repository.branches:
        raise Refused(409, f"Reference already exists: {name}")
    if name.startswith("refs/") or re.fullmatch("[0-9a-f]{40}", name):
        raise Refused(400, f"Invalid reference for a branch: {name}")
    start = repository.at(json.loads(body).get("startingPoint", "main"))
    repository.branches[name] = start.oid
    return Response(status_code=201)


def _remove_branch(hub, request, body):
    del hub.writable(request).branches[request.path_params["branch"]]
    return Response()


def _is_large(commit, path, sample):
    """What .gitattributes names, and what is no text."""
    rules = commit.files.get(".gitattributes", b"").decode().splitlines()
    suffixes = tuple(rule.split()[0].lstrip("*") for rule in rules if "filter=lfs" in rule)
    return path.endswith(suffixes) or b"\0" in sample


def _sort_out(hub, request, body):
    commit = hub.writable(request).at(request.path_params["revision"])
    asked = json.loads(body)
    ignored = asked.get("gitIgnore", commit.files.get(".gitignore", b"").decode()).split()
    files = [
        {
            "path": one["path"],
            "uploadMode": "lfs"
            if _is_large(commit, one["path"], base64.b64decode(one["sample"]))
            else "regular",
            "shouldIgnore": one["path"].endswith(
                tuple(rule.lstrip("*") for rule in ignored if rule.startswith("*"))
            ),
            "oid": commit.name_of(one["path"]) if one["path"] in commit.files else None,
        }
        for one in asked["files"]
    ]
    return JSONResponse({"files": files})


def _offer_storage(hub, request, body):
    repository = hub.writable(request)
    asked = json.loads(body)
    if asked["operation"] != "upload" or "basic" not in asked["transfers"]:
        raise Refused(422, "only basic uploads are taken here")
    base = str(request.base_url)
    objects = []
    for one in asked["objects"]:
        told = {"oid": one["oid"], "size": one["size"]}
        if one["oid"] not in repository.objects:
            ticket = hub.offer(repository, one["oid"], one["size"])
            told["actions"] = {
                "upload": {"href": f"{base}storage/{ticket}"},
                "verify": {"href": f"{base}{repository.name}.git/info/lfs/verify"},
            }
        objects.append(told)
    return JSONResponse({"transfer": "basic", "objects": objects})


def _offer_xet(hub, request, body):
    hub.writable(request).at(request.path_params["revision"])
    if hub.xet is None:
        raise Refused(404, "there is no Xet storage")
    return JSONResponse({"casUrl": hub.xet.url, "accessToken": "x", "exp": 2**32})


def _store(hub, request, body):
    if "authorization" in request.headers:
        raise Refused(400, "a token of the Hub is nothing that the storage should see")
    hub.store(request.path_params["ticket"], body)
    return Response()


def _verify(hub, request, body):
    repository = hub.writable(request)
    asked = json.loads(body)
    hub.verify(repository, asked["oid"], asked["size"])
    return Response()


def _commit(hub, request, body):
    repository = hub.writable(request)
    branch = request.path_params["branch"]
    if branch not in repository.branches:
        raise Refused(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    if request.headers.get("content-type") != "application/x-ndjson":
        raise Refused(400, "a commit is sent as application/x-ndjson")
    head, *operations = [json.loads(line) for line in body.splitlines()] or [{}]
    if head.get("key") != "header" or not head["value"].get("summary", "").strip():
        raise Refused(400, '"summary" is not allowed to be empty')
    before = repository.at(branch)
    if head["value"].get("parentCommit", before.oid) != before.oid:
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    files, large = dict(before.files), set(before.large)
    for operation in operations:
        key, value = operation["key"], operation["value"]
        if key == "lfsFile" and hub.xet is not None:
            hub.take(repository, value["oid"])
        _apply(repository, before, key, value, files, large)
    made = repository.add(
        branch, head["value"]["summary"], head["value"].get("description", ""), files, large
    )
    if branch == "main":
        hub.check_out(repository)
    url = f"{request.base_url}{repository.name}/commit/{made.oid}"
    return JSONResponse({"success": True, "commitOid": made.oid, "commitUrl": url})


def _apply(repository, before, key, value, files, large):
    path = value["path"]
    if not all(part and part not in (".", "..", ".git") for part in path.split("/")):
        raise Refused(400, f"no path: {path!r}")
    if key == "deletedFile":
        if path not in files:
            message = f"A file with this name doesn't exist: {path}"
            raise Refused(404, message, "EntryNotFound")
        del files[path]
        large.discard(path)
    elif key == "lfsFile":
        data = repository.objects.get(value["oid"])
        if value["algo"] != "sha256" or data is None or len(data) != value["size"]:
            raise Refused(400, f"an LFS pointer pointed to a file that does not exist: {path}")
        files[path] = data
        large.add(path)
    elif key == "file" and value["encoding"] == "base64":
        files[path] = base64.b64decode(value["content"], validate=True)
        large.discard(path)
        if _is_large(before, path, files[path][:512]):
            raise Refused(400, f"this file must be sent as LFS: {path}")
    else:
        raise Refused(400, f"unknown operation: {key}")


def _deliver(hub, request, body):
    repository = hub.readable(request)
    rest = request.path_params["rest"]
    known = [*repository.branches, *repository.commits]
    matching = [one for one in known if rest.startswith(f"{one}/")]
    revision = max(matching, key=len, default=rest.split("/")[0])
    commit = repository.at(revision)
    path = rest.removeprefix(f"{revision}/")
    if path not in commit.files:
        refused = Refused(404, "Entry not found", "EntryNotFound")
        refused.response.headers["X-Repo-Commit"] = commit.oid
        raise refused
    name = commit.name_of(path)
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{name}"'}
    if path in commit.large:
        size = str(len(commit.files[path]))
        headers |= {"X-Linked-Size": size, "X-Linked-ETag": f'"{name}"'}
    return Response(commit.files[path], headers=headers)
