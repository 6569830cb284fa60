"""Attacks and faults: what ordinary code falls for, and that the zoo does not.

Each test first shows the danger with a few naive lines, then the same to the zoo. The hub's
client is the real one; its servers are small and hostile.
"""

import hashlib
import http.client
import json
import multiprocessing
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import time
import types
import urllib.request
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from deep import Deep
from hostile import COMMIT, Hub, fetch_model, fetch_naively, pickled_marking
from huggingface_hub import hf_hub_download
from safetensors.torch import load_file, save
from serving import serve
from toys import toy_zoo, trained_toy

from zoo_core import Zoo
from zoo_core.cards import CARD_FILE, FileRef
from zoo_core.errors import (
    AmbiguousName,
    CardError,
    PlaceError,
    PluginError,
    UsageError,
    WeightsCorrupt,
)
from zoo_core.models import verify_model
from zoo_core.places import publish, user_lock_file
from zoo_core.plugins import discover
from zoo_core.registry import Registry
from zoo_core.weights import parse_tensors, read_verified

NAME = "hf://team/toy"
WEIGHTS = "model.safetensors"
HTML = b"<!doctype html><title>Please log in</title>"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A zoo with a trained toy in its registry, and the toy's folder."""
    folder = tmp_path_factory.mktemp("zoo")
    return trained_toy(folder)[0], folder / "registry" / "toy"


@pytest.fixture
def zoo(trained):
    return trained[0]


