"""Decided classes, fractions, errors of numbers and the metric itself."""

import json
import math

import numpy as np
import pytest

import zoo_core.metrics
from zoo_core.errors import InputError
from zoo_core.metrics import (
    Metric,
    confusion_matrix,
    measure_accuracy,
    measure_balanced_accuracy,
    measure_balanced_precision,
    measure_false_positive_rate,
    measure_fraction,
    measure_precision,
    measure_rmse,
    wilson,
)


def test_wilson_by_formula():
    """The score interval solves |p - hits/n| = z sqrt(p (1 - p) / n)."""
    for hits, trials in ((0, 10), (3, 10), (10, 10), (900, 1000)):
        for limit in wilson(hits, trials):
            left = (limit - hits / trials) ** 2
            right = 1.959963984540054**2 * limit * (1 - limit) / trials
            assert left == pytest.approx(right, abs=1e-12)


def test_wilson_holds_the_share_itself():
    """Also where it is 0 or 1 and rounding could push a limit past it."""
    for trials in range(1, 200):
        assert wilson(0, trials)[0] == 0.0
        assert wilson(trials, trials)[1] == 1.0


def test_wilson_of_arrays():
    """Counts of any shape give limits of that shape."""
    low, high = wilson(np.array([0, 5]), np.array([10, 10]))

    assert low[0] == pytest.approx(wilson(0, 10)[0])
    assert high[1] == pytest.approx(wilson(5, 10)[1])


def test_fraction_by_hand():
    """Three of four."""
    metric = measure_fraction([True, True, False, True], name="share", conditions="all")

    assert metric == Metric(
        name="share",
        value=0.75,
        n=4,
        low=wilson(3, 4)[0],
        high=wilson(3, 4)[1],
        conditions="all",
    )


def test_fraction_of_nothing_is_refused():
    """No object, no number."""
    with pytest.raises(InputError, match="no object"):
        measure_fraction(np.array([], dtype=bool), name="share")


def test_accuracy_and_balanced_accuracy_by_hand():
    """Class a: 3 of 4 right, class b: 0 of 1; names work as well as numbers."""
    truth = np.array(["a", "a", "a", "a", "b"])
    predicted = np.array(["a", "a", "a", "b", "a"])

    assert measure_accuracy(truth, predicted).value == 0.6
    assert measure_balanced_accuracy(truth, predicted).value == 0.375


def test_balanced_accuracy_adds_the_limits_in_quadrature():
    """Half the root of the summed squares of both classes' distances."""
    truth = np.repeat([0, 1], [40, 10])
    predicted = np.repeat([0, 1, 1, 0], [30, 10, 10, 0])
    first, second = wilson(30, 40)[0], wilson(10, 10)[0]

    metric = measure_balanced_accuracy(truth, predicted)

    assert metric.value == 0.875
    assert metric.low == pytest.approx(0.875 - math.hypot(0.75 - first, 1 - second) / 2)
    assert metric.high == pytest.approx(0.875 + (wilson(30, 40)[1] - 0.75) / 2)


def test_precision_and_false_positive_rate_by_hand():
    """Of three selected two are positive; of three negatives one is selected."""
    positive = np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    selected = np.array([1, 1, 0, 1, 0, 0], dtype=bool)
    subset = np.array([0, 0, 0, 1, 1, 0], dtype=bool)

    assert measure_precision(positive, selected).value == pytest.approx(2 / 3)
    assert measure_precision(positive, selected).n == 3
    assert measure_false_positive_rate(positive, selected).value == pytest.approx(1 / 3)
    assert measure_false_positive_rate(positive, selected, subset=subset).value == 0.5
    with pytest.raises(InputError, match="precision"):
        measure_precision(positive, np.zeros(6, dtype=bool))


def _groups(found, positives, passed, negatives):
    """Truth and selection with so many selected of so many positives and negatives."""
    positive = np.repeat([True, False], [positives, negatives])
    selected = np.concatenate([np.arange(positives) < found, np.arange(negatives) < passed])
    return positive, selected


def test_balanced_precision_by_hand():
    """Shares of 0.8 and 0.1 give 8/9, however many negatives there are."""
    metric = measure_balanced_precision(*_groups(8, 10, 10, 100))
    many = measure_balanced_precision(*_groups(8, 10, 1000, 10_000))

    assert metric.value == pytest.approx(8 / 9)
    assert metric.n == 18
    assert many.value == pytest.approx(8 / 9)
    assert metric.low < many.low < many.value < many.high < metric.high


