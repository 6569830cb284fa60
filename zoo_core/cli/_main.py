"""Parsing the command line, running a verb, and turning errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from .. import __version__
from .._errors import ZooError
from . import (
    _cite,
    _completion,
    _devices,
    _doctor,
    _evaluate,
    _info,
    _list,
    _load,
    _plugins,
    _predict,
    _simulate,
    _train,
    _verify,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

#: In the order of the help text: looking, using, making, keeping house.
_VERBS = (
    _list, _info, _load, _predict, _evaluate, _simulate, _train,
    _verify, _cite, _plugins, _devices, _doctor, _completion,
)  # fmt: skip

_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = argparse.ArgumentParser(
        prog="zoo",
        description="A model zoo for deep learning in astronomy.",
        epilog="Example: zoo predict resnet-lens cutouts/ -o candidates.parquet",
    )
    parser.add_argument("--version", action="version", version=f"astrozoo {__version__}")
    parser.add_argument(
        "--traceback", action="store_true", help="show the whole traceback of an error"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in _VERBS:
        verb.register(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 done; 1 to 9 as the errors in ``zoo_core._errors`` say (2 also for a wrong command
    line); 130 interrupted.
    """
    arguments = build_parser().parse_args(argv)
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
