"""What the mirror says about a file: names of its content, ranges, and nothing but reading."""

import hashlib
import http.client
import os
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from serving import serve

from zoo_core.mirror import Repositories, make_app

WEIGHTS = "/team/spots/resolve/main/model.safetensors"
CONTENT = bytes(range(256)) * 16


@pytest.fixture
def url(folder):
    with serve(folder) as served:
        yield served


@pytest.fixture(scope="module")
def shared(shared_folder):
    with serve(shared_folder) as served:
        yield served


def _request(connection, path, method="GET", headers=None):
    """Ask, and where a branch leads to a commit, there."""
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    if answer.status == 307:
        answer.read()
        assert answer.headers["Location"].startswith(path.split("main")[0])
        connection.request(method, answer.headers["Location"], headers=headers or {})
        answer = connection.getresponse()
    return answer


def _ask(url, path, method="GET", **headers):
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        answer = _request(connection, path, method, headers)
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def test_the_names_of_what_did_not_change_stay(url, folder):
    """ETag and commit: asked again, touched, or served by another process from a copy."""
    _, first, _ = _ask(url, WEIGHTS)
    os.utime(folder / "team" / "spots" / "model.safetensors", (1, 1))
    _, again, _ = _ask(url, WEIGHTS)
    moved = folder.rename(folder.with_name("moved"))
    with serve(moved) as other:
        _, elsewhere, _ = _ask(other, WEIGHTS)

    for name in ("etag", "x-repo-commit"):
        assert first[name] == again[name] == elsewhere[name]
    assert first["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert len(first["x-repo-commit"]) == 40


def test_the_names_of_what_changed_change(url, folder):
    """The commit with any file of the repository, the ETag with its own."""
    spots = folder / "team" / "spots"
    _, first, _ = _ask(url, WEIGHTS)
    (spots / "figures" / "roc.png").write_bytes(b"another")
    _, second, _ = _ask(url, WEIGHTS)
    (spots / "model.safetensors").write_bytes(CONTENT[::-1])
    _, third, _ = _ask(url, WEIGHTS)
    (spots / "model.safetensors").rename(spots / "other.safetensors")
    _, fourth, _ = _ask(url, WEIGHTS.replace("model", "other"))
    _, other, _ = _ask(url, "/astrozoo/rings/resolve/main/config.json")

    assert first["etag"] == second["etag"] != third["etag"] == fourth["etag"]
    commits = [one["x-repo-commit"] for one in (first, second, third, fourth, other)]
    assert len(set(commits)) == 5


def test_an_old_commit_is_gone_and_says_so(url, folder):
    """The folder holds one commit: it is not delivered under another's name."""
    _, first, _ = _ask(url, WEIGHTS)
    path = WEIGHTS.replace("main", first["x-repo-commit"])
    assert _ask(url, path)[0] == 200
    (folder / "team" / "spots" / "notes.md").write_text("new")
    status, headers, _ = _ask(url, path)

    assert (status, headers["x-error-code"]) == (404, "RevisionNotFound")


@pytest.mark.parametrize(
    ("asked", "status", "told", "slice_"),
    [
        ("bytes=0-9", 206, "bytes 0-9/4096", slice(0, 10)),
        ("bytes=4000-", 206, "bytes 4000-4095/4096", slice(4000, None)),
        ("bytes=-6", 206, "bytes 4090-4095/4096", slice(-6, None)),
        ("bytes=4000-9999", 206, "bytes 4000-4095/4096", slice(4000, None)),
        ("bytes=-9999", 206, "bytes 0-4095/4096", slice(0, None)),
        ("bytes=4096-", 416, "bytes */4096", slice(0, 0)),
        ("bytes=9-3", 416, "bytes */4096", slice(0, 0)),
        ("bytes=-0", 416, "bytes */4096", slice(0, 0)),
        # What is not understood is answered whole, as the protocol has it.
        ("bytes=0-1,5-6", 200, None, slice(0, None)),
        ("bytes=-", 200, None, slice(0, None)),
        ("lines=1-2", 200, None, slice(0, None)),
    ],
)
def test_ranges(shared, asked, status, told, slice_):
    """First, last, beyond the end, and no range at all."""
    got, headers, body = _ask(shared, WEIGHTS, Range=asked)

    assert (got, headers.get("content-range")) == (status, told)
    assert body == CONTENT[slice_]
    assert int(headers["content-length"]) == len(body)


def test_a_range_of_endless_digits_is_no_crash(shared):
    """Python refuses to read such a number; so does the mirror."""
    status, _, body = _ask(shared, WEIGHTS, Range=f"bytes=0-{'9' * 5000}")

    assert status in (200, 206)
    assert body == CONTENT


@pytest.mark.parametrize(
    "path",
    [
        WEIGHTS, "/api/models", "/api/models/team/spots", "/api/models/team/spots/tree/main",
        "/team/spots/resolve/main/nothing", "/api/models/no/body", "/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-6"}, {"Range": "bytes=9999-"}])
