"""Views of candidates from light curves in files."""

import numpy as np
import pytest
from astropy.table import Table
from zoo_exoplanets.folding.candidates import Candidate, main, read_views, views_of
from zoo_exoplanets.folding.trend import without_trend
from zoo_exoplanets.folding.views import fold, global_view, local_view

from zoo_core.errors import InputError

PERIOD, FIRST, DURATION = 3.0, 1.1, 0.2


def _curve(*, trend=True, days=30.0, gap=(12.0, 13.5)):
    """A box of one per cent, noise of a tenth of that, a star that varies by two per cent."""
    time = np.arange(0.0, days, 600.0 / 86400.0)
    time = time[(time < gap[0]) | (time > gap[1])]
    dip = np.abs(fold(time, PERIOD, FIRST)) < DURATION / 2
    flux = 1.0 - 0.01 * dip + np.random.default_rng(3).normal(0.0, 0.001, len(time))
    return time, flux * (1.0 + 0.02 * np.sin(2 * np.pi * time / 8.0) * trend)


def _candidate(path="star.csv"):
    return Candidate("star", path, PERIOD, FIRST, DURATION)


def test_trend_is_divided_out_and_the_transit_stays():
    """Two per cent of the star are gone; one per cent of the planet is there."""
    time, flux = _curve()
    inside = np.abs(fold(time, PERIOD, FIRST)) < DURATION / 2
    near = np.abs(fold(time, PERIOD, FIRST)) < DURATION
    flat = without_trend(time, flux, knot_spacing=1.6, gap=1.2, kept_out=near)

    assert flat[inside].mean() == pytest.approx(0.99, abs=4e-4)
    assert flat[~near].mean() == pytest.approx(1.0, abs=2e-4)
    assert flat[~near].std() == pytest.approx(0.001, rel=0.2)


def test_pieces_on_both_sides_of_a_gap_have_levels_of_their_own():
    """A jump in a gap leaves no trace."""
    time, flux = _curve(trend=False)
    flux[time > 13.0] *= 1.3
    near = np.abs(fold(time, PERIOD, FIRST)) < DURATION
    flat = without_trend(time, flux, knot_spacing=1.6, gap=1.2, kept_out=near)

    assert flat[~near].std() == pytest.approx(0.001, rel=0.2)


def test_few_samples_are_divided_by_their_median():
    """And missing ones stay missing."""
    flat = without_trend(
        np.arange(4.0), np.array([2.0, np.nan, 4.0, 6.0]), knot_spacing=1.0, gap=9.0
    )

    np.testing.assert_array_equal(flat, [0.5, np.nan, 1.0, 1.5])


def test_views_are_those_of_the_light_curve_without_its_trend():
    """The star's variability changes the views by no more than the noise."""
    flat, wavy = _curve(trend=False), _curve()
    folded = fold(flat[0], PERIOD, FIRST)
    wide, near = views_of(*wavy, _candidate())

    assert (wide.shape, near.shape) == ((2001,), (201,))
    expected = local_view(folded, flat[1], PERIOD, DURATION)
    assert np.abs(near - expected).max() < 0.15
    assert np.corrcoef(wide, global_view(folded, flat[1], PERIOD))[0, 1] > 0.9


def test_a_file_gives_the_same_views(tmp_path):
    """Read as any light curve, gaps and all."""
    time, flux = _curve()
    Table({"time": time, "flux": flux}).write(tmp_path / "star.csv")
    found = read_views(_candidate(tmp_path / "star.csv"))

    for view, expected in zip(found, views_of(time, flux, _candidate()), strict=True):
        np.testing.assert_allclose(view, expected, atol=0.02)


def test_a_table_becomes_a_file_of_views(tmp_path, capsys):
    """Candidates that cannot be used are told, flagged by NaN, and not lost."""
    time, flux = _curve()
    Table({"time": time, "flux": flux}).write(tmp_path / "star.csv")
    table = Table(
        rows=[
            ("a", "star.csv", PERIOD, FIRST, DURATION),
            ("b", "none.csv", PERIOD, FIRST, DURATION),
            ("c", "star.csv", PERIOD, FIRST, 7.0),
        ],
        names=("id", "path", "period", "time", "duration"),
    )
    table.write(tmp_path / "candidates.csv")
    code = main([str(tmp_path / "candidates.csv"), "-o", str(tmp_path / "views.npz")])
    told = capsys.readouterr()

    assert code == 1
    assert told.out.endswith("3 candidates, 2 of them without views\n")
    assert "b: " in told.err
    assert "none.csv" in told.err
    assert "c: period, time and duration must be" in told.err
    with np.load(tmp_path / "views.npz") as found:
        assert found["id"].tolist() == ["a", "b", "c"]
        assert found["global_view"].shape == (3, 1, 2001)
        assert found["local_view"].shape == (3, 1, 201)
        assert np.isfinite(found["local_view"]).all(axis=(1, 2)).tolist() == [
            True,
            False,
            False,
        ]


def test_a_table_without_a_column_is_refused(tmp_path, capsys):
    """With the name of what it lacks."""
    (tmp_path / "candidates.csv").write_text("path,period\nstar.csv,3\n")

    assert main([str(tmp_path / "candidates.csv"), "-o", str(tmp_path / "views.npz")]) == 2
    assert "it lacks time, duration" in capsys.readouterr().err
    assert not (tmp_path / "views.npz").exists()


def test_durations_longer_than_the_period_are_refused():
    """So is what is no number."""
    with pytest.raises(InputError, match="0 < duration < period"):
        Candidate("a", "star.csv", 1.0, 0.0, 1.0)
    with pytest.raises(InputError, match="must be numbers"):
        Candidate("a", "star.csv", np.nan, 0.0, 0.1)
