"""No path leads out of the served folder, however it is written.

Requests go over a bare socket, because clients tidy a path up before they send it.
"""

import socket
from urllib.parse import unquote, urlsplit

import pytest
from serving import serve

SECRET = b"root:x:0:0"

#: Written so that each leads to the secret beside the served folder if it is believed.
CLIMBS = [
    "{up}secret",
    "%2e%2e/%2e%2e/%2e%2e/secret",
    ".%2e/.%2E/%2e./secret",
    "..%2f..%2f..%2fsecret",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret",
    "figures/../{up}secret",
    "{absolute}",
    "%2f{absolute}",
    "/{absolute}",
]

#: Those that only a double decoding, Windows or a C library would believe.
TRICKS = [
    "%252e%252e%252f%252e%252e%252f%252e%252e%252fsecret",
    "..\\..\\..\\secret",
    "..%5c..%5c..%5csecret",
    "{up}secret%00.json",
    "config.json%00",
    "config.json/../{up}secret",
    "..;/..;/..;/secret",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/secret",
    "\u2025/secret",
    "~/secret",
    "file:///{absolute}",
    "./config.json",
    "figures//roc.png",
    "config.json/",
]

HIDDEN = [".env", ".git/config", "figures/.key", "%2egit/config"]


def _hide(folder):
    """A file beside the served folder, and hidden ones in it."""
    path = folder.parent / "secret"
    path.write_bytes(SECRET)
    spots = folder / "team" / "spots"
    for name in (".env", ".git/config", "figures/.key"):
        (spots / name).parent.mkdir(exist_ok=True)
        (spots / name).write_bytes(SECRET)
    return path


@pytest.fixture
def secret(folder):
    return _hide(folder)


@pytest.fixture(scope="module")
def shared_secret(shared_folder):
    return _hide(shared_folder)


@pytest.fixture(scope="module")
def mirror(shared_folder):
    with serve(shared_folder) as url:
        yield url


@pytest.fixture(scope="module")
def naive(shared_folder):
    with serve(None, app=_naive(shared_folder)) as url:
        yield url


