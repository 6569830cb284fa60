"""``zoo completion``: completion of the command line in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import add_verb

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "completion",
        run,
        summary="print a completion script for a shell",
        examples=(
            "zoo completion bash > ~/.local/share/bash-completion/completions/zoo",
            "zoo completion zsh > ~/.zfunc/_zoo",
        ),
        json_output=False,
    )
    parser.add_argument(
        "shell", metavar="SHELL", choices=("bash", "zsh", "tcsh"), help="bash, zsh or tcsh"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from ._main import build_parser

    print(shtab.complete(build_parser(), shell=arguments.shell))
    return 0
