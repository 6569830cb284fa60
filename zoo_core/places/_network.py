"""Finding out in bounded time whether a server can be reached at all.

Clients try again and again before they give up; a machine without a network should be told
at once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

#: Seconds that looking up a name and connecting may take together.
_PATIENCE = 2.0

#: Seconds for which a server that did not answer is not asked again: several sources of one
#: model lie on it.
_REMEMBERED = 5.0

#: What was wrong with a server, and when that was found out.
_unanswered: dict[tuple[str, int], tuple[float, str]] = {}


def why_unreachable(endpoint: str) -> str:
    """Why no connection to a URL's server can be made; empty if one can.

    Where a proxy is set for it, the connection is made to the proxy.
    """
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    if proxy:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host = parts.hostname or ""
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return f"{endpoint!r} is no address"
    asked_at, problem = _unanswered.get((host, port), (0.0, ""))
    if problem and time.monotonic() - asked_at < _REMEMBERED:
        return problem
    problem = _connect(host, port)
    # Only failures are remembered: a server that answers does so quickly.
    _unanswered[host, port] = (time.monotonic(), problem)
    return problem


def _connect(host: str, port: int) -> str:
    problem = [f"no answer from {host}:{port} within {_PATIENCE:g} s"]

    def attempt() -> None:
        try:
            socket.create_connection((host, port), timeout=_PATIENCE).close()
            problem[0] = ""
        except OSError as error:
            problem[0] = f"{host}:{port}: {error.strerror or error}"

    # Looking up a name has no time limit of its own, so it is waited for from outside.
    thread = threading.Thread(target=attempt, name="zoo-connect", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return problem[0]


def is_offline_by_choice() -> bool:
    """Whether the user has told the hub's client not to use the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
