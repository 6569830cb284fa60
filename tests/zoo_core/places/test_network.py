"""Asking whether a server can be reached: an answer in bounded time."""

import socket
import threading
import time

import pytest

from zoo_core.places import _network
from zoo_core.places._network import why_unreachable


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_server_that_listens_can_be_reached():
    """Nothing is sent to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert why_unreachable(f"http://127.0.0.1:{server.getsockname()[1]}") == ""


def test_a_closed_port_is_told():
    """With address and cause."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert why_unreachable(f"http://127.0.0.1:{port}").startswith(f"127.0.0.1:{port}: ")


def test_a_name_that_nobody_resolves_costs_two_seconds(monkeypatch):
    """Looking up a name may hang for half a minute; it is not waited for."""
    ended = threading.Event()

    def hang(*_, **__):
        ended.wait(20)
        raise OSError("never")

    monkeypatch.setattr(_network.socket, "create_connection", hang)
    began = time.monotonic()
    problem = why_unreachable("https://hub.invalid")

    ended.set()
    assert time.monotonic() - began < 3.0
    assert problem == "no answer from hub.invalid:443 within 2 s"


def test_a_server_that_does_not_answer_is_asked_once(monkeypatch):
    """Several sources of one model lie on it; a little later it is asked again."""
    asked = []

    def fail(*_, **__):
        asked.append(1)
        raise OSError("never")

    monkeypatch.setattr(_network.socket, "create_connection", fail)
    first = why_unreachable("https://other.invalid")
    assert why_unreachable("https://other.invalid/again") == first
    assert len(asked) == 1
    monkeypatch.setattr(_network, "_REMEMBERED", 0.0)
    why_unreachable("https://other.invalid")
    assert len(asked) == 2


def test_where_there_is_a_proxy_it_is_what_must_answer(monkeypatch):
    """The server itself may be out of reach then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")

        assert why_unreachable("https://hub.invalid") == ""


@pytest.mark.parametrize("endpoint", ["http://host:port", "http://host:99999"])
def test_no_address_is_told(endpoint):
    """A misspelt HF_ENDPOINT."""
    assert "no address" in why_unreachable(endpoint)
