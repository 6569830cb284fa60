"""The processes of a training, and what they tell each other."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import ProcessError
from ._launched import launched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import torch

    from ._launched import Launched

Value = TypeVar("Value")

#: How long a process is waited for within a step of a training.
_STEP = timedelta(minutes=10)

#: How long one is waited for that reads or writes; one that has ended is noticed at once.
_WORK = timedelta(days=2)

#: Where the first process to fail leaves the reason.
_REASON = "zoo-reason"


class Team:
    """One process alone: a team that gives what it is given.

    Attributes
    ----------
    rank, size : int
        Which process this is, and how many there are.
    local_rank : int
        Which of those on this machine.
    """

    rank = 0
    size = 1
    local_rank = 0

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks and writes."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Which of ``count`` objects in order are this process's; possibly none.

        >>> Team().part(3)
        slice(0, 3, None)
        """
        each, more = divmod(count, self.size)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def from_first(self, work: Callable[[], Value]) -> Value:
        """Do something in the first process only; all get its result.

        Raises
        ------
        ProcessError
            In the others, if it fails in the first.
        """
        return work()

    def gather(
        self,
        value: Value,
        *,
        patiently: bool = False,  # noqa: ARG002
    ) -> list[Value]:
        """The values of all processes in the order of their ranks, on the processor.

        ``patiently`` where one may have a lot to do before the others have its value.
        """
        return [value]

    def sum(self, tensor: torch.Tensor) -> None:
        """Replace a tensor by its sum over all processes, in place."""

    def copy_first(self, tensors: Iterable[torch.Tensor]) -> None:
        """Replace tensors by those of the first process, in place."""

    def sum_gradients(
        self,
        parameters: Iterable[torch.Tensor],  # noqa: ARG002
        loss: torch.Tensor,
    ) -> torch.Tensor:
        """Replace gradients by their sums over all processes; gives the sum of ``loss``.

        Raises
        ------
        KeyboardInterrupt
            One of the processes was interrupted: all stop at the same step.
        """
        return loss

    def listen(self) -> None:
        """From here on let an interrupt wait for ``sum_gradients``; of one process not."""


class _Processes(Team):
    """Several processes, started by a launcher."""

    def __init__(self, told: Launched, store: Any):
        import torch.distributed as dist

        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.local_rank = told.local_rank
        self._store = store
        self._interrupted = False
        self._handler: Any = None
        # For what lies on the processor; the group that there is may be one of GPUs.
        self._quick: Any = dist.new_group(backend="gloo", timeout=_STEP)
        self._patient: Any = dist.new_group(backend="gloo", timeout=_WORK)

    def from_first(self, work: Callable[[], Value]) -> Value:
        import torch.distributed as dist

        told = [work() if self.is_first else None]
        with self._telling():
            dist.broadcast_object_list(told, src=0, group=self._patient)
        return cast("Value", told[0])

    def gather(self, value: Value, *, patiently: bool = False) -> list[Value]:
        import torch.distributed as dist

        values: list[Any] = [None] * self.size
        with self._telling():
            group = self._patient if patiently else self._quick
            dist.all_gather_object(values, value, group=group)
        return values

    def sum(self, tensor: torch.Tensor) -> None:
        import torch.distributed as dist

        with self._telling():
            dist.all_reduce(tensor)

    def copy_first(self, tensors: Iterable[torch.Tensor]) -> None:
        import torch.distributed as dist

        with self._telling():
            for tensor in tensors:
                whole = tensor.contiguous()
                dist.broadcast(whole, src=0)
                tensor.copy_(whole)

    def sum_gradients(
        self, parameters: Iterable[torch.Tensor], loss: torch.Tensor
    ) -> torch.Tensor:
        import torch

        gradients = [p.grad for p in parameters if p.grad is not None]
        stop = loss.new_tensor(float(self._interrupted), dtype=torch.float32)
        last = torch.stack([loss.detach().float(), stop])
        # One message for all of them takes less time than one for each.
        flat = torch.cat([*[g.reshape(-1) for g in gradients], last])
        self.sum(flat)
        parts = flat.split([*[g.numel() for g in gradients], 1, 1])
        if parts[-1].item():
            raise KeyboardInterrupt
        for gradient, part in zip(gradients, parts[:-2], strict=True):
            gradient.copy_(part.view(gradient.shape))
        total: torch.Tensor = parts[-2][0]
        return total

    def listen(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def note(*_: object) -> None:
            self._interrupted = True

        # Launchers pass an interrupt on, and so it may come twice.
        self._handler = signal.signal(signal.SIGINT, note)

    def close(self) -> None:
        """Interrupts are again what they were."""
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def leave_reason(self, error: BaseException) -> None:
        """Tell the others why this process ends; the first to fail is heard."""
        if self._store is None or isinstance(error, ProcessError):
            return
        with suppress(RuntimeError):
            text = f"process {self.rank} of {self.size}: {error or type(error).__name__}"
            self._store.compare_set(_REASON, "", text)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say of another process that has gone why it has."""
        try:
            yield
        except RuntimeError as error:  # what torch.distributed raises is one
            reason = ""
            # The process that is gone may have held the store.
            with suppress(RuntimeError):
                if self._store is not None and self._store.check([_REASON]):
                    reason = self._store.get(_REASON).decode()
            raise ProcessError(
                "another process of this training has ended, or does not answer: "
                f"{reason or _first_sentence(error)}"
            ) from error


@contextmanager
def join_team(device: str) -> Iterator[tuple[Team, str]]:
    """Find the other processes of a training, if a launcher has started any.

    Parameters
    ----------
    device : str
        As ``pick_device`` takes it; ``auto`` and ``cuda`` give each process one of its own.

    Yields
    ------
    tuple of Team and str
        The team, and the device of this process.

    Raises
    ------
    ProcessError
        The others are not found.
    DeviceError, UsageError
        As ``Launched.device``.
    """
    told = launched()
    own = told.device(device)
    if told.size == 1:
        yield Team(), own
        return
    import torch.distributed as dist

    is_ours = not dist.is_initialized()
    store = _connect(told, own) if is_ours else None
    team = _Processes(told, store)
    try:
        yield team, own
    except BaseException as error:
        team.leave_reason(error)
        raise
    finally:
        team.close()
        if is_ours:
            dist.destroy_process_group()


def _connect(told: Launched, device: str) -> Any:
    """Join the group that the launcher's variables name; gives what all can write into."""
    import torch
    import torch.distributed as dist
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]
    from torch.distributed.rendezvous import rendezvous

    is_cuda = device.startswith("cuda")
    if is_cuda:
        torch.cuda.set_device(device)
    try:
        store, rank, size = next(iter(rendezvous("env://", timeout=_STEP)))
        dist.init_process_group(
            "nccl" if is_cuda else "gloo",
            store=PrefixStore("zoo", store),
            rank=rank,
            world_size=size,
            timeout=_STEP,
            device_id=torch.device(device) if is_cuda else None,
        )
    except RuntimeError as error:
        raise ProcessError(
            f"process {told.rank} of {told.size} does not find the others: "
            f"{_first_sentence(error)}. Start all of them with one launcher, such as torchrun."
        ) from error
    return store


def _first_sentence(error: BaseException) -> str:
    # Gloo begins with the line of its own source.
    text = re.sub(r"^\[\S*\] ", "", str(error).strip())
    return text.partition("\n")[0].partition(". ")[0].rstrip(".")
