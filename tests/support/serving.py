"""A mirror for tests: the real application, served from a thread."""

import threading
import time
from contextlib import contextmanager

import uvicorn

from zoo_core.mirror import make_app


@contextmanager
def serve(folder, app=None):
    """Serve a folder (or any ASGI application) on a free port; gives the URL."""
    config = uvicorn.Config(
        app or make_app(folder), host="127.0.0.1", port=0, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
    (listening,) = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
