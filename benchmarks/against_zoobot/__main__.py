"""Fine-tuning and prediction against Zoobot: the same work, both sides, in one go.

    python -m benchmarks.against_zoobot --zoobot-python PATH -o docs/evidence/against-zoobot
    python -m benchmarks.against_zoobot --zoobot-python PATH -o /tmp/try --fast

Zoobot needs an environment of its own (``pip install zoobot[pytorch]``) with the versions of
torch and timm that are here; PATH is its Python. Each job is a process that is run with one
thread and measured; jobs of the two sides take turns. What a job took is appended to
OUTPUT.json, and a run that was killed goes on where it was. At the end, or with what is there
so far (``--page``), the ratios are printed and OUTPUT.md is written. Pictures, backbones and
logs stay in the folder ``--work``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .jobs import FAST, Bench, Settings, planned
from .page import write_page
from .results import GOALS, verdicts
from .zoobot_side import PACKAGES

_KEYS = ("arch", "kind", "side", "round", "variant")


def main() -> None:
    """Measure what is missing, print the ratios, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--zoobot-python", metavar="PATH", help="of Zoobot's environment")
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    parser.add_argument("--work", type=Path, help="folder for pictures, backbones and logs")
    parser.add_argument("--arch", nargs="+", help="backbones, by their names in timm")
    parser.add_argument(
        "--shorter", nargs=3, type=int, metavar=("FIRST", "HEAD", "ROUNDS"),
        help="for backbones that take hours: epochs of the backbone's own training, epochs of "
        "Zoobot's head at most, repetitions",
    )  # fmt: skip
    parser.add_argument("--fast", action="store_true", help="everything tiny, for a test")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    arguments = parser.parse_args()
    settings = FAST if arguments.fast else Settings()
    file = arguments.output.with_suffix(".json")
    if not arguments.page:
        if not arguments.zoobot_python:
            parser.error("--zoobot-python is needed to measure anything")
        _measure(arguments, settings, file)
    stored = json.loads(file.read_text(encoding="utf-8"))
    write_page(stored, arguments.output)
    for arch in dict.fromkeys(record["arch"] for record in stored["records"]):
        for kind, ratio in verdicts(
            stored["records"], Settings(**stored["settings"]), arch
        ).items():
            print(f"{arch} {kind}: {ratio:.2f}x (goal {GOALS[kind]:g}x)")


def _measure(arguments: argparse.Namespace, settings: Settings, file: Path) -> None:
    if arguments.arch:
        settings = Settings(**{**asdict(settings), "architectures": tuple(arguments.arch)})
    name = "astrozoo-against-zoobot-fast" if arguments.fast else "astrozoo-against-zoobot"
    work = arguments.work or Path(tempfile.gettempdir()) / name
    stored: dict[str, Any] = {"records": []}
    if file.exists():
        stored = json.loads(file.read_text(encoding="utf-8"))
    command = "python -m benchmarks.against_zoobot --zoobot-python PATH"
    command += f" -o {arguments.output}" + " --fast" * arguments.fast
    stored["settings"] = asdict(FAST if arguments.fast else Settings())
    if arguments.shorter:
        first, head, rounds = arguments.shorter
        shorter = {"first_epochs": first, "head_epochs": head, "rounds": rounds}
        settings = Settings(**{**asdict(settings), **shorter})
        told = stored.setdefault("shorter", {})
        told.update(dict.fromkeys(settings.architectures, shorter))
    stored["facts"] = {
        "machine": describe_machine(),
        "zoobot": _versions_there(arguments.zoobot_python),
        "zoo": {name: version(name) for name in ("astrozoo", *PACKAGES[3:])},
        "command": command,
    }
    bench = Bench(work, settings, zoobot_python=arguments.zoobot_python)
    done = {tuple(record[key] for key in _KEYS) for record in stored["records"]}
    for job in planned(settings):
        if tuple(asdict(job).values()) in done:
            continue
        taken = bench.do(job)
        stored["records"].append({**asdict(job), **taken})
        file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        print(f"{job}: {taken['cpu']:.1f} s of processor time", flush=True)


def describe_machine() -> str:
    """Name and abilities of the processor, as the operating system tells them."""
    import torch

    name, flags = platform.processor(), ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        told = dict(
            (part.strip() for part in line.split(":", 1))
            for line in info.read_text(encoding="utf-8").splitlines()
            if ":" in line
        )
        name = f"{told['model name']} (family {told['cpu family']}, model {told['model']})"
        flags = told["flags"]
    has = [f"{word} {'yes' if word in flags else 'no'}" for word in ("avx512_bf16", "amx_bf16")]
    return (
        f"{name}, {os.cpu_count()} cores of which one was used; {', '.join(has)}; "
        f"{torch.backends.cpu.get_cpu_capability()}; Python {platform.python_version()}."
    )


def _versions_there(python: str) -> dict[str, str]:
    driver = Path(__file__).with_name("zoobot_side.py")
    told = subprocess.run(
        [python, str(driver), "versions"], check=True, capture_output=True, text=True
    )
    found: dict[str, str] = json.loads(told.stdout)
    return found


if __name__ == "__main__":
    main()
