"""Scores of probabilities and their calibration against hand counts."""

import math

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.metrics import brier_score_loss, log_loss

from zoo_core.errors import InputError
from zoo_core.metrics import (
    CALIBRATION_BINS,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_offset,
    measure_brier,
    measure_calibration_error,
    measure_log_loss,
    reliability_curve,
    wilson,
)

TRUTH = np.array([True, False, False, False])
PROBABILITY = np.array([0.9, 0.9, 0.1, 0.1])


def test_brier_by_hand():
    """Squares 0.01, 0.81, 0.01, 0.01: mean 0.21, standard error 0.2."""
    metric = measure_brier(TRUTH, PROBABILITY)

    assert metric.value == pytest.approx(0.21)
    assert metric.value == pytest.approx(brier_score_loss(TRUTH, PROBABILITY))
    assert metric.low == 0.0
    assert metric.high == pytest.approx(0.21 + 1.959964 * 0.2)


def test_log_loss_by_hand():
    """Natural logarithms of the probability of what was true."""
    metric = measure_log_loss(np.array([0.9, 0.1, 0.9, 0.9]))

    assert metric.value == pytest.approx(-(3 * math.log(0.9) + math.log(0.1)) / 4)
    assert metric.value == pytest.approx(log_loss(TRUTH, PROBABILITY))
    assert metric.low < metric.value < metric.high


def test_log_loss_of_a_certain_error_is_finite():
    """A probability of 0 counts as the resolution of float32."""
    assert measure_log_loss(np.array([0.0, 1.0])).value == pytest.approx(23 * math.log(2) / 2)


def test_calibration_error_by_hand():
    """Bins at 0.9 (1 of 2 true) and at 0.1 (0 of 2): (0.8 + 0.2) / 4."""
    assert expected_calibration_error(TRUTH, PROBABILITY) == pytest.approx(0.25)


def test_calibration_error_nets_out_within_a_bin_only():
    """Errors -0.8 and 1.8 of two bins add, but cancel in part in a single bin."""
    assert expected_calibration_error(~TRUTH, PROBABILITY) == pytest.approx(2.6 / 4)
    assert expected_calibration_error(~TRUTH, PROBABILITY, bins=1) == pytest.approx(1.0 / 4)


def test_calibration_error_interval():
    """A miscalibrated score is told from noise, a calibrated one is not."""
    rng = np.random.default_rng(0)
    p = rng.random(4000)

    calibrated = measure_calibration_error(rng.random(4000) < p, p)
    wrong = measure_calibration_error(rng.random(4000) < p**2, p)

    assert calibrated.low == 0.0
    assert calibrated.value < calibrated.high < 0.04
    assert wrong.low > 0.1
    assert wrong.low < 1 / 6 < wrong.high
    assert "15 bins" in wrong.conditions


