"""``zoo publish``: a model folder for others to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import add_verb, human_size, note, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "publish",
        run,
        summary="publish a model folder on the Hub, or for a mirror",
        examples=(
            "zoo publish runs/mine/my-model hf://my-team/my-model --dry-run",
            "zoo publish my-model hf://my-team/my-model --private",
            "zoo publish my-model /data/mirror/my-team/my-model",
        ),
    )
    parser.add_argument("name", metavar="NAME", help="model, place/model or path of a folder")
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="hf://org/name or hf://org/name@branch, or a folder DIR/org/name of a mirror",
    )
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--message", default="", help="of the commit (name and version)")
    parser.add_argument("--dry-run", action="store_true", help="check and list, send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Check, list, and send."""
    from .._zoo import default_zoo
    from ..places import list_outgoing, list_removed, publish

    found = default_zoo().find(arguments.name)
    outgoing = list_outgoing(found, arguments.target)
    removed = list_removed(arguments.target, outgoing)
    reference = publish(
        found,
        arguments.target,
        private=arguments.private,
        message=arguments.message,
        dry_run=arguments.dry_run,
    )
    if arguments.json:
        print_json(
            {
                "model": found.card.name,
                "version": found.card.version,
                "target": arguments.target,
                "files": {one.name: one.size for one in outgoing},
                "removed": removed,
                "published": reference,
            }
        )
        return 0
    print_table(["FILE", "SIZE"], [(one.name, human_size(one.size)) for one in outgoing])
    done = "removed" if reference else "would be removed"
    if removed:
        note(f"{done} from {arguments.target}: {', '.join(removed)}")
    elif removed is None and not reference:
        note(f"{arguments.target} could not be looked at; what it has besides {done}")
    total = human_size(sum(one.size for one in outgoing))
    if reference:
        note(f"published {total}: zoo load {reference}")
    else:
        note(f"{total} would be sent to {arguments.target}; nothing was")
    return 0
