"""The task of an ensemble: the members' predictions, their mean and their spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CardError
from ..tables import Column
from ..tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import matplotlib.figure
    import numpy as np
    import torch

    from ..cards import Metric, Target

_FEWEST = 2


class EnsembleTask(Task):
    """Another task whose outputs come from several networks.

    A prediction has the columns of that task, pooled over the members, and for each of its
    central columns (``Task.central``) the standard deviation among them, ``NAME_std``.

    Parameters
    ----------
    make : callable
        The class of the task: takes targets, calibration and ``arguments``.
    targets : tuple of Target
        From the card.
    calibration : mapping
        Each member's own numbers, under names that begin with its place: ``0.temperature``.
    members : int
        How many networks there are.
    **arguments
        Of the task.

    Raises
    ------
    CardError
        Fewer than two members, or a calibration of a member that there is not.
    """

    def __init__(
        self,
        make: Callable[..., Task],
        targets: tuple[Target, ...],
        calibration: Mapping[str, float] | None = None,
        *,
        members: int,
        **arguments: Any,
    ):
        if type(members) is not int or members < _FEWEST:
            raise CardError(f"an ensemble has two members or more, got members = {members!r}.")
        given = dict(calibration or {})
        self.members = tuple(
            make(targets, _of_member(given, place), **arguments) for place in range(members)
        )
        known = {place for place, _ in enumerate(self.members)}
        for key in given:
            place, _, name = key.partition(".")
            if not name or not place.isdecimal() or int(place) not in known:
                raise CardError(
                    f"the calibration of an ensemble of {members} has names such as "
                    f"'0.temperature', got {key!r}."
                )
        super().__init__(targets, given)

    @property
    def base(self) -> Task:
        """The task of one member."""
        return self.members[0]

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The kind of the members' task."""
        return self.base.kind

    @property
    def num_outputs(self) -> int:
        """Of each member."""
        return self.base.num_outputs

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of the members' task, and the spread of those that are central."""
        spread = (
            Column(
                f"{column.name}_std",
                f"standard deviation of {column.name} among the members",
                column.unit,
            )
            for column in self._spread_columns()
        )
        return (*self.base.columns, *spread)

    def _spread_columns(self) -> list[Column]:
        return [column for column in self.base.columns if column.name in self.base.central]

    @property
    def ranking(self) -> str | None:
        """As of the members' task."""
        return self.base.ranking

    def encode(self, truth: Mapping[str, np.ndarray]) -> Any:
        """As of the members' task."""
        return self.base.encode(truth)

    def loss(self, outputs: Any, target: Any) -> torch.Tensor:
        """Mean over the members: each learns as if it were alone."""
        losses = [self.base.loss(output, target) for output in outputs]
        return sum(losses[1:], losses[0]) / len(losses)

    def decode(
        self, outputs: Any, arrays: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, np.ndarray]:
        """The pooled columns, and the standard deviation among the members (n - 1).

        Parameters
        ----------
        outputs : sequence
            The output of each member.
        arrays : mapping of str to torch.Tensor, optional
            As ``Task.decode`` takes them.
        """
        import numpy as np

        decoded = [
            member.decode(output, arrays)
            for member, output in zip(self.members, outputs, strict=True)
        ]
        pooled = self.base.pool(decoded)
        for column in self._spread_columns():
            values = [member[column.name] for member in decoded]
            pooled[f"{column.name}_std"] = np.std(values, axis=0, ddof=1)
        return pooled

    def monitor(self, outputs: Any, target: Any) -> dict[str, float]:
        """Mean over the members of what their task watches."""
        watched = [self.base.monitor(output, target) for output in outputs]
        return {name: sum(w[name] for w in watched) / len(watched) for name in watched[0]}

    def calibrate(self, outputs: Any, target: Any) -> dict[str, float]:
        """Each member's own numbers."""
        return {
            f"{place}.{name}": value
            for place, (member, output) in enumerate(zip(self.members, outputs, strict=True))
            for name, value in member.calibrate(output, target).items()
        }

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Those of the members' task, of the pooled predictions."""
        return self.base.metrics(truth, predictions)

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """Those of the members' task, of the pooled predictions."""
        return self.base.figures(truth, predictions)


def _of_member(calibration: Mapping[str, float], place: int) -> dict[str, float]:
    prefix = f"{place}."
    return {
        key.removeprefix(prefix): value
        for key, value in calibration.items()
        if key.startswith(prefix)
    }