@pytest.fixture
def toy(trained, tmp_path):
    """A copy of the toy's folder, to be spoilt."""
    return Path(shutil.copytree(trained[1], tmp_path / "toy"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Waiting and trying again take no time."""
    pause = types.SimpleNamespace(**{**vars(time), "sleep": lambda _: None})
    monkeypatch.setattr("huggingface_hub.file_download.time", pause)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    monkeypatch.setattr("zoo_core.places._described.PATIENCE", 0.5)


def _edit_card(folder, **fields):
    path = folder / CARD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def _put_weights(folder, data):
    """Other weights, which the card describes as they are."""
    (folder / WEIGHTS).write_bytes(data)
    weights = json.loads((folder / CARD_FILE).read_text())["weights"]
    digest = hashlib.sha256(data).hexdigest()
    _edit_card(folder, weights={**weights, "sha256": digest, "size": len(data)})


def _blobs(cache):
    return [path for path in cache.rglob("blobs/*") if path.is_file()]


# Weights


def test_a_pickle_that_is_called_safetensors(zoo, toy, tmp_path):
    """Its code runs where it is unpickled; here it is no weights file, hash or not."""
    marker = tmp_path / "marker"
    _put_weights(toy, pickled_marking(marker))
    naive = f"import pickle; pickle.load(open({str(toy / WEIGHTS)!r}, 'rb'))"
    subprocess.run([sys.executable, "-W", "ignore", "-c", naive], check=True)
    assert marker.exists()
    marker.unlink()

    with pytest.raises(WeightsCorrupt, match="no valid safetensors"):
        zoo.load(str(toy))
    assert not marker.exists()


def _file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _tensor(start, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def _parse_naively(data):
    """What not to do: believe the header."""
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], "f4")
        for name, entry in header.items()
    }


@pytest.mark.parametrize(
    "data",
    [
        _file({"a": _tensor(0, 8, [2]), "b": _tensor(4, 12, [2])}, bytes(12)),
        _file({"a": _tensor(0, 8, [2]), "b": _tensor(0, 8, [2])}, bytes(8)),
        _file({"a": _tensor(0, 8, [2])}, bytes(4)),
        _file({"a": _tensor(400, 408, [2])}, bytes(8)),
        _file({"a": _tensor(8, 0, [2])}, bytes(8)),
        _file({"a": _tensor(0, 4, [2])}, bytes(4)),
        _file({"a": _tensor(0, 8, [100_000_000_000])}, bytes(8)),
        _file({"a": _tensor(0, 4, [1]), "b": _tensor(8, 12, [1])}, bytes(12)),
        _file({"a": _tensor(0, 4, [1])}, bytes(12)),
        _file(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": '
              b'{"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', bytes(8)),
    ],
    ids=["overlap", "same", "beyond", "outside", "backwards", "short", "100-billion",
         "hole", "rest", "twice"],
)  # fmt: skip
def test_offsets_that_overlap_or_lie_outside(data):
    """A reader that believes them gives tensors that share, lack or leave out bytes."""
    assert _parse_naively(data)

    with pytest.raises(WeightsCorrupt, match="no valid safetensors"):
        parse_tensors(data, origin="a file")


def test_a_header_that_claims_a_hundred_gigabytes(tmp_path):
    """A reader that asks for as much runs out of memory; here it is refused at once."""
    path = tmp_path / WEIGHTS
    path.write_bytes(struct.pack("<Q", 100_000_000_000) + b"{}")
    naive = (
        "import resource, struct\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))\n"
        f"file = open({str(path)!r}, 'rb')\n"
        "buffer = bytearray(*struct.unpack('<Q', file.read(8)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", naive], capture_output=True, text=True, check=False
    )
    assert "MemoryError" in done.stderr

    began = time.monotonic()
    for length in (100_000_000_000, 2**63, 2**64 - 1):
        with pytest.raises(WeightsCorrupt, match="no valid safetensors"):
            parse_tensors(struct.pack("<Q", length) + b"{}", origin="a file")
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", bytes(8), HTML, _file(b"[" * 100_000), _file(b'{"a": 1}')]
)
def test_what_is_no_safetensors_at_all(data):
    """Nothing, an archive, zeros, a page, nesting without end, a header of another kind."""
    with pytest.raises(WeightsCorrupt, match="no valid safetensors"):
        parse_tensors(data, origin="a file")


def test_a_file_that_changes_between_check_and_use(tmp_path, monkeypatch):
    """Who checks a file and then opens it again uses another; here the bytes are the same."""
    path = tmp_path / WEIGHTS
    good, evil = save({"a": torch.zeros(3)}), save({"a": torch.ones(3)})
    ref = FileRef(file=path.name, sha256=hashlib.sha256(good).hexdigest(), size=len(good))
    path.write_bytes(good)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == ref.sha256
    path.write_bytes(evil)  # the moment between
    assert load_file(path)["a"].sum() == 3
    path.write_bytes(good)

    def swap(data):
        path.write_bytes(evil)
        return hashlib.sha256(data)

    monkeypatch.setattr("zoo_core.weights._verify.hashlib", types.SimpleNamespace(sha256=swap))
    tensors = parse_tensors(read_verified(tmp_path, ref), origin="a file")
    assert tensors["a"].sum() == 0
    assert path.read_bytes() == evil


def test_a_card_that_changes_while_it_is_recorded(zoo, toy, machine, monkeypatch):
    """What is recorded is the hash of what was used."""
    honest = (toy / CARD_FILE).read_bytes()
    with serve(None, app=Hub(toy)) as url:
        cache = machine(url)
        path = zoo.find(NAME).folder / CARD_FILE
        user_lock_file().forget(f"{NAME}@main")

        def swap(data):
            path.resolve().write_bytes(honest.replace(b"1.0.0", b"6.6.6"))
            return hashlib.sha256(data)

        fake = types.SimpleNamespace(sha256=swap)
        monkeypatch.setattr("zoo_core.places._hub.hashlib", fake)
        used = zoo.find(NAME).card
    facts = user_lock_file().get(f"{NAME}@main")

    assert cache.exists()
    assert used.version == "1.0.0"
    assert facts[CARD_FILE] == hashlib.sha256(honest).hexdigest()
    assert b"6.6.6" in path.read_bytes()


# Names of files


@pytest.mark.parametrize("file", ["../secret", "{absolute}", "a/../../secret", "./../secret"])
def test_a_card_whose_weights_lie_elsewhere(zoo, toy, file):
    """Who joins the names reads a file outside of the folder."""
    secret = toy.parent / "secret"
    secret.write_bytes((toy / WEIGHTS).read_bytes())
    (toy / "a").mkdir()
    file = file.format(absolute=secret)
    assert Path(os.path.join(toy, file)).read_bytes() == secret.read_bytes()  # noqa: PTH118

    weights = json.loads((toy / CARD_FILE).read_text())["weights"]
    _edit_card(toy, weights={**weights, "file": file})
    with pytest.raises(CardError, match="must be a file of the model folder itself"):
        zoo.load(str(toy))


@pytest.mark.parametrize(
    "file", ["..\\secret", "C:\\secret", "C:secret", "..", ".git", "\0", "a\n", ""]
)
def test_other_names_that_are_none(zoo, toy, file):
    """Of other systems, hidden, or empty."""
    weights = json.loads((toy / CARD_FILE).read_text())["weights"]
    _edit_card(toy, weights={**weights, "file": file})

    with pytest.raises(CardError, match="must be a file of the model folder itself"):
        zoo.load(str(toy))


def test_a_link_in_a_model_folder_is_not_published(zoo, toy, tmp_path):
    """Who copies the folder sends what the link leads to."""
    (tmp_path / "secret").write_text("key")
    (toy / "notes.md").symlink_to("../secret")
    copied = shutil.copytree(toy, tmp_path / "naive")
    assert (copied / "notes.md").read_text() == "key"

    target = tmp_path / "mirror" / "team" / "toy"
    with pytest.raises(UsageError, match="is a link"):
        publish(zoo.find(str(toy)), str(target))
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["../../etc", "a/../b", "/etc/passwd", "org/..", "org/name@../../x", "org/a--b"]
)
def test_references_that_are_paths(zoo, machine, tmp_path, name):
    """Who makes a folder of the name leaves the cache; here no server is asked."""
    machine("http://127.0.0.1:9")

    with pytest.raises(UsageError, match="hf://ORGANISATION/NAME"):
        zoo.load(f"hf://{name}")
    assert not (tmp_path / "machine").exists()


@pytest.mark.parametrize("told", ["../../../outside", "a/../../../../outside"])
def test_a_server_that_names_a_file_by_a_path(zoo, toy, machine, tmp_path, told):
    """The hub's client alone writes it outside of its cache."""

    async def climb(exchange):
        await exchange.answer(ETag=f'"{told}"')

    with serve(None, app=Hub(toy, HEAD=climb)) as url:
        cache = machine(url)
        (cache / "models--team--toy" / "blobs" / "a").mkdir(parents=True)
        hf_hub_download("team/toy", CARD_FILE, endpoint=url, cache_dir=cache)
        assert (tmp_path / "outside").read_bytes() == (toy / CARD_FILE).read_bytes()
        (tmp_path / "outside").unlink()
        fresh = machine(url, "fresh")
        (fresh / "models--team--toy" / "blobs" / "a").mkdir(parents=True)

        with pytest.raises(PlaceError, match="which is no name"):
            zoo.load(NAME)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("commit", ["../../../outside", "main", "C" * 40, "c" * 39])
def test_a_server_that_names_a_commit_by_something_else(zoo, toy, machine, tmp_path, commit):
    """It would be a folder's name, and what a record holds."""
    with serve(None, app=Hub(toy, commit=commit)) as url:
        machine(url)

        with pytest.raises(PlaceError, match="which is no name"):
            zoo.load(NAME)
    assert not (tmp_path / "outside").exists()


# Cards


def test_fields_that_nobody_knows(zoo, toy):
    """A dict takes them silently; here they are told, and the verification fails."""
    _edit_card(toy, trust_remote_code=True, post_load="rm -rf")
    assert "post_load" in json.loads((toy / CARD_FILE).read_text())

    found = zoo.find(str(toy))
    assert found.card.unknown_fields == ("post_load", "trust_remote_code")
    check = verify_model(zoo, found)[0]
    assert not check.passed
    assert "post_load" in check.message


@pytest.mark.parametrize("place", ["arguments", "preprocessing", "temperature"])
def test_expressions_are_texts(zoo, toy, tmp_path, place):
    """Whoever evaluates them runs them; here they are no numbers."""
    marker = tmp_path / "marker"
    text = f"__import__('pathlib').Path({str(marker)!r}).touch() or 1"
    assert eval(text) == 1
    assert marker.exists()
    marker.unlink()

    card = json.loads((toy / CARD_FILE).read_text())
    if place == "arguments":
        card["architecture"]["arguments"] = {"num_bands": text}
    elif place == "preprocessing":
        card["inputs"][0]["preprocessing"] = [{"op": "clip", "low": text, "high": 9.0}]
    else:
        card["task"]["calibration"] = {"temperature": text}
    _edit_card(toy, **card)
    with pytest.raises(CardError):
        zoo.load(str(toy))
    assert not marker.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        {"layers": 1_000_000},
        {"num_outputs": 10**7},
        {"num_outputs": 10**12},
        {"num_outputs": 10**30},
        {"num_bands": 10**9},
        {"num_bands": -1},
        {"layers": "many"},
        {"layers": None},
        {"nonsense": 1},
    ],
    ids=str,
)
def test_a_network_of_any_size(toy, tmp_path, arguments):
    """Built as the card says it takes minutes and the memory; here it ends early."""
    assert sum(1 for _ in Deep(layers=30_000).modules()) > 30_000

    (tmp_path / "other").mkdir()
    zoo = toy_zoo(tmp_path / "other", architectures="deep:Deep")
    assert zoo.load(str(toy)).report.loaded > 0
    card = json.loads((toy / CARD_FILE).read_text())
    weights = {**card["weights"], "num_parameters": 10**12}
    _edit_card(toy, architecture={"name": "tiny", "arguments": arguments}, weights=weights)
    began = time.monotonic()
    with pytest.raises((CardError, UsageError)) as caught:
        zoo.load(str(toy))
    assert time.monotonic() - began < 10.0
    assert next(iter(arguments)) in str(caught.value) or str(toy) in str(caught.value)


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_nesting_without_end(zoo, toy, bracket):
    """Parsing it ends in the depth of the interpreter; here it is no card."""
    (toy / CARD_FILE).write_text(bracket * 200_000)
    with pytest.raises(RecursionError):
        json.loads((toy / CARD_FILE).read_text())

    with pytest.raises(CardError, match="nested too deeply"):
        zoo.load(str(toy))


