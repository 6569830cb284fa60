"""Fixtures for tests of plugins: ``pytest_plugins = ["zoo_core.testing.fixtures"]``."""

from __future__ import annotations

import socket
from typing import Any, NoReturn

import pytest

from .._zoo import Zoo

__all__ = ["empty_zoo", "no_network"]


@pytest.fixture
def empty_zoo() -> Zoo:
    """A zoo without plugins and registries, whatever is installed."""
    return Zoo()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to reach another machine fails the test; sockets of this one work."""
    connect = socket.socket.connect

    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        pytest.fail(f"a test tried to reach the network: {arguments[:2]}")

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            refuse(*address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
