"""What a launcher says to each process that it starts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import DeviceError, UsageError

#: All of these are set by torchrun, and by what builds on it, such as `accelerate launch`.
_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True, slots=True)
class Launched:
    """One of several processes.

    Attributes
    ----------
    rank, size : int
        Which of how many; rank 0 is the one that speaks and writes.
    local_rank : int
        Which of those on this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    def device(self, name: str) -> str:
        """The device of this process: each has one to itself, or they share the processor.

        Raises
        ------
        DeviceError
            There are more processes than GPUs, or none.
        UsageError
            The name is that of one device.
        """
        from ..devices import pick_device

        if self.size == 1:
            return pick_device(name)
        if name not in ("auto", "cpu", "cuda"):
            raise UsageError(
                f"--device {name} is one device for {self.size} processes. Give cuda or cpu, "
                "and limit the devices with CUDA_VISIBLE_DEVICES."
            )
        import torch

        count = torch.cuda.device_count()
        if name == "cpu" or (name == "auto" and not count):
            return "cpu"
        if self.local_rank >= count:
            raise DeviceError(
                f"process {self.local_rank + 1} of this machine has no GPU: there are {count}. "
                "Start one process a GPU (--nproc-per-node), or give --device cpu."
            )
        return pick_device(f"cuda:{self.local_rank}")


def launched() -> Launched:
    """What the launcher says; one process alone if none has started this one.

    Raises
    ------
    UsageError
        The variables of the launcher contradict each other.
    """
    told = [os.environ.get(name, "") for name in _VARIABLES]
    if not all(told):
        return Launched()
    try:
        rank, size, local = map(int, told[:3])
    except ValueError:
        rank = size = local = -1
    if not 0 <= local <= rank < size:
        said = ", ".join(f"{n}={v}" for n, v in zip(_VARIABLES, told, strict=True))
        raise UsageError(
            f"the variables of a launcher contradict each other: {said}. Start the processes "
            "with torchrun, or unset the variables."
        )
    return Launched(rank, size, local)