def test_numbers_that_are_none(zoo, toy):
    """JSON of Python takes NaN and numbers of any length."""
    card = json.loads((toy / CARD_FILE).read_text())
    assert json.loads("NaN") != json.loads("NaN")
    for text in ("NaN", "Infinity", "9" * 5000, "1e999", "-1"):
        broken = {**card, "golden": {**card["golden"], "absolute_tolerance": "HERE"}}
        (toy / CARD_FILE).write_text(json.dumps(broken).replace('"HERE"', text))
        with pytest.raises(CardError):
            zoo.load(str(toy))


def test_a_card_of_many_megabytes(zoo, toy, machine):
    """Neither read from a folder nor fetched."""
    _edit_card(toy, summary="long" * 1_000_000)
    assert len(json.loads((toy / CARD_FILE).read_text())["summary"]) == 4_000_000

    with pytest.raises(CardError, match="larger than"):
        zoo.load(str(toy))
    hub = Hub(toy)
    with serve(None, app=hub) as url:
        cache = machine(url)
        with pytest.raises(PlaceError, match="is not a card"):
            zoo.load(NAME)
    assert hub.count("GET", CARD_FILE) == 0
    assert not _blobs(cache)


# Servers


@contextmanager
def _two_hubs(toy, tmp_path, deeds):
    """A hub, and another host with an evil card, to which the deeds may lead."""
    evil = Path(shutil.copytree(toy, tmp_path / "evil"))
    card = (evil / CARD_FILE).read_bytes()
    (evil / CARD_FILE).write_bytes(card.replace(b"1.0.0", b"6.6.6"))
    elsewhere = Hub(evil)
    with serve(None, app=elsewhere) as away:
        place = f"{away}/team/toy/resolve/main/"

        async def lead(exchange):
            await exchange.answer(302, b"", Location=place + exchange.file)

        with serve(None, app=Hub(toy, **dict.fromkeys(deeds, lead))) as url:
            yield url, elsewhere


