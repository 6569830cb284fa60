"""What a task is: the meaning of a model's outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import matplotlib.figure
    import numpy as np
    import torch

    from ..cards import Metric, Target
    from ..tables import Column


class Task(ABC):
    """Owns targets, loss, decoding, metrics and pictures; knows no network and no file.

    What a model returns and a loss takes is between the task and the architecture: core
    hands it through. Outputs and encoded truth are a tensor, or a tuple, list or dict of
    them, nested, each with one row an object along its first axis; so has a decoded column.

    Parameters
    ----------
    targets : tuple of Target
        From the card.
    calibration : mapping
        Numbers that ``calibrate`` found, from the card; empty before calibration.
    """

    #: The family of tasks, such as ``binary-classification``.
    kind: ClassVar[str]

    def __init__(
        self, targets: tuple[Target, ...], calibration: Mapping[str, float] | None = None
    ):
        self.targets = targets
        self.calibration = dict(calibration or {})
        self.check()

    def check(self) -> None:
        """Raise ``CardError`` if targets or calibration do not suit the task."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """Length of the network's output."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """Columns of a prediction, in order."""

    @property
    def ranking(self) -> str | None:
        """The column by which predictions are ranked, best first, if any."""
        return None

    @property
    def target_names(self) -> tuple[str, ...]:
        """Of the truth columns or maps that the outputs are compared with."""
        return tuple(target.name for target in self.targets)

    @abstractmethod
    def encode(self, truth: Mapping[str, np.ndarray]) -> Any:
        """Turn truth columns into the tensor, or the tensors, that ``loss`` takes."""

    @abstractmethod
    def loss(self, outputs: Any, target: Any) -> torch.Tensor:
        """Mean loss of a batch, a float32 scalar."""

    @abstractmethod
    def decode(
        self, outputs: Any, arrays: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, np.ndarray]:
        """Turn outputs into the prediction's columns; applies the calibration.

        Parameters
        ----------
        outputs : tensor, or what the architecture returns of tensors
            Of some objects, float32, on the processor.
        arrays : mapping of str to torch.Tensor, optional
            The same objects as they were read, for tasks whose columns have the scale of
            the data: each ``(n, channel, *axes)``, before the preprocessing.

        Returns
        -------
        dict of str to numpy.ndarray
            For each column, in their order, ``(n, ...)``: numbers, or texts where the
            column says so.
        """

    @property
    def gives_images(self) -> bool:
        """Whether an output is an image on the pixels of the input."""
        return False

    def run(self, engine: Callable[[Sequence[torch.Tensor]], Any], tensors: Any) -> Any:
        """Outputs of a network for preprocessed inputs; here all of them at once.

        Parameters
        ----------
        engine : callable
            Tensors ``(n, ...)`` to outputs ``(n, ...)``.
        tensors : sequence of torch.Tensor
            As ``Model.prepare`` makes them.
        """
        return engine(tensors)

    def pool(self, members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """One prediction of those of several networks for the same objects.

        Parameters
        ----------
        members : sequence of mapping
            What ``decode`` gave for each network.

        Returns
        -------
        dict of str to numpy.ndarray
            As ``decode``.

        Raises
        ------
        UsageError
            A task that does not say how predictions are averaged.
        """
        raise UsageError(
            f"predictions of the task {self.kind!r} cannot be averaged: {type(self).__name__} "
            "has no pool(), so it has no ensembles."
        )

    @property
    def central(self) -> tuple[str, ...]:
        """The columns whose spread among several networks is worth a column of its own.

        That which ranks, or else all that hold numbers.
        """
        if self.ranking is not None:
            return (self.ranking,)
        return tuple(column.name for column in self.columns if not column.is_text)

    @abstractmethod
    def monitor(self, outputs: Any, target: Any) -> dict[str, float]:
        """Numbers to watch during training; higher is better for the first."""

    def calibrate(
        self,
        outputs: Any,
        target: Any,
    ) -> dict[str, float]:
        """Find calibration numbers on outputs of *validation* data; may be empty."""
        return {}

    @abstractmethod
    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Metrics with 95 % intervals; ``truth`` may hold more columns than the targets."""

    def figures(
        self,
        truth: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
    ) -> dict[str, matplotlib.figure.Figure]:
        """Pictures by file stem."""
        return {}
