"""Building a network that cannot become much larger than its weights.

The arguments of an architecture come from a card. A million layers in one of them would
otherwise be built, for minutes and gigabytes, before anything else is found to be wrong.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..errors import CardError, ZooError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

#: Beyond twice what is expected: heads that are made and then replaced by others.
_SPARE_PARAMETERS = 50_000_000

#: Modules that a network may have besides those that its tensors account for.
_SPARE_MODULES = 20_000
_MODULES_PER_TENSOR = 20


@contextmanager
def bounded_building(*, parameters: int, tensors: int, origin: str) -> Iterator[None]:
    """While this lasts, networks built in this thread may not outgrow their weights.

    Parameters
    ----------
    parameters, tensors : int
        What is expected; what is made and thrown away is allowed for generously.
    origin : str
        Card and architecture, for the error.

    Raises
    ------
    CardError
        More modules or parameters were made, or building failed for any other reason.
    """
    from torch.nn.modules.module import (
        register_module_module_registration_hook,
        register_module_parameter_registration_hook,
    )

    left = {
        "parameters": 2 * parameters + _SPARE_PARAMETERS,
        "modules": _MODULES_PER_TENSOR * tensors + _SPARE_MODULES,
    }
    here = threading.get_ident()

    def take(what: str, count: int) -> None:
        if threading.get_ident() != here:
            return
        left[what] -= count
        if left[what] < 0:
            raise CardError(
                f"{origin}: with these arguments the network has far more {what} than the "
                f"weights, which hold {parameters} parameters in {tensors} tensors; it was "
                "not built."
            )

    def parameter(_module: object, _name: str, value: torch.Tensor | None) -> None:
        take("parameters", 0 if value is None else value.numel())

    def module(*_: object) -> None:
        take("modules", 1)

    with ExitStack() as stack:
        stack.callback(register_module_parameter_registration_hook(parameter).remove)
        stack.callback(register_module_module_registration_hook(module).remove)
        try:
            yield
        except ZooError:
            raise
        except Exception as error:
            raise CardError(
                f"{origin}: cannot be built with these arguments "
                f"({type(error).__name__}: {error})."
            ) from error