@pytest.mark.parametrize("deeds", [("GET",), ("HEAD", "GET")])
def test_a_redirect_to_another_host(zoo, toy, machine, tmp_path, monkeypatch, deeds):
    """Ordinary clients follow, and take the token along; here the hash says no."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with _two_hubs(toy, tmp_path, deeds) as (url, elsewhere):
        request = urllib.request.Request(
            f"{url}/team/toy/resolve/main/{CARD_FILE}",
            headers={"Authorization": "Bearer hf_secret"},
        )
        with urllib.request.urlopen(request) as answer:
            assert b"6.6.6" in answer.read()
        assert "hf_secret" in elsewhere.seen[-1][2]["authorization"]
        elsewhere.seen.clear()
        cache = machine(url)

        with pytest.raises(PlaceError, match="did not arrive"):
            zoo.load(NAME)
    assert elsewhere.count("GET", CARD_FILE) == 1
    assert all("authorization" not in asked for _, _, asked in elsewhere.seen)
    assert not _blobs(cache)
    assert user_lock_file().entries() == {}


def test_a_redirect_without_a_hash(zoo, toy, machine, tmp_path):
    """Nothing could be checked: the other host is not asked."""
    evil = Path(shutil.copytree(toy, tmp_path / "evil"))
    elsewhere = Hub(evil)
    with serve(None, app=elsewhere) as away:

        async def lead(exchange):
            place = f"{away}/team/toy/resolve/main/{exchange.file}"
            await exchange.answer(302, b"", Location=place, ETag='"version-1"')

        with serve(None, app=Hub(toy, HEAD=lead)) as url:
            machine(url)
            with pytest.raises(PlaceError, match="names no hash"):
                zoo.load(NAME)
    assert elsewhere.seen == []


def test_a_redirect_that_is_honest(zoo, toy, machine, tmp_path):
    """As the Hub itself sends clients to where large files lie."""
    with serve(None, app=Hub(toy)) as away:

        async def lead(exchange):
            place = f"{away}/team/toy/resolve/main/{exchange.file}"
            await exchange.answer(302, b"", Location=place)

        with serve(None, app=Hub(toy, HEAD=lead, GET=lead)) as url:
            machine(url)
            assert zoo.load(NAME).report.loaded > 0


async def _stall(exchange):
    await exchange.wait()


async def _stall_in_the_middle(exchange):
    await exchange.begin()
    await exchange.body(exchange.data[:100], more=True)
    await exchange.wait()


@pytest.mark.parametrize("deed", [{"HEAD": _stall}, {"GET": _stall_in_the_middle}])
def test_a_server_that_stalls(zoo, toy, machine, deed):
    """A client without a time limit waits for ever; here it is given up and told."""
    hub = Hub(toy, **deed)
    with serve(None, app=hub) as url:
        address = f"{url}/team/toy/resolve/main/{CARD_FILE}"
        (method,) = deed

        def naive():
            with urllib.request.urlopen(
                urllib.request.Request(address, method=method)
            ) as answer:
                answer.read()

        waiting = threading.Thread(target=_ignoring_the_end, args=(naive,), daemon=True)
        waiting.start()
        cache = machine(url)
        began = time.monotonic()

        with pytest.raises(PlaceError, match="could not be fetched"):
            zoo.load(NAME)
        assert time.monotonic() - began < 8.0
        assert waiting.is_alive()
        assert not _blobs(cache)
        hub.is_over = True


def _ignoring_the_end(work):
    """Run what ends with an error when its server goes away."""
    try:
        work()
    except (OSError, http.client.HTTPException):
        return


def _only(file, deed):
    """A deed for one file; the others are answered honestly."""

    async def for_one(exchange):
        return await deed(exchange) if exchange.file == file else False

    return for_one


async def _cut(exchange):
    """Half of what was promised, then the end of the connection; ranges are not known."""
    await exchange.begin()
    await exchange.body(exchange.data[: len(exchange.data) // 2], more=True)
    raise ConnectionAbortedError


@pytest.mark.parametrize("file", [CARD_FILE, WEIGHTS])
def test_a_server_that_cuts_off(zoo, toy, machine, tmp_path, file):
    """Copied from the answer it is half a file under its name; here it is none."""
    with serve(None, app=Hub(toy, GET=_only(file, _cut))) as url:
        with (
            urllib.request.urlopen(f"{url}/team/toy/resolve/main/{file}") as answer,
            (tmp_path / "naive").open("wb") as out,
        ):
            shutil.copyfileobj(answer, out)
        assert 0 < (tmp_path / "naive").stat().st_size < (toy / file).stat().st_size
        cache = machine(url)

        with pytest.raises(PlaceError, match="could not be fetched"):
            zoo.load(NAME)
        whole = hashlib.sha256((toy / file).read_bytes()).hexdigest()
        assert whole not in {path.name for path in _blobs(cache)}
    with serve(None, app=Hub(toy)) as url:
        machine(url)
        assert zoo.load(NAME).report.loaded > 0


def _lies(told, sent):
    """Deeds of a server that says one length and sends another number of bytes."""

    async def head(exchange):
        await exchange.answer(Content_Length=told(len(exchange.data)))

    async def get(exchange):
        await exchange.answer(data=(exchange.data * 2)[: sent(len(exchange.data))])

    return head, get


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        (lambda size: size, lambda size: size // 2),
        (lambda size: size, lambda size: size + 10),
        (lambda size: size // 2, lambda size: size),
        (lambda size: size + 10, lambda size: size),
        (lambda size: size // 2, lambda size: size // 2),
    ],
    ids=["less", "more", "said less", "said more", "less twice"],
)
@pytest.mark.parametrize("file", [CARD_FILE, WEIGHTS])
def test_a_server_that_lies_about_the_length(zoo, toy, machine, file, told, sent):
    """Whoever takes what comes has something else; here it is refused."""
    head, get = _lies(told, sent)
    hub = Hub(toy, HEAD=_only(file, head), GET=_only(file, get))
    with serve(None, app=hub) as url:
        address = f"{url}/team/toy/resolve/main/{file}"
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as answer:
            length = int(answer.headers["Content-Length"])
        with urllib.request.urlopen(address) as answer:
            got = answer.read()
        assert (length, len(got)) != ((toy / file).stat().st_size,) * 2
        machine(url)

        with pytest.raises((PlaceError, WeightsCorrupt)):
            zoo.load(NAME)


def test_a_server_that_has_another_commit_than_was_asked_for(zoo, toy, machine):
    """The hub's client takes it; here a commit is that commit."""
    wanted, older = "d" * 40, "0" * 40
    hub = Hub(toy, commit=older)
    with serve(None, app=hub) as url:
        cache = machine(url)
        path = hf_hub_download(
            "team/toy", CARD_FILE, revision=wanted, endpoint=url, cache_dir=cache / "naive"
        )
        assert Path(path).is_file()

        with pytest.raises(PlaceError, match=rf"(?s)commit {older}.*{wanted}"):
            zoo.load(f"{NAME}@{wanted}")


