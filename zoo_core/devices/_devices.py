"""The devices of this machine."""

from __future__ import annotations

import os
import platform
import warnings
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeviceError
from ._precision import cpu_features, default_precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something to compute on.

    Attributes
    ----------
    name : str
        ``cpu``, ``cuda:0``, ``mps``: what ``--device`` takes.
    description : str
        The maker's name for it.
    memory : int
        Bytes in all; 0 where the system does not say.
    threads : int
        Threads that torch uses; 0 for an accelerator.
    features : tuple of str
        What it can do that matters for speed, such as ``avx512_bf16``.
    default_precision : str
        What ``--precision auto`` means on it.
    """

    name: str
    description: str
    memory: int
    threads: int
    features: tuple[str, ...]
    default_precision: str


def list_devices() -> list[Device]:
    """All devices, the one that ``auto`` means first."""
    return [_describe(name) for name in _names()]


def pick_device(name: str = "auto") -> str:
    """Full name of the wanted device, such as ``cuda:0`` for ``cuda``.

    Raises
    ------
    DeviceError
        There is no such device; the message lists those that there are.
    """
    names = _names()
    if name == "auto":
        return names[0]
    full = f"{name}:0" if name == "cuda" else name
    if full in names:
        return full
    hint = ""
    if name.startswith("cuda") and not any(known.startswith("cuda") for known in names):
        hint = " Its torch finds no NVIDIA GPU; `zoo doctor` looks for the cause."
    raise DeviceError(
        f"there is no device {name!r} on this machine.{hint} "
        f"Use one of: auto, {', '.join(names)}."
    )


def device_memory(name: str) -> int:
    """Bytes of memory of a device in all; 0 where the system does not say."""
    import torch

    if name.startswith("cuda"):
        return int(torch.cuda.get_device_properties(name).total_memory)
    if name == "mps":
        return int(torch.mps.recommended_max_memory())
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0  # not a POSIX system


def _names() -> list[str]:
    import torch

    names = []
    with warnings.catch_warnings():
        # A driver that does not work means that there is no such device, no more.
        warnings.simplefilter("ignore")
        if torch.cuda.is_available():
            names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        if torch.backends.mps.is_available():
            names.append("mps")
    return [*names, "cpu"]


def _describe(name: str) -> Device:
    import torch

    description, threads = platform.machine(), 0
    features: tuple[str, ...] = ()
    if name == "cpu":
        description, threads, features = _cpu_name(), torch.get_num_threads(), cpu_features()
    elif name.startswith("cuda"):
        properties = torch.cuda.get_device_properties(name)
        description = properties.name
        features = (f"sm_{properties.major}{properties.minor}",)
    return Device(
        name=name,
        description=description,
        memory=device_memory(name),
        threads=threads,
        features=features,
        default_precision=default_precision(name),
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return value.strip()
    return platform.processor() or platform.machine()
