"""``zoo plugins``: what is installed, and why something does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._zoo import Zoo
from ._common import add_verb, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ..plugins import Plugin
    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "plugins",
        run,
        summary="list plugins with their state, and why one cannot be used",
        examples=(
            "zoo plugins",
            "zoo plugins --load --json",
            "ZOO_BLOCK=some-plugin zoo plugins",
        ),
    )
    parser.add_argument(
        "--load", action="store_true", help="import every plugin first, to find broken ones"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    zoo = Zoo.discover()
    if arguments.load:
        zoo.plugins.load_all()
    plugins = zoo.plugins.plugins
    if arguments.json:
        print_json([_as_json(plugin) for plugin in plugins])
        return 0
    rows = [
        (p.name, p.distribution, str(p.state), p.manifest.summary if p.manifest else "")
        for p in plugins
    ]
    print_table(("NAME", "DISTRIBUTION", "STATE", "SUMMARY"), rows)
    for plugin in zoo.plugins.unavailable():
        print(f"\n{plugin.why()}")
    return 0


def _as_json(plugin: Plugin) -> dict[str, object]:
    contributions = plugin.manifest.contributions if plugin.manifest else ()
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "state": str(plugin.state),
        "stage": None if plugin.stage is None else str(plugin.stage),
        "why": plugin.why() if plugin.error else None,
        "contributions": [{"kind": c.kind, "name": c.name} for c in contributions],
    }