def test_a_server_that_goes_back_to_an_older_commit(zoo, toy, machine, tmp_path):
    """Whoever takes the newest gets the old one; here both are shown."""
    old = Path(shutil.copytree(toy, tmp_path / "old"))
    _edit_card(old, version="0.9.0")
    with serve(None, app=Hub(toy)) as url:
        cache = machine(url)
        assert zoo.find(NAME).card.version == "1.0.0"
        shutil.rmtree(cache)
    with serve(None, app=Hub(old, commit="0" * 40)) as url:
        machine(url)
        naive = hf_hub_download(
            "team/toy", CARD_FILE, endpoint=url, cache_dir=tmp_path / "naive"
        )
        assert "0.9.0" in Path(naive).read_text()

        with pytest.raises(PlaceError, match="0" * 40):
            zoo.find(NAME)
    assert user_lock_file().get(f"{NAME}@main")["commit"] == COMMIT


def test_a_server_that_puts_something_else_under_the_recorded_commit(zoo, toy, machine):
    """The commit alone would not tell; the hash of the card does."""
    with serve(None, app=Hub(toy)) as url:
        cache = machine(url)
        zoo.find(NAME)
        shutil.rmtree(cache)
        _edit_card(toy, version="6.6.6")
        naive = hf_hub_download(
            "team/toy", CARD_FILE, revision=COMMIT, endpoint=url, cache_dir=cache / "naive"
        )
        assert "6.6.6" in Path(naive).read_text()

        with pytest.raises(PlaceError, match="is not what it was"):
            zoo.find(NAME)


