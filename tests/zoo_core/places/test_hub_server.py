"""The Hub of the tests refuses what the real one refuses; else its tests would prove little."""

import base64
import hashlib
import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from hub_server import TOKEN, Hub
from serving import serve

OID = hashlib.sha256(b"weights").hexdigest()
COMMIT = "/api/models/team/toy/commit/main"
BATCH = "/team/toy.git/info/lfs/objects/batch"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
NDJSON = {**WITH_TOKEN, "Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A Hub with an empty ``team/toy`` and ``others/toy``, and its address."""
    hub = Hub(tmp_path_factory.mktemp("served"))
    hub.make("others/toy")
    with serve(None, hub.app) as url:
        yield hub, urlsplit(url).netloc


@pytest.fixture
def ask(server):
    """Send a request to it; gives status and parsed answer."""
    hub, address = server
    hub.make("team/toy")

    def send(method, path, body=b"", headers=NDJSON):
        with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            told = answer.read()
            return answer.status, json.loads(told) if told else None

    return send


def _commit(*operations, **header):
    head = {"key": "header", "value": {"summary": "first", **header}}
    return b"\n".join(json.dumps(line).encode() for line in (head, *operations))


def _small(path="notes.md", data=b"text"):
    content = base64.b64encode(data).decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


LARGE = {
    "key": "lfsFile",
    "value": {"path": "model.safetensors", "algo": "sha256", "oid": OID, "size": 7},
}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (COMMIT, _commit(_small()), {**NDJSON, "Authorization": "Bearer x"}, 401),
        (COMMIT, _commit(_small()), {"Content-Type": "application/x-ndjson"}, 401),
        (COMMIT.replace("team", "others"), _commit(_small()), NDJSON, 403),
        (COMMIT.replace("toy", "none"), _commit(_small()), NDJSON, 404),
        (COMMIT.replace("main", "none"), _commit(_small()), NDJSON, 404),
        (COMMIT, _commit(_small()), WITH_TOKEN, 400),
        (COMMIT, _commit(_small(), summary=" "), NDJSON, 400),
        (COMMIT, _commit(_small(), parentCommit="0" * 40), NDJSON, 412),
        (COMMIT, _commit(_small(), LARGE), NDJSON, 400),
        (COMMIT, _commit(_small("model.safetensors")), NDJSON, 400),
        (COMMIT, _commit(_small("a/../../b")), NDJSON, 400),
        (COMMIT, _commit({"key": "deletedFile", "value": {"path": "none"}}), NDJSON, 404),
        (COMMIT, b"", NDJSON, 400),
    ],
)
def test_a_commit_that_is_wrong_changes_nothing(server, ask, path, body, headers, status):
    """Whoever sends it, wherever to, whatever is in it; the same one in order is taken."""
    assert ask("POST", path, body, headers)[0] == status
    assert {len(one.commits) for one in server[0].repositories.values()} == {1}
    assert ask("POST", COMMIT, _commit(_small()))[0] == 200
    assert server[0].repositories["team/toy"].at("main").files["notes.md"] == b"text"


@pytest.mark.parametrize("data", [b"weights!", b"Weights", b""])
def test_a_large_file_is_taken_only_as_it_was_announced(server, ask, data):
    """Size and SHA-256 must agree; it counts when it is verified, and not before."""
    wanted = {"oid": OID, "size": 7}
    batch = {"operation": "upload", "transfers": ["basic"], "objects": [wanted]}
    told = ask("POST", BATCH, json.dumps(batch))[1]["objects"][0]["actions"]
    place = urlsplit(told["upload"]["href"]).path
    verify = urlsplit(told["verify"]["href"]).path
    server[0]._stored.clear()

    assert ask("PUT", place, data, {})[0] == 400
    assert ask("POST", verify, json.dumps(wanted))[0] == 404
    assert ask("PUT", place, b"weights", WITH_TOKEN)[0] == 400
    assert ask("PUT", place, b"weights", {})[0] == 200
    assert ask("POST", COMMIT, _commit(LARGE))[0] == 400
    assert ask("POST", verify, json.dumps(wanted))[0] == 200
    assert ask("POST", COMMIT, _commit(LARGE))[0] == 200
    assert "actions" not in ask("POST", BATCH, json.dumps(batch))[1]["objects"][0]


@pytest.mark.parametrize(
    ("organization", "headers", "status"),
    [("team", {}, 401), ("others", WITH_TOKEN, 403), ("team", WITH_TOKEN, 409)],
)
def test_a_repository_is_made_only_by_who_may(ask, organization, headers, status):
    """With a token, in an organisation of one's own, once."""
    body = json.dumps({"name": "toy", "organization": organization, "type": "model"})

    assert ask("POST", "/api/repos/create", body, headers)[0] == status