def test_calibration_error_interval_covers_a_known_error():
    """With p 0.1 too high everywhere the error is 0.1, and most intervals hold it."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        p = 0.1 + 0.9 * rng.random(1000)
        metric = measure_calibration_error(rng.random(1000) < p - 0.1, p)
        covered += metric.low <= 0.1 <= metric.high

    assert covered >= 51


def test_reliability_curve_by_hand():
    """Counts, mean probability, frequency and Wilson limits of each bin."""
    curve = reliability_curve(
        np.array([True, False, True, True]), np.array([0.05, 0.15, 1.0, 0.0]), bins=5
    )

    assert curve.counts.tolist() == [3, 0, 0, 0, 1]
    assert curve.probability[[0, 4]] == pytest.approx([0.2 / 3, 1.0])
    assert curve.frequency[[0, 4]] == pytest.approx([2 / 3, 1.0])
    assert (curve.low[0], curve.high[0]) == pytest.approx(wilson(2, 3))
    assert np.isnan(curve.frequency[1:4]).all()
    assert np.isnan(curve.low[1:4]).all()
    assert curve.edges == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_reliability_curve_adds_up_to_the_calibration_error():
    """The two are the same sums."""
    rng = np.random.default_rng(1)
    p, truth = rng.random(500), rng.random(500) < 0.4
    curve = reliability_curve(truth, p)
    gaps = np.abs(curve.frequency - curve.probability)

    assert len(curve.counts) == CALIBRATION_BINS
    assert (curve.counts * gaps).sum() / 500 == pytest.approx(
        expected_calibration_error(truth, p)
    )


def test_temperature_by_hand():
    """Logit 4 and right 3 times of 4: best at sigmoid(4 / T) = 3/4."""
    temperature = fit_temperature(np.full(4, 4.0), np.array([1, 1, 1, 0]))

    assert temperature == pytest.approx(4 / math.log(3), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_is_recovered(temperature):
    """Truth drawn at a temperature gives it back."""
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, 20_000)
    target = rng.random(20_000) < expit(logits / temperature)

    assert fit_temperature(logits, target) == pytest.approx(temperature, rel=0.04)


def test_temperature_and_offset_are_recovered():
    """Truth drawn with both gives them back."""
    rng = np.random.default_rng(2)
    logits = rng.normal(1, 3, 40_000)
    target = rng.random(40_000) < expit(logits / 2.5 - 1.5)
    temperature, offset = fit_temperature_and_offset(logits, target)

    assert temperature == pytest.approx(2.5, rel=0.04)
    assert offset == pytest.approx(-1.5, abs=0.06)


def test_offset_without_an_error_stops_at_the_limits():
    """Separated classes have no best numbers; what is found separates them."""
    temperature, offset = fit_temperature_and_offset(np.array([1.0, 3.0]), np.array([0, 1]))

    assert 0.05 <= temperature <= 20.0
    assert 1.0 / temperature + offset < 0.0 < 3.0 / temperature + offset


def test_offset_refuses_other_classes():
    """Two classes have targets 0 and 1."""
    with pytest.raises(InputError, match="0 or 1"):
        fit_temperature_and_offset(np.zeros(3), np.array([0, 1, 2]))


def test_temperature_of_two_logits_is_that_of_their_difference():
    """One logit z is the two logits 0 and z."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (500, 2))
    target = rng.integers(0, 2, 500)
    target[:300] = logits[:300].argmax(axis=1)

    assert fit_temperature(logits, target) == pytest.approx(
        fit_temperature(logits[:, 1] - logits[:, 0], target), rel=1e-4
    )


def test_temperature_minimises_the_log_loss():
    """No neighbour is better, for several classes."""
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 2, (2000, 4))
    target = np.where(rng.random(2000) < 0.6, logits.argmax(1), rng.integers(0, 4, 2000))

    def loss(temperature):
        return -log_softmax(logits / temperature, axis=1)[np.arange(2000), target].mean()

    best = fit_temperature(logits, target)

    assert 1.0 < best < 5.0
    assert loss(best) <= min(loss(0.97 * best), loss(1.03 * best))


def test_temperature_without_an_error_stops_at_the_limit():
    """Separated classes have no best temperature."""
    temperature = fit_temperature(np.array([-1.0, 1.0]), np.array([0, 1]))

    assert temperature == pytest.approx(0.05, rel=1e-3)


def test_bad_input_is_refused():
    """Logits for probabilities, NaN and impossible classes are errors that say so."""
    with pytest.raises(InputError, match="were these logits"):
        measure_brier(TRUTH, np.array([2.0, 0.1, 0.2, 0.3]))
    with pytest.raises(InputError, match="NaN or infinite"):
        measure_calibration_error(TRUTH, np.array([np.nan, 0.1, 0.2, 0.3]))
    with pytest.raises(InputError, match="NaN or infinite"):
        fit_temperature(np.array([np.inf, 0.0]), np.array([1, 0]))
    with pytest.raises(InputError, match="from 0 to 1, got 0 to 2"):
        fit_temperature(np.zeros(3), np.array([0, 1, 2]))