def _page(**headers):
    async def page(exchange):
        exchange.headers = {}
        await exchange.answer(data=HTML, Content_Type="text/html", **headers)

    return page


@pytest.mark.parametrize("file", [CARD_FILE, WEIGHTS])
@pytest.mark.parametrize("poses_as_hub", [False, True])
def test_a_page_of_html_with_status_200(zoo, toy, machine, monkeypatch, file, poses_as_hub):
    """Saved by its status it is a model; here it is none, and forgotten when it is mended."""
    told = {"X_Repo_Commit": COMMIT, "ETag": '"portal"'} if poses_as_hub else {}
    deed = _only(file, _page(**told))
    with serve(None, app=Hub(toy, HEAD=deed, GET=deed)) as url:
        with urllib.request.urlopen(f"{url}/team/toy/resolve/main/{file}") as answer:
            assert (answer.status, answer.read()) == (200, HTML)
        machine(url)

        with pytest.raises((PlaceError, CardError, WeightsCorrupt)) as caught:
            zoo.load(NAME)
        assert isinstance(caught.value, PlaceError) or poses_as_hub
    with serve(None, app=Hub(toy)) as url:
        machine(url)
        assert zoo.load(NAME).report.loaded > 0


# Machines


def _in_namespace(script, cache, url, lock):
    """Run a shell script where file systems can be mounted; skips where that is forbidden."""
    allowed = shutil.which("unshare") and not subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", cache],
        capture_output=True,
        check=False,
    ).returncode  # fmt: skip
    if not allowed:
        pytest.skip("this user may mount nothing")
    pull = f"{sys.executable} -m zoo_core pull {NAME} --json"
    environment = {
        **os.environ,
        "HF_ENDPOINT": url,
        "HF_HUB_CACHE": str(cache),
        "ZOO_LOCK": str(lock),
        "CACHE": str(cache),
        "PULL": pull,
    }
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk(toy, tmp_path):
    """Ordinary writing leaves a part under the name; here nothing, and it is told."""
    rng = np.random.default_rng(1)
    _put_weights(toy, save({"a": torch.tensor(rng.normal(size=60_000))}))
    cache = tmp_path / "cache"
    cache.mkdir()
    script = (
        'mount -t tmpfs -o size=200k tmpfs "$CACHE"\n'
        f'cp {toy / WEIGHTS} "$CACHE/naive" 2>/dev/null; stat -c "%s" "$CACHE/naive"\n'
        'rm "$CACHE/naive"; $PULL; echo "code $?"\n'
        'find "$CACHE" -path "*blobs*" -type f -size +50k | wc -l\n'
        'mount -o remount,size=9m "$CACHE"; $PULL > /dev/null; echo "code $?"\n'
    )
    with serve(None, app=Hub(toy)) as url:
        done = _in_namespace(script, cache, url, tmp_path / "lock.json")
    part, code, blobs, again = done.stdout.split("\n")[:4]

    assert 0 < int(part) < (toy / WEIGHTS).stat().st_size
    assert code == "code 11", done.stderr
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert blobs.strip() == "0"
    # The golden file was spoilt with nothing: the whole model arrives once there is room.
    assert again == "code 0", done.stderr