def test_balanced_precision_of_equal_numbers_is_the_precision():
    """That is what it means."""
    positive, selected = _groups(60, 90, 20, 90)

    assert (
        measure_balanced_precision(positive, selected).value
        == measure_precision(positive, selected).value
    )


def test_balanced_precision_counts_the_negatives_of_the_subset():
    """And all positives, in the subset or not."""
    positive, selected = _groups(8, 10, 10, 100)
    subset = np.arange(110) >= 15  # the last five selected negatives, 95 in all

    metric = measure_balanced_precision(positive, selected, subset=subset)

    assert metric.value == pytest.approx(0.8 / (0.8 + 5 / 95))
    assert metric.n == 13


@pytest.mark.parametrize(("found", "passed", "value"), [(0, 3, 0.0), (5, 0, 1.0)])
def test_balanced_precision_at_its_ends_keeps_an_interval(found, passed, value):
    """No hit or no false alarm among few objects does not prove that there is none."""
    metric = measure_balanced_precision(*_groups(found, 20, passed, 20))

    assert metric.value == value
    assert metric.low <= value <= metric.high
    assert metric.high - metric.low > 0.05


@pytest.mark.parametrize("counts", [(0, 9, 0, 9), (0, 0, 1, 9), (1, 9, 0, 0)])
def test_balanced_precision_of_nothing_is_refused(counts):
    """Nothing selected, no positive, no negative."""
    with pytest.raises(InputError, match=r"purity \(ring\) needs positives"):
        measure_balanced_precision(*_groups(*counts), name="purity", conditions="ring")


def test_balanced_precision_intervals_hold_the_truth_as_often_as_they_say():
    """Of 400 samples with known shares about 95 % of the intervals hold the known value."""
    generator = np.random.default_rng(11)
    truth = 0.6 / (0.6 + 0.03)
    held = 0
    for found, passed in generator.binomial([300, 400], [0.6, 0.03], (400, 2)):
        metric = measure_balanced_precision(*_groups(found, 300, passed, 400))
        held += metric.low <= truth <= metric.high

    assert 0.92 < held / 400 < 0.98


def test_confusion_matrix_keeps_absent_classes():
    """Rows are true classes; a class that nobody has is a row of zeros."""
    counts = confusion_matrix(np.array([0, 0, 2]), np.array([0, 2, 2]), 4)

    assert counts.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_rmse_by_hand():
    """Errors 3 and 4: the root of 12.5, limits from 12.5 +- 1.96 * 3.5."""
    metric = measure_rmse(np.array([0.0, 0.0]), np.array([3.0, -4.0]))

    assert metric.value == pytest.approx(math.sqrt(12.5))
    assert metric.low == pytest.approx(math.sqrt(12.5 - 1.959964 * 3.5))
    assert metric.high == pytest.approx(math.sqrt(12.5 + 1.959964 * 3.5))


def test_rmse_of_one_object_has_no_upper_limit():
    """A single error says nothing about scatter."""
    metric = measure_rmse([1.0], [3.0])

    assert (metric.value, metric.low, metric.high) == (2.0, 0.0, None)


def test_rmse_refuses_nan_in_either():
    """A missing truth is not an error of the model."""
    with pytest.raises(InputError, match="truth"):
        measure_rmse([np.nan, 1.0], [1.0, 1.0])
    with pytest.raises(InputError, match="prediction"):
        measure_rmse([1.0, 1.0], [np.inf, 1.0])


def test_metric_to_json_is_what_a_card_holds():
    """Plain numbers, no empty fields, and back again."""
    full = Metric(name="auroc", value=0.5, n=3, low=0.25, high=0.75, conditions="S/N > 20")
    bare = Metric(name="rmse", value=np.float64(2.0), n=np.int64(7))

    assert Metric(**json.loads(json.dumps(full.to_json()))) == full
    assert json.dumps(bare.to_json()) == '{"name": "rmse", "value": 2.0, "n": 7}'
    assert str(full) == "auroc (S/N > 20) 0.5000 [0.2500, 0.7500], n = 3"


def test_all_is_sorted_and_true():
    """What the package lists is there and in order."""
    names = zoo_core.metrics.__all__

    assert names == sorted(names)
    assert all(hasattr(zoo_core.metrics, name) for name in names)
