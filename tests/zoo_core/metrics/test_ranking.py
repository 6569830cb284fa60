"""Ranking metrics against hand counts, brute force and coverage."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from zoo_core.errors import InputError
from zoo_core.metrics import (
    auroc,
    completeness_at_rejection,
    measure_auroc,
    measure_completeness,
    measure_threshold,
    measure_tpr,
    threshold_at_false_positives,
    threshold_at_rejection,
    wilson,
)
from zoo_core.metrics._ranking import _delong, _resampled_thresholds

HAND_TRUTH = np.array([True, True, False, False])
HAND_SCORE = np.array([0.8, 0.4, 0.6, 0.2])


def _truth(positives, negatives):
    return np.repeat([True, False], [positives, negatives])


def test_delong_by_hand():
    """Two of each class: shares (1, 1/2) and (1/2, 1), each of sample variance 1/8."""
    value, variance = _delong(HAND_TRUTH, HAND_SCORE)

    assert value == 0.75
    assert variance == pytest.approx(0.125 / 2 + 0.125 / 2)


def test_auroc_interval_is_symmetric_in_the_logit():
    """The limits of the hand example follow from its variance 1/8."""
    metric = measure_auroc(HAND_TRUTH, HAND_SCORE)
    half = norm.ppf(0.975) * math.sqrt(0.125) / (0.75 * 0.25)

    assert metric.low == pytest.approx(1 / (1 + math.exp(-(math.log(3) - half))))
    assert metric.high == pytest.approx(1 / (1 + math.exp(-(math.log(3) + half))))
    assert metric.n == 4


@pytest.mark.parametrize("levels", [3, 10, 10_000])
def test_delong_equals_brute_force_over_pairs_with_ties(levels):
    """Midranks give what the matrix of all pairs gives, and the value of scikit-learn."""
    rng = np.random.default_rng(levels)
    positive = _truth(60, 90)
    score = np.floor(levels * (rng.random(150) + 0.3 * positive)) / levels
    difference = score[positive][:, None] - score[~positive][None, :]
    pairs = (difference > 0) + 0.5 * (difference == 0)
    expected = pairs.mean(axis=1).var(ddof=1) / 60 + pairs.mean(axis=0).var(ddof=1) / 90

    value, variance = _delong(positive, score)

    assert value == pytest.approx(pairs.mean())
    assert value == pytest.approx(roc_auc_score(positive, score))
    assert value == pytest.approx(auroc(positive, score))
    assert variance == pytest.approx(expected)


def test_perfect_separation_keeps_an_interval():
    """No pair out of order is no proof of an area of exactly 1."""
    metric = measure_auroc(_truth(20, 50), np.repeat([1.0, 0.0], [20, 50]))

    assert metric.value == 1.0
    assert (metric.low, metric.high) == pytest.approx(wilson(20, 20))
    assert metric.low < 0.9


def test_all_tied_is_one_half():
    """A constant score has area 1/2 and a wide interval."""
    metric = measure_auroc(_truth(10, 10), np.zeros(20))

    assert metric.value == 0.5
    assert metric.low < 0.3 < 0.7 < metric.high


def test_auroc_ignores_a_monotonic_change_of_the_score():
    """Only the order counts, for the interval too."""
    rng = np.random.default_rng(0)
    positive = _truth(100, 100)
    score = rng.normal(size=200) + positive

    assert measure_auroc(positive, score) == measure_auroc(positive, np.exp(score))


def test_tpr_counts_false_positives():
    """The k-th negative from the top bounds the positives that count."""
    positive = np.array([1, 1, 0, 1, 0, 1, 0, 0], dtype=bool)
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])

    values = [
        measure_tpr(positive, score, false_positives=k, name="tpr").value for k in range(3)
    ]

    assert values == [0.5, 0.75, 1.0]


def test_tpr_is_pessimistic_about_ties():
    """Negatives of one score pass together, and a positive tied with them does not pass."""
    positive = np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    score = np.array([0.9, 0.5, 0.4, 0.5, 0.5, 0.1])

    values = [
        measure_tpr(positive, score, false_positives=k, name="tpr").value for k in range(4)
    ]

    assert values == pytest.approx([1 / 3, 1 / 3, 1.0, 1.0])


def test_discrete_scores_have_no_tpr0():
    """If a negative has the highest score there is, nothing is found without it."""
    positive = _truth(5, 5)
    metric = measure_tpr(positive, np.array([1.0] * 6 + [0.0] * 4), false_positives=0, name="t")

    assert metric.value == 0.0
    assert metric.low == 0.0
    assert metric.high == pytest.approx(wilson(0, 5)[1])
    assert metric.n == 5


def test_tpr10_allows_nine():
    """Fewer than ten false positives: the tenth negative from the top bounds."""
    negatives = np.arange(20.0)
    positives = np.array([10.5, 9.5, 11.5, 19.5])
    score = np.concatenate([positives, negatives])

    metric = measure_tpr(_truth(4, 20), score, false_positives=9, name="tpr10")

    assert metric.value == 0.75


def test_threshold_allows_the_stated_number():
    """At the cut at most that many negatives pass, and one step lower more do."""
    rng = np.random.default_rng(1)
    score = np.round(rng.random(1000), 2)
    positive = np.zeros(1000, dtype=bool)

    for allowed in (0, 1, 10, 100):
        cut = threshold_at_false_positives(positive, score, allowed)
        assert (score > cut).sum() <= allowed
        assert (score >= cut).sum() > allowed


def test_threshold_at_rejection_is_not_off_by_a_rounding():
    """0.9 of 10 leaves one, although (1 - 0.9) * 10 is a little less than 1."""
    ten = np.zeros(10, dtype=bool)
    score = np.arange(10_000.0)
    positive = np.zeros(10_000, dtype=bool)

    assert threshold_at_rejection(ten, np.arange(10.0), 0.9) == 8.0
    assert threshold_at_rejection(positive, score, 0.999) == 9989.0
    assert threshold_at_rejection(positive, score, 0.99) == 9899.0
    assert threshold_at_rejection(positive, score, 1.0) == 9999.0


def test_completeness_is_counted_over_the_subset_at_the_cut_of_all():
    """The subset picks positives and leaves the threshold alone."""
    negatives = np.arange(100.0)
    positives = np.array([98.5, 50.0, 99.5, 97.0])
    score = np.concatenate([positives, negatives])
    positive = _truth(4, 100)
    subset = np.zeros(104, dtype=bool)
    subset[[0, 1, 50]] = True

    whole = measure_completeness(positive, score, 0.99, name="c")
    part = measure_completeness(
        positive, score, 0.99, name="c", subset=subset, conditions="two"
    )

    assert whole.value == completeness_at_rejection(positive, score, 0.99) == 0.5
    assert (part.value, part.n, part.conditions) == (0.5, 2, "two")


def test_completeness_is_pessimistic_about_ties():
    """Lenses that share the score of all negatives do not pass, in no resampled set."""
    metric = measure_completeness(_truth(500, 500), np.ones(1000), 0.99, name="c")

    assert metric.value == 0.0
    assert metric.high < 0.01


def test_completeness_interval_without_scatter_of_the_cut_is_that_of_a_fraction():
    """With all negatives at one score only the positives scatter: close to Wilson."""
    score = np.concatenate([np.repeat([1.0, -1.0], [160, 40]), np.zeros(500)])

    metric = measure_completeness(_truth(200, 500), score, 0.99, name="c")

    assert metric.value == 0.8
    assert (metric.low, metric.high) == pytest.approx(wilson(160, 200), abs=0.006)


@pytest.mark.parametrize(("offset", "value"), [(-10.0, 0.0), (10.0, 1.0)])
def test_completeness_interval_keeps_a_width_at_the_ends(offset, value):
    """Nothing or everything found is an estimate, too."""
    score = np.concatenate([np.full(50, offset), np.linspace(0, 1, 200)])

    metric = measure_completeness(_truth(50, 200), score, 0.99, name="c")

    assert metric.value == value
    assert metric.high - metric.low > 0.03
    assert value in (metric.low, metric.high)


def test_resampled_thresholds_are_those_of_a_bootstrap():
    """The closed form draws from the same distribution as resampling and sorting."""
    rng = np.random.default_rng(3)
    negatives = np.sort(rng.normal(size=200))[::-1]
    samples = negatives[rng.integers(0, 200, (8000, 200))]
    expected = np.sort(samples, axis=1)[:, -5]

    draws = _resampled_thresholds(negatives, 0.98)

    assert len(np.unique(draws)) > 5
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        share = (draws <= np.quantile(expected, quantile)).mean()
        assert share == pytest.approx(
            (expected <= np.quantile(expected, quantile)).mean(), abs=0.03
        )


def test_completeness_interval_covers_the_truth():
    """Over many data sets about 95 % of the intervals hold the completeness of the sky."""
    rng = np.random.default_rng(4)
    truth = norm.sf(norm.ppf(0.99) - 2.0)
    covered = 0
    for _ in range(300):
        score = np.concatenate([rng.normal(2.0, 1.0, 300), rng.normal(size=2000)])
        metric = measure_completeness(_truth(300, 2000), score, 0.99, name="c")
        covered += metric.low <= truth <= metric.high

    assert 0.915 <= covered / 300 <= 0.985


def test_threshold_metric_covers_the_truth():
    """The interval of the cut holds the true 95 % quantile about as often as it says."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        score = np.concatenate([[9.0], rng.normal(size=1000)])
        metric = measure_threshold(_truth(1, 1000), score, 0.95, name="threshold")
        covered += metric.low <= norm.ppf(0.95) <= metric.high
        assert metric.n == 1000

    assert 0.91 <= covered / 300 <= 0.985


