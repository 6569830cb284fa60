"""``zoo doctor``: whether this installation is sound and what mends it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ._common import add_verb, print_json

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    add_verb(
        verbs,
        "doctor",
        run,
        summary="check the installation and say how to mend it",
        examples=("zoo doctor", "zoo doctor --json"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the checks; exit code 1 if one failed."""
    from .._zoo import Zoo
    from ..doctor import examine

    checks = examine(Zoo.discover())
    if arguments.json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{'ok    ' if check.passed else 'FAILED'}  {check.name:<22} {check.message}")
    return 0 if all(check.passed for check in checks) else 1
