"""A command as a process of its own, and the processor time that it takes."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What holds every library to one thread.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)

#: A line that tells of an epoch, as both sides print it.
_EPOCH = re.compile(r"^(\d+): .*?validation_loss ([-+.0-9einfa]+)")


@dataclass(frozen=True, slots=True)
class Epoch:
    """The processor seconds that a process has taken when it tells of an epoch."""

    number: int
    validation_loss: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: processor (user and system) and wall seconds, and its epochs."""

    cpu: float
    wall: float
    epochs: tuple[Epoch, ...] = ()


def run(command: Sequence[str | Path], *, log: Path, folder: Path) -> Usage:
    """Run a command with one thread and measure it.

    Parameters
    ----------
    command : sequence
        Program and arguments.
    log : pathlib.Path
        Gets what it prints.
    folder : pathlib.Path
        Where it runs.

    Raises
    ------
    RuntimeError
        It failed; the message has the end of what it printed.
    """
    words = [str(word) for word in command]
    told: list[str] = []
    epochs: list[Epoch] = []
    before, began = os.times(), time.perf_counter()
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        env=_environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            found = parse_epoch(line)
            if found:
                epochs.append(Epoch(*found, _seconds_so_far(process.pid)))
    wall, after = time.perf_counter() - began, os.times()
    log.write_text(" ".join(words) + "\n" + "".join(told), encoding="utf-8")
    if process.returncode:
        end = "".join(told[-20:])
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{end}")
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Usage(cpu, wall, tuple(epochs))


def _environment() -> dict[str, str]:
    """One thread; and bytecode is kept, or every start would compile all that it imports."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ONE_THREAD, "PYTHONUNBUFFERED": "1"}


def parse_epoch(line: str) -> tuple[int, float] | None:
    """Number and validation loss of an epoch, if the line tells of one.

    >>> parse_epoch("3: training_loss 0.5, validation_loss 0.25, seconds 4.1")
    (3, 0.25)
    """
    found = _EPOCH.match(line.strip())
    return (int(found[1]), float(found[2])) if found else None


def _seconds_so_far(pid: int) -> float:
    """User and system seconds of a process and of those of its children that have ended."""
    with Path(f"/proc/{pid}/stat").open(encoding="ascii") as file:
        # The name of the program, in parentheses, may hold spaces.
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