def test_a_read_only_cache(toy, tmp_path):
    """It is read without being written to; what is not in it is told with the way out."""
    cache, lock = tmp_path / "cache", tmp_path / "lock.json"
    cache.mkdir()
    mount = 'mount --bind "$CACHE" "$CACHE"; mount -o remount,ro,bind "$CACHE"\n'
    with serve(None, app=Hub(toy)) as url:
        script = mount + 'touch "$CACHE/naive" 2>/dev/null || echo naive fails\n$PULL\n'
        empty = _in_namespace(script, cache, url, lock)
        assert empty.stdout == "naive fails\n"
        assert empty.returncode == 11
        assert "Set HF_HUB_CACHE" in empty.stderr
        assert "Traceback" not in empty.stderr
        assert _in_namespace("$PULL", cache, url, lock).returncode == 0
    filled = _in_namespace(mount + "$PULL\n", cache, "http://127.0.0.1:9", lock)

    assert filled.returncode == 0, filled.stderr
    assert json.loads(filled.stdout)[0]["model"] == "toy"


def _spawn(target, *arguments):
    process = multiprocessing.get_context("forkserver").Process(target=target, args=arguments)
    process.start()
    return process


@pytest.fixture(scope="module", autouse=True)
def _prepared():
    """Processes begin with everything imported, so that they can be many."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hostile", "huggingface_hub", "zoo_core.places._hub"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def test_processes_that_race(zoo, toy, machine, tmp_path):
    """Whoever takes what is there takes half a file; here one fetches and all have it."""
    slow = _only(WEIGHTS, lambda exchange: exchange.drip(10, 0.5))
    hub = Hub(toy, GET=slow)
    naive = tmp_path / "naive"
    with serve(None, app=hub) as url:
        started = multiprocessing.get_context("forkserver").Event()
        address = f"{url}/team/toy/resolve/main/{WEIGHTS}"
        first = _spawn(fetch_naively, address, naive, started)
        assert started.wait(60)
        assert naive.stat().st_size < (toy / WEIGHTS).stat().st_size
        first.join()
        hub.seen.clear()
        cache = machine(url)
        lock = tmp_path / "machine.lock.json"
        running = [_spawn(fetch_model, url, cache, lock) for _ in range(3)]
        for process in running:
            process.join(60)

    assert [process.exitcode for process in running] == [0, 0, 0]
    assert hub.count("GET", WEIGHTS) == 1
    machine("http://127.0.0.1:9")
    assert zoo.load(NAME).report.loaded > 0


def test_kill_at_random_moments(zoo, toy, machine, tmp_path):
    """Naively a part stays under the name; here what is loaded is always the whole."""
    seconds = 0.3
    hub = Hub(toy)

    async def slowly(exchange):
        return await exchange.drip(20, seconds / 2)

    context = multiprocessing.get_context("forkserver")
    rng = random.Random(20)
    whole, wrong, unfinished = (toy / WEIGHTS).read_bytes(), 0, 0
    with serve(None, app=hub) as url:
        started = context.Event()
        hub.deeds = {"GET": slowly}
        naive = tmp_path / "naive"
        process = _spawn(
            fetch_naively, f"{url}/team/toy/resolve/main/{WEIGHTS}", naive, started
        )
        while not (naive.exists() and naive.stat().st_size):
            time.sleep(0.001)
        process.kill()
        process.join()
        assert 0 < naive.stat().st_size < len(whole)

        for moment in range(20):
            cache, lock = tmp_path / f"cache-{moment}", tmp_path / f"cache-{moment}.lock.json"
            started, hub.deeds = context.Event(), {"GET": slowly}
            process = _spawn(fetch_model, url, cache, lock, started)
            assert started.wait(60)
            time.sleep(rng.uniform(0.0, 1.3 * seconds))
            process.kill()
            process.join()
            unfinished += process.exitcode != 0
            hub.deeds = {}
            machine(url, f"cache-{moment}")
            found = zoo.find(NAME)
            data = found.read(found.card.weights.ref)
            wrong += data != whole
            wrong += any(
                hashlib.sha256(path.read_bytes()).hexdigest() != path.name
                for path in _blobs(cache)
                if path.suffix != ".incomplete"
            )

    assert wrong == 0
    assert unfinished >= 10


# Plugins


def test_a_plugin_that_brings_a_model_of_an_embedded_name(zoo, toy, tmp_path):
    """In a table by name the last one wins; here both are named and neither is loaded."""
    evil = Path(shutil.copytree(toy, tmp_path / "evil" / "toy"))
    _edit_card(evil, version="6.6.6")
    registries = [Registry("embedded", toy.parent), Registry("evil", evil.parent)]
    table = {folder.name: folder for each in registries for folder in each.model_folders()}
    assert table["toy"] == evil

    both = Zoo(zoo.plugins.plugins, registries)
    with pytest.raises(AmbiguousName, match="embedded/toy or evil/toy"):
        both.load("toy")
    assert both.find("embedded/toy").card.version == "1.0.0"
    assert both.find("evil/toy").card.version == "6.6.6"


@pytest.mark.parametrize("name", ["embedded", "user", "path"])
def test_a_plugin_that_takes_the_name_of_a_registry(site, name):
    """Its models would be ``embedded/...``; it is refused, and nothing of it is run."""
    site.install(name, code="raise SystemExit('it ran')")
    (plugin,) = (plugin for plugin in discover() if plugin.name == name)

    assert not plugin.is_usable
    with pytest.raises(PluginError, match="cannot be called"):
        raise PluginError(plugin.why())
