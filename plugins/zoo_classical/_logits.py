"""From scores to logits: slope and offset by which they are best calibrated."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from zoo_core.metrics import fit_temperature


def platt(decision: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """Slope and offset that make decisions log-odds (Platt 1999).

    The targets are a little less than certain, as Platt has them, so that decisions which
    separate the classes get a finite slope. The slope is positive: the order stays.

    Parameters
    ----------
    decision : numpy.ndarray
        ``(n,)``, of objects that the machine was not fitted to.
    positive : numpy.ndarray
        ``(n,)`` bool.
    """
    count = positive.sum(), (~positive).sum()
    target = np.where(positive, (count[0] + 1) / (count[0] + 2), 1 / (count[1] + 2))
    # An intercept far from zero says nothing about how far apart the classes are.
    level, scale = float(np.median(decision)), float(decision.std()) or 1.0
    values = (decision - level) / scale

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.exp(numbers[0])
        logit = slope * values + numbers[1]
        lost = np.logaddexp(0.0, logit) - target * logit
        wrong = 1.0 / (1.0 + np.exp(-np.clip(logit, -500, 500))) - target
        return float(lost.mean()), np.array([(wrong * slope * values).mean(), wrong.mean()])

    found = minimize(
        loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-7.0, 7.0), (-50.0, 50.0)]
    )
    slope = float(np.exp(found.x[0]) / scale)
    return slope, float(found.x[1]) - slope * level


def middle_of(decision: np.ndarray, positive: np.ndarray) -> float:
    """Halfway between the mean decisions ``(n,)`` of the two classes."""
    return float(decision[positive].mean() + decision[~positive].mean()) / 2.0


def scale_of_scores(scores: np.ndarray, index: np.ndarray) -> float:
    """Slope that makes scores ``(n, class)`` logits, 0.05 to 20."""
    return 1.0 / fit_temperature(scores, index)
