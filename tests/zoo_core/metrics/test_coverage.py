"""Intervals that hold the truth, and ranks of the truth."""

import numpy as np
import pytest
from scipy import stats

from zoo_core.errors import InputError
from zoo_core.metrics import measure_coverage, measure_error_quantile, probability_ranks


def test_coverage_counts_the_limits_in():
    """Four of five."""
    truth = np.arange(5.0)
    low, high = np.array([0.0, 0.0, 1.0, 2.0, 5.0]), np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    found = measure_coverage(truth, low, high)
    assert (found.value, found.n) == (0.8, 5)
    assert found.low < 0.8 < found.high


def test_ranks_of_a_normal_distribution_are_its_own():
    """Between the quantiles, on them and beyond."""
    mean, width = np.array([[0.0], [3.0]]), np.array([[1.0], [0.2]])
    quantiles = mean + width * np.arange(-3.0, 4.0)
    for score in (-5.0, -3.0, -0.3, 0.0, 1.0, 2.9, 4.2):
        truth = (mean + score * width)[:, 0]
        np.testing.assert_allclose(
            probability_ranks(truth, quantiles), stats.norm.cdf(score), rtol=1e-9
        )


def test_ranks_of_right_distributions_are_uniform():
    """Of skewed ones too, up to the interpolation: a lognormal with its own quantiles."""
    rng = np.random.default_rng(0)
    width = rng.uniform(0.1, 0.5, (20_000, 1))
    truth = np.exp(width[:, 0] * rng.standard_normal(20_000))
    ranks = probability_ranks(truth, np.exp(width * np.arange(-3.0, 4.0)))
    assert stats.kstest(ranks, "uniform").statistic < 0.02


def test_an_interval_without_width_is_a_step():
    """No division by zero."""
    ranks = probability_ranks(np.array([0.9, 1.0, 1.1]), np.ones((3, 3)))
    assert ranks[0] < 0.5 < ranks[2]
    assert np.isfinite(ranks).all()


@pytest.mark.parametrize(
    ("quantiles", "told"),
    [
        (np.zeros((2, 3)), "2 objects|1 objects"),
        (np.zeros((1, 2)), "odd number"),
        (np.zeros((1, 1)), "3 or more"),
        (np.array([[0.0, 2.0, 1.0]]), "row 0 fall"),
        (np.array([[0.0, np.nan, 1.0]]), "NaN"),
    ],
)
def test_quantiles_that_make_no_sense_are_refused(quantiles, told):
    """With what was wrong."""
    with pytest.raises(InputError, match=told):
        probability_ranks(np.zeros(1), quantiles)


def test_the_error_of_most_has_an_interval_that_holds_it():
    """For a half-normal error the 68.3 % quantile is one; the interval holds it in 95 %."""
    rng = np.random.default_rng(1)
    held = []
    for _ in range(300):
        found = measure_error_quantile(
            np.zeros(200), rng.standard_normal(200), 0.6827, name="error_68"
        )
        assert found.low <= found.value <= found.high
        held.append(found.low <= 1.0 <= found.high)
    assert 0.9 < np.mean(held) <= 1.0