def test_head_says_what_get_says(shared, path, headers):
    """The same status and headers, and no body."""
    status, told, body = _ask(shared, path, "HEAD", **headers)
    wanted_status, wanted, _ = _ask(shared, path, **headers)
    told.pop("date", None)
    wanted.pop("date", None)

    assert (status, told, body) == (wanted_status, wanted, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [WEIGHTS, "/api/models", "/api/models/team/spots", "/api/models/team/spots/tree/main"],
)
def test_nothing_but_reading(shared, shared_folder, method, path):
    """Other methods are not allowed."""
    assert _ask(shared, path, method)[0] == 405
    assert (shared_folder / "team" / "spots" / "model.safetensors").read_bytes() == CONTENT


def test_what_the_hub_writes_with_is_not_there(shared):
    """Creating repositories and commits."""
    assert _ask(shared, "/api/repos/create", "POST")[0] == 405
    assert _ask(shared, "/api/models/team/spots/commit/main", "POST")[0] == 405


def test_a_file_that_is_replaced_while_it_is_delivered(url, folder):
    """The old one arrives whole, under the old one's hash."""
    weights = folder / "team" / "spots" / "model.safetensors"
    old = b"old!" * 6_000_000
    weights.write_bytes(old)
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        answer = _request(connection, WEIGHTS)
        begin = answer.read(1000)
        fresh = weights.with_name("fresh")
        fresh.write_bytes(b"new!" * 6_000_000)
        fresh.replace(weights)
        body = begin + answer.read()

    assert hashlib.sha256(body).hexdigest() == answer.headers["ETag"].strip('"')
    assert body == old
    assert _ask(url, WEIGHTS)[2].startswith(b"new!")


def test_a_file_that_is_rewritten_while_it_is_delivered(url, folder):
    """New bytes never arrive under the old hash: the download fails."""
    weights = folder / "team" / "spots" / "model.safetensors"
    weights.write_bytes(b"old!" * 6_000_000)
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        answer = _request(connection, WEIGHTS)
        answer.read(1000)
        stamp = weights.stat().st_mtime_ns
        with weights.open("r+b") as handle:
            handle.write(b"new!" * 6_000_000)
        os.utime(weights, ns=(stamp, stamp))

        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    assert _ask(url, WEIGHTS)[2].startswith(b"new!")


def test_a_download_is_not_resumed_with_another_file(url, folder):
    """The commit that it began with is gone by then."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("HEAD", WEIGHTS)
        place = connection.getresponse().headers["Location"]
    (folder / "team" / "spots" / "model.safetensors").write_bytes(CONTENT[::-1])
    status, headers, _ = _ask(url, place, Range="bytes=100-")

    assert (status, headers["x-error-code"]) == (404, "RevisionNotFound")


def test_no_redirection_to_another_host(shared):
    """Whatever host a request names."""
    status, headers, _ = _ask(shared, "/api/models/", Host="elsewhere.example")

    assert status == 404
    assert "location" not in headers


def test_a_file_that_is_cut_while_it_is_delivered(url, folder):
    """The client sees that bytes are missing."""
    weights = folder / "team" / "spots" / "model.safetensors"
    weights.write_bytes(bytes(24_000_000))
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        answer = _request(connection, WEIGHTS)
        answer.read(1000)
        os.truncate(weights, 2000)

        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_a_commit_is_never_put_on_a_file_of_another(folder, monkeypatch):
    """A file that changes while the answer is made: both are the old, or both the new."""
    weights = folder / "team" / "spots" / "model.safetensors"
    count = Repositories.commit
    before = count(Repositories(folder), weights.parent)
    calls = []

    def and_then_it_changes(self, path):
        commit = count(self, path)
        if not calls:
            weights.write_bytes(CONTENT[::-1])
        calls.append(commit)
        return commit

    monkeypatch.setattr(Repositories, "commit", and_then_it_changes)
    with serve(None, app=make_app(folder)) as url:
        _, headers, body = _ask(url, WEIGHTS)
    after = count(Repositories(folder), weights.parent)

    assert calls[0] == before != after
    assert (headers["x-repo-commit"], body) == (after, CONTENT[::-1])


def test_a_pipe_in_the_folder_holds_nothing_up(url, folder):
    """Neither lists nor the other files; it is not there itself."""
    os.mkfifo(folder / "team" / "spots" / "pipe")
    (folder / "pipes").mkdir()
    os.mkfifo(folder / "pipes" / "config.json")

    assert _ask(url, "/team/spots/resolve/main/pipe")[0] == 404
    assert _ask(url, "/pipes/config.json/resolve/main/x")[0] == 404
    assert _ask(url, WEIGHTS)[2] == CONTENT
    assert b"pipe" not in _ask(url, "/api/models/team/spots")[2]
    assert b"spots" in _ask(url, "/api/models")[2]


def test_a_file_that_may_not_be_read_is_not_there(url, folder):
    """The others are."""
    (folder / "team" / "spots" / "private").write_text("secret")
    (folder / "team" / "spots" / "private").chmod(0)
    if os.access(folder / "team" / "spots" / "private", os.R_OK):
        pytest.skip("this user may read everything")

    assert _ask(url, "/team/spots/resolve/main/private")[0] == 404
    assert _ask(url, WEIGHTS)[0] == 200


def test_a_client_that_says_nothing_holds_nobody_up(shared):
    """Others are answered meanwhile."""
    parts = urlsplit(shared)
    with socket.create_connection((parts.hostname, parts.port)) as silent:
        silent.sendall(b"GET /team")

        assert _ask(shared, WEIGHTS)[0] == 200
