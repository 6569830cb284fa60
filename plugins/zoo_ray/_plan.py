"""How many workers fit into a cluster, and what each of them gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zoo_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Threads of a worker, if nobody says how many. What a worker does besides the network runs on
#: one of them, so that many threads would wait for it; and each worker has a network in memory.
_THREADS = 4


class Node(NamedTuple):
    """What Ray may use of a machine."""

    cores: int
    gpus: int = 0


class Plan(NamedTuple):
    """Workers in all, and threads and GPUs of each."""

    workers: int
    threads: int
    gpus: int = 0


def make_plan(
    nodes: Iterable[Node],
    *,
    on_gpu: bool = False,
    workers: int | None = None,
    threads: int | None = None,
) -> Plan:
    """Divide a cluster.

    Parameters
    ----------
    nodes : iterable of Node
        The machines.
    on_gpu : bool
        Whether each worker has a GPU of its own.
    workers : int, optional
        As the user wishes; all that fit, if not given.
    threads : int, optional
        Of each, as the user wishes.

    Raises
    ------
    UsageError
        So much is not there.

    Examples
    --------
    >>> make_plan([Node(16), Node(8)])
    Plan(workers=6, threads=4, gpus=0)
    >>> make_plan([Node(16), Node(8)], workers=3)
    Plan(workers=3, threads=8, gpus=0)
    """
    usable = [node for node in nodes if node.cores and (node.gpus or not on_gpu)]

    def room(each: int) -> int:
        return sum(
            min(node.cores // each, node.gpus) if on_gpu else node.cores // each
            for node in usable
        )

    if threads is None and usable:
        if workers is not None:
            choices = range(max(node.cores for node in usable), 1, -1)
            threads = next((each for each in choices if room(each) >= workers), 1)
        elif on_gpu:
            threads = max(1, min(node.cores // node.gpus for node in usable))
        else:
            threads = min(_THREADS, *(node.cores for node in usable))
    most = room(threads or 1)
    if most < (workers or 1):
        has = f"{sum(node.cores for node in usable)} cores"
        has += f" and {sum(node.gpus for node in usable)} GPUs" if on_gpu else ""
        raise UsageError(
            f"Ray has {has} here, which are {most} workers of {threads or 1} threads; "
            f"{workers or 1} are asked for. Take fewer --workers or --threads"
            + (", or --device cpu." if on_gpu else ".")
        )
    return Plan(workers or most, threads or 1, int(on_gpu))
