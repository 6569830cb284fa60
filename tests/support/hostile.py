"""Servers, networks and processes that misbehave, for tests of what the zoo refuses."""

import asyncio
import hashlib
import os
import pickle
import time
from pathlib import Path

import huggingface_hub.constants

COMMIT = "c" * 40


class Marking:
    """Unpickling it makes a file: what code in a pickle could do."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (Path(self.marker),)


def pickled_marking(marker):
    """A pickle that makes a file when it is loaded."""
    return pickle.dumps(Marking(marker))


class Hub:
    """A hub with the files of one folder, whatever repository is asked for.

    Parameters
    ----------
    folder : Path
        Its files.
    commit : str
        What it says that it has.
    deeds : callable
        ``HEAD=`` or ``GET=`` what is done instead of an honest answer: a coroutine function
        of an ``Exchange``; those that return False leave the answer to the hub.
    """

    def __init__(self, folder, *, commit=COMMIT, **deeds):
        self.folder, self.commit, self.deeds = Path(folder), commit, deeds
        self.seen = []
        #: Set when nobody need be kept waiting any more.
        self.is_over = False

    async def __call__(self, scope, receive, send):
        exchange = Exchange(self, scope, send)
        self.seen.append((exchange.method, exchange.file, exchange.asked))
        deed = self.deeds.get(exchange.method)
        if deed is None or await deed(exchange) is False:
            await exchange.answer()

    def count(self, method, file):
        """How often something was asked."""
        return sum((m, f) == (method, file) for m, f, _ in self.seen)


class Exchange:
    """One request, with what an honest answer would be."""

    def __init__(self, hub, scope, send):
        self.hub, self.send = hub, send
        self.method = scope["method"]
        self.asked = {k.decode(): v.decode() for k, v in scope["headers"]}
        self.file = scope["path"].partition("/resolve/")[2].partition("/")[2]
        path = hub.folder / self.file
        self.data = path.read_bytes() if path.is_file() else None
        digest = hashlib.sha256(self.data or b"").hexdigest()
        self.headers = {"X-Repo-Commit": hub.commit, "ETag": f'"{digest}"'}

    async def begin(self, status=200, **headers):
        """Send status and headers; a header None is left out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        together = {**self.headers, "Content-Length": len(self.data or b""), **named}
        pairs = [
            (name.lower().encode(), str(value).encode())
            for name, value in together.items()
            if value is not None
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def body(self, data, *, more=False):
        """Send some bytes."""
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, status=200, data=None, **headers):
        """Answer, by default honestly."""
        if self.data is None:
            self.headers = {"X-Error-Code": "EntryNotFound"}
            self.data, status = b"", 404
        data = self.data if data is None else data
        await self.begin(status, **{"Content_Length": len(data), **headers})
        await self.body(b"" if self.method == "HEAD" else data)

    async def wait(self):
        """Do nothing until the test is over."""
        while not self.hub.is_over:
            await asyncio.sleep(0.02)

    async def drip(self, pieces, seconds):
        """Answer honestly but slowly."""
        await self.begin()
        size = -(-len(self.data) // pieces)
        for start in range(0, len(self.data), size):
            await asyncio.sleep(seconds / pieces)
            await self.body(self.data[start : start + size], more=True)
        await self.body(b"")


def point_to(url, cache, lock):
    """Point the hub's client of this process to a server and a cache.

    The client reads its environment when it is imported, so its constants are set.
    """
    constants = huggingface_hub.constants
    constants.ENDPOINT = url
    constants.HUGGINGFACE_CO_URL_TEMPLATE = url + "/{repo_id}/resolve/{revision}/{filename}"
    constants.HF_HUB_CACHE = str(cache)
    os.environ["ZOO_LOCK"] = str(lock)


def fetch_model(url, cache, lock, started=None):
    """Fetch the card and the weights of ``hf://team/toy``; for a process of its own."""
    from zoo_core.places import HubPlace

    point_to(url, cache, lock)
    if started is not None:
        started.set()
    found = HubPlace().find("team/toy")
    found.read(found.card.weights.ref)


def fetch_naively(url, path, started):
    """What not to do: write to the final place while the bytes arrive."""
    import urllib.request

    with urllib.request.urlopen(url) as answer, Path(path).open("wb", buffering=0) as file:
        started.set()
        while piece := answer.read(64):
            file.write(piece)
            time.sleep(0.002)
