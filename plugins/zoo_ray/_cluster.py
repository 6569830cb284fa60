"""Ray itself: imported, started or connected to, and left."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo_core.errors import ProcessError, UsageError

from ._plan import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

#: For the tables of parts that are under way; more goes to the disc. Ray would take a third
#: of the memory.
_STORE_BYTES = 512 * 2**20

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Under `uv run` Ray would build the environment again for each worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # The raylet tells of dead workers on standard output, where results are printed.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    # What it will do with GPUs of workers that ask for none; it warns without this.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def import_ray() -> Any:
    """Import Ray, which keeps to itself.

    Raises
    ------
    UsageError
        It is not installed; with the command that installs it.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the engine ray needs the package {error.name!r}: pip install 'astrozoo[ray]'."
        ) from error
    return ray


@contextmanager
def connected(*, cores: int | None = None) -> Iterator[Any]:
    """Ray, connected to the cluster of this machine, or with one that ends with the block.

    Parameters
    ----------
    cores : int, optional
        Of a cluster that is begun here; those that this process may use, if not given.

    Raises
    ------
    ProcessError
        The cluster cannot be reached or begun.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield ray
        return
    quiet = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "include_dashboard": False,
    }
    own = {"num_cpus": cores or usable_cores(), "object_store_memory": _STORE_BYTES}
    try:
        try:
            ray.init(**own, **quiet)
        except ValueError:
            # There is one already, whose sizes are its own.
            ray.init(**quiet)
    # A raylet that is not there within half a minute is a bare Exception.
    except Exception as error:
        ray.shutdown()
        raise ProcessError(
            f"Ray cannot be used: {error}\nOn a machine that was busy, try again. If a cluster "
            "that was here is no more, `ray stop` forgets it; RAY_ADDRESS=local takes this "
            "machine alone."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def nodes_of(ray: Any) -> list[Node]:
    """The machines of the cluster."""
    resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [Node(int(has.get("CPU", 0)), int(has.get("GPU", 0))) for has in resources]


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
