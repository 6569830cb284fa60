"""Regression: numbers with a probability distribution of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import CardError
from ..metrics import (
    measure_bias,
    measure_coverage,
    measure_error_quantile,
    measure_rmse,
    probability_ranks,
)
from ..tables import Column
from ._base import Task
from ._gaussians import Gaussians, count_outputs
from ._labels import checked_predictions
from ._pooling import mean_columns
from ._transforms import check_target, from_standard, to_standard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import matplotlib.figure
    import numpy as np
    import torch

    from ..cards import Metric, Target

#: Central intervals: standard deviations of a normal variable, and what lies between them.
INTERVALS = ((1, 0.6827), (2, 0.9545), (3, 0.9973))

#: Objects beyond an interval that it takes to know how wide it must be.
_LEAST_BEYOND = 3


class Regression(Task):
    """Targets that are numbers, each with intervals that hold the truth as often as they say.

    The network states a mixture of Gaussians over all targets together, in standard units
    (after ``Target.transform``, ``location`` and ``scale``). A prediction is, for each
    target, the median and the central intervals of 68.3, 95.4 and 99.7 %.

    Parameters
    ----------
    targets, calibration
        As of any task; ``calibration`` holds ``width1_NAME``, ``width2_NAME`` and
        ``width3_NAME``: what the distance of either limit from the median is multiplied by.
    components : int
        Gaussians of the mixture, from 1 up.
    covariance : str
        ``diagonal``, or ``full`` for targets that are known better together than alone.
    """

    kind: ClassVar[str] = "regression"

    def __init__(
        self,
        targets: tuple[Target, ...],
        calibration: Mapping[str, float] | None = None,
        *,
        components: int = 1,
        covariance: str = "diagonal",
    ):
        self.components = components
        self.covariance = covariance
        super().__init__(targets, calibration)

    def check(self) -> None:
        """Raise ``CardError`` if targets, arguments or calibration are not those of numbers."""
        names = [target.name for target in self.targets]
        if not names or len(set(names)) != len(names):
            raise CardError(
                f"a {self.kind} needs targets with a name each, all different; got {names}."
            )
        for target in self.targets:
            check_target(target)
        if type(self.components) is not int or self.components < 1:
            raise CardError(f"components must be 1 or more, is {self.components!r}.")
        if self.covariance not in ("diagonal", "full"):
            raise CardError(f"covariance must be 'diagonal' or 'full', is {self.covariance!r}.")
        known = {_width(step, name) for step, _ in INTERVALS for name in names}
        for key, value in self.calibration.items():
            if key not in known or not 0 < value < math.inf:
                raise CardError(
                    f"the calibration of a {self.kind} holds positive numbers named "
                    f"{sorted(known)[0]!r} and so on, got {key!r}: {value}."
                )

    @property
    def num_outputs(self) -> int:
        """Weights, means, logarithms of inverse widths, and covariances."""
        return count_outputs(
            len(self.targets), components=self.components, is_full=self.covariance == "full"
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of each target the median and the limits of three intervals."""
        made = []
        for target in self.targets:
            told = target.description or target.name
            made.append(Column(target.name, f"{told} (median)", target.unit))
            for step, share in INTERVALS:
                for side in ("lower", "upper"):
                    what = f"{side} limit of the central {100 * share:.1f} % of {target.name}"
                    made.append(Column(f"{target.name}_{side}{step}", what, target.unit))
        return tuple(made)

    def encode(self, truth: Mapping[str, np.ndarray]) -> torch.Tensor:
        """Float32 ``(n, target)`` in standard units.

        Raises
        ------
        InputError
            If a column is missing or holds what is no number.
        """
        import numpy as np
        import torch

        columns = [to_standard(target, truth) for target in self.targets]
        return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))

    def distribution(self, outputs: torch.Tensor) -> Gaussians:
        """The mixtures that outputs ``(n, num_outputs)`` state, in standard units."""
        return Gaussians.of(
            outputs,
            len(self.targets),
            components=self.components,
            is_full=self.covariance == "full",
        )

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean negative logarithm of the density at the truth, for each target."""
        return -self.distribution(outputs).log_probability(target).mean() / len(self.targets)

    def monitor(self, outputs: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
        """Mean log density for each target, and the share of variance explained (R2)."""
        stated = self.distribution(outputs)
        spread = (target - target.mean(0)).square().sum(0)
        left = (target - stated.mean).square().sum(0)
        explained = 1.0 - left / spread.clamp_min(1e-12)
        log_probability = stated.log_probability(target).mean() / len(self.targets)
        return {"log_probability": float(log_probability), "r2": float(explained.mean())}

    def decode(
        self,
        outputs: Any,
        arrays: Mapping[str, torch.Tensor] | None = None,  # noqa: ARG002
    ) -> dict[str, np.ndarray]:
        """Median and limits, in the targets' units, after the calibration of the card."""
        import numpy as np

        found = self.distribution(outputs).quantiles(_scores())
        middle = found[..., _PLACES[0]]
        decoded = {}
        for index, target in enumerate(self.targets):
            median = middle[:, index]
            decoded[target.name] = from_standard(target, median)
            reach = {"lower": np.zeros(len(median)), "upper": np.zeros(len(median))}
            for step, _ in INTERVALS:
                width = self.calibration.get(_width(step, target.name), 1.0)
                for side, sign in (("lower", -1), ("upper", 1)):
                    away = width * np.abs(found[:, index, _PLACES[sign * step]] - median)
                    # A wider interval holds the narrower one, whatever the calibration.
                    reach[side] = np.maximum(reach[side], away)
                    limit = from_standard(target, median + sign * reach[side])
                    decoded[f"{target.name}_{side}{step}"] = limit
        return decoded

    def pool(self, members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Mean medians and mean limits: quantiles are averaged, not densities."""
        return mean_columns(members, [column.name for column in self.columns])

    @property
    def central(self) -> tuple[str, ...]:
        """The targets' medians."""
        return tuple(target.name for target in self.targets)

    def calibrate(self, outputs: Any, target: torch.Tensor) -> dict[str, float]:
        """Find how much wider each interval must be to hold its share of the truth.

        For each target and interval the distance of the truth from the median is taken in
        units of the limit on its side; the width is the quantile that the interval should
        hold (split conformal prediction, Lei et al. 2018, with its correction for finite
        numbers). An interval that too few objects lie beyond is left as it is.
        """
        import numpy as np

        found = self.distribution(outputs).quantiles(_scores())
        truth = target.double().numpy()
        count = len(truth)
        widths = {}
        for index, one in enumerate(self.targets):
            median = found[:, index, _PLACES[0]]
            off = truth[:, index] - median
            for step, share in INTERVALS:
                if count * (1 - share) < _LEAST_BEYOND:
                    continue
                away = np.where(
                    off > 0,
                    found[:, index, _PLACES[step]] - median,
                    median - found[:, index, _PLACES[-step]],
                )
                level = min(1.0, share * (count + 1) / count)
                widths[_width(step, one.name)] = float(np.quantile(np.abs(off) / away, level))
        return widths

    def compared(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[tuple[Target, np.ndarray, np.ndarray]]:
        """Each target with its truth ``(n,)`` and its median and limits ``(n, 7)``.

        The limits are in the order from the lowest to the highest, the median in the middle.

        Raises
        ------
        InputError
            If a column is missing, lengths differ, or the truth holds what is no number.
        """
        import numpy as np

        made = []
        for target in self.targets:
            true = from_standard(target, to_standard(target, truth))
            names = tuple(_column(target.name, step) for step in _PLACES)
            limits = checked_predictions(predictions, names, len(true))
            made.append((target, true, np.stack(limits, axis=1)))
        return made

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Of each target errors, in its unit, and how often the intervals hold the truth.

        ``error_68`` is what 68.3 % of the absolute errors are below; ``coverage_68``,
        ``coverage_95`` and ``coverage_99`` are for intervals of 68.3, 95.4 and 99.7 %. The
        condition is the target's name.
        """
        found = []
        for target, true, limits in self.compared(truth, predictions):
            median, told = limits[:, len(limits[0]) // 2], target.name
            found += [
                measure_rmse(true, median, conditions=told),
                measure_bias(true, median, conditions=told),
                measure_error_quantile(true, median, 0.683, name="error_68", conditions=told),
            ]
            for step, share in INTERVALS:
                low, high = limits[:, _PLACES[-step]], limits[:, _PLACES[step]]
                name = f"coverage_{math.floor(100 * share)}"
                found.append(measure_coverage(true, low, high, name=name, conditions=told))
        return found

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """Prediction against truth, coverage of all intervals, and ranks of the truth."""
        from ..plots import coverage_figure, ranks_figure, truth_figure

        compared = self.compared(truth, predictions)
        ranks = {
            target.name: probability_ranks(true, limits) for target, true, limits in compared
        }
        return {
            "truth": truth_figure(
                [
                    (f"{t.name} [{t.unit}]" if t.unit else t.name, true, limits[:, 2:5])
                    for t, true, limits in compared
                ]
            ),
            "coverage": coverage_figure(ranks),
            "ranks": ranks_figure(ranks),
        }


def _scores() -> np.ndarray:
    import numpy as np

    return np.array(sorted(_PLACES), dtype=np.float64)


#: Where the quantile of so many standard deviations stands.
_PLACES = {step: place for place, step in enumerate(range(-3, 4))}


def _column(name: str, step: int) -> str:
    if not step:
        return name
    return f"{name}_{'upper' if step > 0 else 'lower'}{abs(step)}"


def _width(step: int, name: str) -> str:
    return f"width{step}_{name}"
