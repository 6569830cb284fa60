"""Running the mirror until it is told to stop."""

from __future__ import annotations

import copy
import ipaddress
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def serve(
    root: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    verbose: bool = False,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve a folder until Ctrl-C or a signal to end.

    Parameters
    ----------
    root : pathlib.Path
        Holds ``org/name`` folders, or model folders.
    host : str
        Address to listen on.
    port : int
        0 takes any free one.
    verbose : bool
        Log each request to standard error.
    ready : callable
        Called with the URL when the port is open.

    Raises
    ------
    UsageError
        No such folder, or the packages for serving are not installed.
    OutputError
        The address cannot be listened on.
    """
    try:
        import uvicorn

        from ._app import make_app
    except ImportError as error:
        raise UsageError(
            f"serving needs the package {error.name!r}: pip install 'astrozoo[mirror]'."
        ) from error
    if not root.is_dir():
        raise UsageError(f"{root} is no folder; name one that holds ORG/NAME folders.")
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    _end_on_terminate()
    ready(f"http://{shown}:{listening.getsockname()[1]}")
    config = uvicorn.Config(
        make_app(root),
        log_config=_logs_to_standard_error(uvicorn.config.LOGGING_CONFIG),
        log_level="info" if verbose else "warning",
        access_log=verbose,
        server_header=False,
        lifespan="off",
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        # uvicorn has ended in order and raises the signal again; this is the way to end.
        return
    finally:
        listening.close()


def _end_on_terminate() -> None:
    """Let SIGTERM end the server as Ctrl-C does, also before it has begun to serve."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _logs_to_standard_error(config: dict[str, Any]) -> dict[str, Any]:
    """Standard output holds nothing but the address, so that a shell can read it."""
    config = copy.deepcopy(config)
    for handler in config["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    return config


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where the protocol is named does asyncio switch off the delay of small packets,
    # which would cost each answer 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        told = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{host}:{port} cannot be listened on ({told}). Choose another --port; 0 takes "
            "any free one."
        ) from error
    listening.listen(128)
    return listening