def test_metrics_repeat_exactly():
    """The sampled intervals have a fixed seed."""
    rng = np.random.default_rng(6)
    score = rng.random(300)

    first, second = (
        measure_completeness(_truth(100, 200), score, 0.9, name="c") for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("measure", [
    measure_auroc,
    lambda t, s: measure_tpr(t, s, false_positives=0, name="t"),
    lambda t, s: measure_completeness(t, s, 0.99, name="c"),
    lambda t, s: measure_threshold(t, s, 0.99, name="t"),
])  # fmt: skip
def test_bad_input_is_refused(measure):
    """One class, NaN, unequal lengths and nothing are errors that say so."""
    with pytest.raises(InputError, match="all 3 objects are positive and none is negative"):
        measure(np.ones(3, dtype=bool), np.arange(3.0))
    with pytest.raises(InputError, match="none is positive"):
        measure(np.zeros(3, dtype=bool), np.arange(3.0))
    with pytest.raises(InputError, match="1 of 4 values of the score are NaN"):
        measure(HAND_TRUTH, np.array([0.1, np.nan, 0.3, 0.4]))
    with pytest.raises(InputError, match="4 entries and the score has 3"):
        measure(HAND_TRUTH, np.arange(3.0))
    with pytest.raises(InputError, match="filled array"):
        measure(np.array([], dtype=bool), np.array([]))


def test_an_empty_subset_is_refused():
    """Completeness of no lens is not a number."""
    with pytest.raises(InputError, match=r"completeness \(none\) has no object"):
        measure_completeness(
            HAND_TRUTH,
            HAND_SCORE,
            0.99,
            name="completeness",
            subset=~HAND_TRUTH,
            conditions="none",
        )
