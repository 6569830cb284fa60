"""``zoo cache``: what was fetched from hubs, and removing it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ._common import add_verb, human_size, note, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "cache",
        run,
        summary="show what was fetched from hubs, or remove it",
        examples=(
            "zoo cache",
            "zoo cache --remove hf://org/name",
            "zoo cache --prune --dry-run",
        ),
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--remove", nargs="+", metavar="NAME", help="remove hf://org/name or one revision of it"
    )
    what.add_argument(
        "--prune",
        action="store_true",
        help="remove commits that no branch, tag or recorded reference leads to",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or what was removed."""
    from ..places import choose_cached, list_cached, remove_cached, user_lock_file

    cached = list_cached(user_lock_file())
    removes = bool(arguments.prune or arguments.remove)
    if arguments.remove:
        cached = choose_cached(cached, arguments.remove)
    elif arguments.prune:
        cached = [one for one in cached if not one.names and not one.is_recorded]
    freed = remove_cached(cached) if removes and not arguments.dry_run else 0
    if arguments.json:
        entries = [
            {
                "reference": str(one.reference),
                "names": list(one.names),
                "size": one.size,
                "recorded": one.is_recorded,
                "folder": str(one.folder),
            }
            for one in cached
        ]
        print_json({"entries": entries, "removed": removes and not arguments.dry_run})
        return 0
    rows = [
        (
            one.reference.repository,
            one.reference.revision[:12],
            ", ".join(one.names) or ("recorded" if one.is_recorded else "-"),
            human_size(one.size),
            time.strftime("%Y-%m-%d", time.localtime(one.used)),
        )
        for one in cached
    ]
    print_table(["REPOSITORY", "COMMIT", "LED TO BY", "SIZE", "LAST USED"], rows)
    if removes:
        done = "would be removed" if arguments.dry_run else f"removed: {human_size(freed)} free"
        note(f"{len(cached)} commits {done}")
    elif not cached:
        note("nothing was fetched yet")
    return 0
