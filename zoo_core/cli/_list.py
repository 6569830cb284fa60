"""``zoo list``: what models there are. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._zoo import Zoo
from ..errors import UsageError
from ..plugins import KINDS
from ._common import add_verb, human_size, note, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "list",
        run,
        summary="list models, or what plugins offer",
        examples=(
            "zoo list",
            "zoo list --task lens-finding",
            "zoo list --plugin strong-lensing --json",
            "zoo list --simulators",
        ),
    )
    parser.add_argument("--task", help="only models of this task (name or kind)")
    parser.add_argument("--plugin", help="only models of this plugin")
    group = parser.add_mutually_exclusive_group()
    for kind in KINDS:
        group.add_argument(
            f"--{kind}",
            dest="kind",
            action="store_const",
            const=kind,
            help=f"list {kind} instead of models",
        )


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    if arguments.kind and arguments.task:
        raise UsageError(
            f"--task selects models, and --{arguments.kind} lists {arguments.kind} instead of "
            "models. Leave out one of the two."
        )
    zoo = Zoo.discover()
    if arguments.plugin:
        zoo.plugins.named(arguments.plugin)
    if arguments.kind:
        _contributions(zoo, arguments)
    else:
        _models(zoo, arguments)
    broken = zoo.plugins.unavailable()
    if broken:
        note(f"{len(broken)} plugin{'s' * (len(broken) > 1)} cannot be used, see 'zoo plugins'")
    return 0


def _models(zoo: Zoo, arguments: argparse.Namespace) -> None:
    listing = zoo.list_models(task=arguments.task, plugin=arguments.plugin)
    for problem in listing.problems:
        note(f"unreadable card: {problem}")
    if arguments.json:
        print_json(
            [
                {
                    **item.summary._asdict(),
                    "place": item.place,
                    "embedded": item.is_embedded,
                    "folder": str(item.folder),
                }
                for item in listing.found
            ]
        )
        return
    if not listing.found:
        note("no models match; 'zoo list' without options shows all")
        return
    rows = [
        (
            item.summary.name,
            item.summary.version,
            item.summary.task,
            item.place,
            human_size(item.summary.size or 0) if item.is_embedded else "not embedded",
            item.summary.summary,
        )
        for item in listing.found
    ]
    print_table(("NAME", "VERSION", "TASK", "PLACE", "SIZE", "SUMMARY"), rows)


def _contributions(zoo: Zoo, arguments: argparse.Namespace) -> None:
    found = [
        c
        for c in zoo.plugins.contributions(arguments.kind)
        if arguments.plugin in (None, c.plugin)
    ]
    if arguments.json:
        print_json([{"name": c.name, "plugin": c.plugin, "summary": c.summary} for c in found])
        return
    print_table(("NAME", "PLUGIN", "SUMMARY"), [(c.name, c.plugin, c.summary) for c in found])