def _raw(url, target):
    """Status and the whole answer to a request target that nobody has tidied up."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return int(answer.split(b" ", 2)[1]), answer


def _fetch(url, target):
    """The same, going on where the answer leads, as clients do."""
    status, answer = _raw(url, target)
    if status in (302, 307):
        head = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")
        (place,) = (x.split(": ")[1] for x in head if x.lower().startswith("location: "))
        return _raw(url, place)
    return status, answer


def _filled(path, secret):
    return path.format(up="../" * 3, absolute=str(secret))


def _naive(folder):
    """What not to do: the path that was asked for, joined to the folder."""

    async def app(scope, receive, send):
        path = unquote(scope["raw_path"].decode()).split("/resolve/main/", 1)[1]
        try:
            body, status = (folder / "team/spots" / path).read_bytes(), 200
        except OSError:
            body, status = b"", 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.parametrize("climb", CLIMBS)
def test_climbing_out(mirror, naive, shared_secret, climb):
    """A server that joins paths gives the secret away; the mirror has no such file."""
    target = f"/team/spots/resolve/main/{_filled(climb, shared_secret)}"
    assert SECRET in _raw(naive, target)[1]

    status, answer = _raw(mirror, target)
    assert status in (400, 404)
    assert SECRET not in answer


@pytest.mark.parametrize("trick", [*TRICKS, *HIDDEN])
def test_other_ways_to_write_a_path(mirror, shared_secret, trick):
    """Twice encoded, with backslashes, NUL, too many slashes, or hidden: not there."""
    target = f"/team/spots/resolve/main/{_filled(trick, shared_secret)}"
    status, answer = _raw(mirror, target)

    assert status in (400, 404)
    assert SECRET not in answer
    assert _fetch(mirror, "/team/spots/resolve/main/config.json")[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        "/../secret",
        "/..%2fsecret/x/resolve/main/config.json",
        "/team/../resolve/main/secret",
        "/team/%2e%2e/resolve/main/secret",
        "/%2e%2e/mirror/resolve/main/rings/config.json",
        "/./rings/resolve/main/config.json",
        "/team/.git/resolve/main/config",
        "/team/spots/resolve/..%2fmain/config.json",
        "/team/spots/resolve/refs%2fheads%2f../main/config.json",
        "/api/models/team/../../secret",
        "/api/models/%2e%2e/%2e%2e",
        "/api/models/../mirror",
        "/api/models/team/spots/tree/main/../../..",
        "/api/models/team/spots/tree/main/.git",
        "/api/models/team/spots/revision/..%2f..",
        "http://elsewhere/team/spots/resolve/main/../../../secret",
    ],
)
def test_names_of_repositories_and_revisions(mirror, shared_secret, target):
    """They are names of letters, digits, dots and dashes, not paths."""
    status, answer = _raw(mirror, target)

    assert status in (400, 404)
    assert SECRET not in answer


def test_links_that_lead_out(folder, secret):
    """To a file, to a folder, as a repository or an organisation: none is there."""
    spots = folder / "team" / "spots"
    (folder.parent / "outside" / "inner").mkdir(parents=True)
    for place in ("outside", "outside/inner"):
        (folder.parent / place / "config.json").write_bytes(SECRET)
    (spots / "linked").symlink_to(secret)
    (spots / "folder").symlink_to(folder.parent / "outside")
    (folder / "team" / "repository").symlink_to(folder.parent / "outside")
    (folder / "organisation").symlink_to(folder.parent / "outside")
    (folder / "direct").symlink_to(folder.parent / "outside")
    targets = [
        "/team/spots/resolve/main/linked",
        "/team/spots/resolve/main/folder/config.json",
        "/team/repository/resolve/main/config.json",
        "/organisation/inner/resolve/main/config.json",
        "/astrozoo/direct/resolve/main/config.json",
    ]
    with serve(None, app=_naive(folder)) as url:
        assert SECRET in _raw(url, targets[0])[1]

    with serve(folder) as url:
        for target in targets:
            status, answer = _raw(url, target)
            assert status == 404, target
            assert SECRET not in answer
        described = b"".join(
            _raw(url, path)[1] for path in ("/api/models", "/api/models/team/spots")
        )
    for name in (b"linked", b"folder", b"repository", b"organisation", b"direct"):
        assert name not in described


def test_links_that_stay_inside(folder):
    """They are what they lead to, as in a cache of the hub's client."""
    (folder / "blobs").mkdir()
    (folder / "blobs" / "abc").write_bytes(b"shared")
    (folder / "team" / "spots" / "notes.md").symlink_to("../../blobs/abc")
    with serve(folder) as url:
        status, answer = _fetch(url, "/team/spots/resolve/main/notes.md")
        described = _raw(url, "/api/models/team/spots")[1]

    assert (status, b"shared" in answer) == (200, True)
    assert b"notes.md" in described


def test_a_served_folder_that_is_a_link_itself(folder, secret):
    """It is meant: what it leads to is served, and nothing beside it."""
    link = folder.parent / "link"
    link.symlink_to(folder)
    with serve(link) as url:
        assert _fetch(url, "/team/spots/resolve/main/config.json")[0] == 200
        assert _raw(url, "/team/spots/resolve/main/../../../secret")[0] == 404


def test_why_a_path_is_refused_is_not_told(folder, secret):
    """A file outside, one that is hidden and one that nobody has: the same answer."""
    (folder / "team" / "spots" / "linked").symlink_to(secret)
    answers = set()
    with serve(folder) as url:
        for name in ("linked", ".git/config", "absent"):
            answer = _raw(url, f"/team/spots/resolve/main/{name}")[1]
            lines = answer.replace(name.encode(), b"NAME").lower().split(b"\r\n")
            answers.add(
                b"\n".join(x for x in lines if not x.startswith((b"date", b"content-l")))
            )

    assert len(answers) == 1
