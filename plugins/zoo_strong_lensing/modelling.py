"""Measuring lenses: regression of an ellipsoid's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo_core import metrics
from zoo_core.tasks import Regression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo_core.metrics import Metric

#: The two numbers of an ellipticity, as the simulators tell it.
ELLIPTICITY = ("ellipticity1", "ellipticity2")


class LensModelling(Regression):
    """A regression that also tells ellipticities as Hezaveh et al. (2017) counted them.

    They state ``e_x = e cos phi`` and ``e_y = e sin phi``, where an ellipse has two pairs of
    numbers, one the negative of the other, and take the sign that is nearer to the truth.
    With the targets ``ellipticity1 = e cos 2 phi`` and ``ellipticity2 = e sin 2 phi`` the
    errors in their numbers are told too: ``rmse`` and ``error_68`` of ``e_x`` and ``e_y``.
    """

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Those of a regression, and the errors of ``e_x`` and ``e_y``."""
        found = super().metrics(truth, predictions)
        compared = {target.name: (true, limits) for target, true, limits in
                    self.compared(truth, predictions)}  # fmt: skip
        if not set(ELLIPTICITY) <= set(compared):
            return found
        true = half_angle([compared[name][0] for name in ELLIPTICITY])
        middle = half_angle(
            [compared[name][1][:, compared[name][1].shape[1] // 2] for name in ELLIPTICITY]
        )
        nearer = np.where(np.sum(true * middle, axis=0) < 0, -1.0, 1.0) * middle
        for name, one, other in zip(("e_x", "e_y"), true, nearer, strict=True):
            conditions = f"{name}, of either sign"
            found += [
                metrics.measure_rmse(one, other, conditions=conditions),
                metrics.measure_error_quantile(
                    one, other, 0.683, name="error_68", conditions=conditions
                ),
            ]
        return found


def half_angle(ellipticity: list[np.ndarray]) -> np.ndarray:
    """``(e cos phi, e sin phi)`` of ``(e cos 2 phi, e sin 2 phi)``, each ``(2, n)``.

    >>> half_angle([np.array([0.0]), np.array([0.5])]).round(3).tolist()
    [[0.354], [0.354]]
    """
    size = np.hypot(*ellipticity)
    angle = 0.5 * np.arctan2(ellipticity[1], ellipticity[0])
    return np.stack([size * np.cos(angle), size * np.sin(angle)])
