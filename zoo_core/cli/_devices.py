"""``zoo devices``: what there is to compute on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ._common import add_verb, human_size, print_json, print_table

if TYPE_CHECKING:
    import argparse

    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    add_verb(
        verbs,
        "devices",
        run,
        summary="list devices with their memory and default precision",
        examples=("zoo devices", "zoo devices --json"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    from ..devices import list_devices

    devices = list_devices()
    if arguments.json:
        print_json([asdict(device) for device in devices])
        return 0
    rows = [
        (
            device.name,
            device.description,
            human_size(device.memory),
            str(device.threads or ""),
            device.default_precision,
            " ".join(device.features),
        )
        for device in devices
    ]
    print_table(("NAME", "DESCRIPTION", "MEMORY", "THREADS", "PRECISION", "FEATURES"), rows)
    return 0
