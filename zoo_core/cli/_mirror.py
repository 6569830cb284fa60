"""``zoo mirror serve``: model folders for machines without a way to the Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ._common import HelpFormatter, add_verb, note

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "mirror",
        run,
        summary="serve model folders over the Hub's protocol",
        examples=(
            "zoo mirror serve /data/mirror",
            "zoo mirror serve /data/mirror --host 10.0.0.5 --port 8080",
        ),
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    serve = actions.add_parser(
        "serve",
        help="serve a folder until Ctrl-C; read-only",
        description="Serve DIR/org/name folders, and model folders in DIR, read-only.",
        epilog="Example: zoo mirror serve /data/mirror --port 8080",
        formatter_class=HelpFormatter,
    )
    serve.add_argument("folder", metavar="DIR", type=Path, help="holds ORG/NAME folders")
    serve.add_argument("--host", default="127.0.0.1", help="address (127.0.0.1: this machine)")
    serve.add_argument("--port", type=int, default=8090, help="port (8090); 0 takes any")
    serve.add_argument("--verbose", action="store_true", help="log each request")
    serve.add_argument("--json", action="store_true", help="print the URL as JSON when ready")


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from ..mirror import serve
    from ..mirror._serve import is_loopback

    def ready(url: str) -> None:
        if arguments.json:
            print(json.dumps({"url": url}), flush=True)
            return
        print(f"export HF_ENDPOINT={url}", flush=True)
        note(f"serving {arguments.folder}, read-only; Ctrl-C ends")
        if not is_loopback(arguments.host):
            note("whoever reaches this address can read all of it; there is no encryption")

    serve(
        arguments.folder,
        host=arguments.host,
        port=arguments.port,
        verbose=arguments.verbose,
        ready=ready,
    )
    return 0
