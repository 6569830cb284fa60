"""Parsing the command line, running a verb, and turning errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import ZooError
from ._common import HelpFormatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: In the order of the help text: looking, using, making, keeping house.
VERBS = (
    "list", "info", "load", "predict", "embed", "similar", "merge", "evaluate", "simulate",
    "train", "finetune", "adopt", "combine",
    "verify", "cite", "pull", "publish", "mirror", "cache", "plugins", "devices",
    "doctor", "completion",
)  # fmt: skip

_INTERRUPTED = 130


def build_parser(verbs: Iterable[str] = VERBS) -> argparse.ArgumentParser:
    """The parser with all verbs, or with some: each costs start-up time."""
    parser = argparse.ArgumentParser(
        prog="zoo",
        description="A model zoo for deep learning in astronomy.",
        epilog="Example: zoo predict resnet-lens cutouts/ -o candidates.parquet",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"astrozoo {__version__}")
    parser.add_argument(
        "--traceback", action="store_true", help="show the whole traceback of an error"
    )
    added = parser.add_subparsers(dest="verb", metavar="VERB", required=True, prog="zoo")
    for verb in verbs:
        import_module(f"._{verb}", __package__).register(added)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 done; 1 to 12 as the errors in ``zoo_core.errors`` say (2 also for a wrong command
    line); 130 interrupted.
    """
    given = sys.argv[1:] if argv is None else argv
    verbs = [given[0]] if given and given[0] in VERBS else VERBS
    arguments = build_parser(verbs).parse_args(given)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except ZooError as error:
        if arguments.traceback:
            raise
        print(f"zoo: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("zoo: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`zoo list | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
