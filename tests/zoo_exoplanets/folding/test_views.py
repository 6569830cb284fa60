"""Folding and binning, and the simulator that uses them."""

import numpy as np
import pytest
from zoo_exoplanets.folding.views import (
    GLOBAL_BINS,
    LOCAL_BINS,
    fold,
    global_view,
    local_view,
    median_bins,
)
from zoo_exoplanets.simulation.folded import KINDS, FoldedTransits

from zoo_core.errors import InputError

PERIOD, DURATION = 5.0, 0.2


def _box(count=60_000):
    """A dip of 1 % in the middle of each orbit, at random times."""
    time = np.random.default_rng(1).uniform(0.0, 90.0, count)
    folded = fold(time, PERIOD, 1.3)
    return folded, 1.0 - 0.01 * (np.abs(folded) < DURATION / 2)


def test_folding_is_that_of_astropy():
    """``TimeSeries.fold`` gives the same times."""
    from astropy import units
    from astropy.time import Time
    from astropy.timeseries import TimeSeries

    time = np.linspace(0.0, 30.0, 500)
    series = TimeSeries(time=Time(time + 2457000.0, format="jd"))
    expected = series.fold(period=PERIOD * units.day, epoch_time=Time(2457001.3, format="jd"))

    found = np.sort(fold(time, PERIOD, 1.3))

    assert found == pytest.approx(np.sort(expected.time.to_value("day")), abs=1e-6)


def test_bins_are_medians_by_hand_and_by_scipy():
    """Bins that touch are those of ``binned_statistic``; overlapping ones share samples."""
    from scipy.stats import binned_statistic

    rng = np.random.default_rng(2)
    place, values = rng.uniform(-1.0, 1.0, 500), rng.normal(size=500)

    found = median_bins(place, values, bins=40, width=0.05, reach=1.0)
    wide = median_bins(place, values, bins=9, width=0.4, reach=1.0)

    expected = binned_statistic(place, values, "median", 40, (-1.0, 1.0)).statistic
    assert found == pytest.approx(expected, nan_ok=True)
    for k, low in enumerate(np.linspace(-1.0, 0.6, 9)):
        assert wide[k] == np.median(values[(place >= low) & (place < low + 0.4)])


def test_empty_bins_are_told_and_then_filled_with_the_median():
    """A hole in the phase becomes the level of the star."""
    folded, flux = _box()
    kept = (folded < 1.0) | (folded > 1.5)
    bins = median_bins(folded[kept], flux[kept], bins=500, width=0.01, reach=2.5)

    assert np.isnan(bins).sum() == pytest.approx(50, abs=2)
    assert (global_view(folded[kept], flux[kept], PERIOD)[1450:1550] == 0.0).all()


def test_views_have_the_published_form():
    """Lengths, median 0, minimum -1, and the transit where it belongs."""
    folded, flux = _box()
    whole, near = global_view(folded, flux, PERIOD), local_view(folded, flux, PERIOD, DURATION)

    assert whole.shape == (GLOBAL_BINS,) == (2001,)
    assert near.shape == (LOCAL_BINS,) == (201,)
    for view in (whole, near):
        assert view.dtype == np.float32
        assert np.median(view) == 0.0
        assert view.min() == -1.0
    # One duration of 25 in 2001 bins, one of eight in 201.
    assert (whole < -0.5).sum() == pytest.approx(2001 * DURATION / PERIOD, abs=3)
    assert (near < -0.5).sum() == pytest.approx(201 / 8, abs=3)
    assert np.flatnonzero(whole < -0.5).mean() == pytest.approx(1000, abs=2)


def test_missing_samples_count_for_nothing():
    """NaN in the flux changes no other bin."""
    folded, flux = _box()
    holey = np.append(flux, [np.nan, np.inf])
    places = np.append(folded, [0.0, 0.1])

    found = global_view(places, holey, PERIOD)

    assert np.array_equal(found, global_view(folded, flux, PERIOD))


@pytest.mark.parametrize(("value", "flag"), [(np.nan, "all-nan"), (1.0, "constant")])
def test_light_curves_without_information_are_refused(value, flag):
    """Nothing to fold, and nothing that varies."""
    with pytest.raises(InputError) as caught:
        global_view(np.linspace(-1, 1, 50), np.full(50, value), 2.0)

    assert caught.value.flag == flag


def test_simulated_views_show_what_was_drawn():
    """Planets dip in the middle and not half an orbit away; binaries often do both."""
    drawn = FoldedTransits().chunk(0, seed=3)
    views, truth = drawn.arrays["local_view"][:, 0].numpy(), drawn.truth
    clear = truth["signal_to_noise"] > 25
    planet = (truth["planet"] == 1) & clear

    assert set(truth["kind"]) == set(KINDS)
    assert ((truth["kind"] == "planet") == (truth["planet"] == 1)).all()
    assert planet.any()
    middle, edge = views[planet][:, 96:105].mean(), views[planet][:, :30].mean()
    assert middle < -0.5
    assert abs(edge) < 0.15
