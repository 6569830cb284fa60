"""Features: what a network without a head makes of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from ..errors import CardError, UsageError
from ..tables import Column
from ._base import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import torch

    from ..cards import Metric


class Features(Task):
    """No target: the outputs are the representation itself, one vector an object.

    For similarity searches, clustering, or a classifier on top. There is nothing to compare
    a representation with, so this task has no loss and no metrics.
    """

    kind: ClassVar[str] = "features"

    def check(self) -> None:
        """Raise ``CardError`` if there are targets or calibration numbers."""
        if self.targets or self.calibration:
            raise CardError(
                f"the task {self.kind!r} has no targets and no calibration; got the targets "
                f"{[target.name for target in self.targets]} and {dict(self.calibration)}."
            )

    @property
    def num_outputs(self) -> int:
        """None of a head: the network ends with its features."""
        return 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """One column that holds a vector in each row."""
        return (Column("features", "Output of the network without a head"),)

    def encode(self, truth: Mapping[str, np.ndarray]) -> NoReturn:
        """Raise ``UsageError``: there is no truth to learn."""
        raise _nothing_to_learn()

    def loss(self, outputs: Any, target: Any) -> NoReturn:
        """Raise ``UsageError``: there is nothing to minimise."""
        raise _nothing_to_learn()

    def decode(
        self, outputs: Any, arrays: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs as they are, ``(n, ...)``, mostly ``(n, num_features)``."""
        return {"features": outputs.float().numpy()}

    def monitor(self, outputs: Any, target: Any) -> NoReturn:
        """Raise ``UsageError``: there is nothing to watch."""
        raise _nothing_to_learn()

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Raise ``UsageError``: no number says how good a representation is by itself."""
        raise _nothing_to_learn()


def _nothing_to_learn() -> UsageError:
    return UsageError(
        "the task 'features' has nothing to learn or to measure; train a model of a task "
        "that has targets."
    )
