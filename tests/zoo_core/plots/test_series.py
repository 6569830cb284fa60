"""Series with the scores of their windows."""

import numpy as np
import pytest

from zoo_core.errors import UsageError
from zoo_core.plots import MOST_SERIES, Scanned, find_peaks, save_figure, series_figure


def _scanned(name="star", count=300, **changes):
    times = np.arange(count) / 10.0
    places = times[20:-20:5]
    scores = np.exp(-0.5 * ((places - 12.0) / 0.7) ** 2)
    given = {"name": name, "times": times, "values": np.sin(times), "places": places}
    return Scanned(**{**given, "scores": scores, "width": 4.0, **changes})


def test_peaks_are_half_a_width_apart_and_best_first():
    """A lower one inside the reach of a higher one is part of it."""
    places = np.arange(12.0)
    scores = np.array([0, 0.6, 0.9, 0.6, 0, 0, 0, 0.7, 0.95, 0.8, 0, 0])

    assert find_peaks(places, scores, width=4.0).tolist() == [8, 2]
    # With a narrower reach the neighbours are events of their own.
    assert find_peaks(places, scores, width=1.0).tolist() == [8, 2, 9, 7, 1, 3]


def test_a_plateau_is_one_peak_in_its_middle():
    """Probabilities that are rounded to one make plateaus."""
    scores = np.array([0.2, 1.0, 1.0, 1.0, 0.2, 0.2, 0.2, 1.0])

    assert find_peaks(np.arange(8.0), scores, width=5.0).tolist() == [2, 7]


def test_nothing_above_the_threshold_is_no_peak():
    """Also where nothing has a score."""
    places = np.arange(3.0)

    assert not len(find_peaks(places, np.array([0.5, 0.2, np.nan]), width=2.0))
    assert not len(find_peaks(places, np.full(3, np.nan), width=2.0))
    assert not len(find_peaks(places[:0], places[:0], width=2.0))


def test_figure_shows_every_series_with_its_scores(tmp_path):
    """Two axes each, the first one's title with name, best score and number of peaks."""
    figure = series_figure([_scanned(), _scanned("other")], score="p_dip", value="flux")
    first, below, second, _ = figure.axes

    assert first.get_title(loc="left") == "star, best p_dip 1.0000, 1 above 0.5"
    assert second.get_title(loc="left").startswith("other")
    assert (first.get_ylabel(), below.get_ylabel()) == ("flux", "p_dip")
    assert first.get_xlim() == below.get_xlim()
    save_figure(figure, tmp_path / "series.png")


def test_no_line_crosses_windows_that_were_left_out(tmp_path):
    """The scores have a gap there."""
    whole = _scanned()
    kept = (whole.places < 8.0) | (whole.places > 16.0)
    figure = series_figure(
        [_scanned(places=whole.places[kept], scores=whole.scores[kept])], score="p"
    )

    drawn = figure.axes[1].lines[-1].get_ydata()
    assert np.isnan(drawn).sum() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": np.full(52, np.nan)},
        {"places": np.array([15.0]), "scores": np.array([0.7])},
        {"values": np.full(300, np.nan)},
    ],
)
def test_poor_series_are_drawn_all_the_same(tmp_path, changes):
    """Without scores, with one window, without values."""
    save_figure(series_figure([_scanned(**changes)], score="p"), tmp_path / "series.png")


@pytest.mark.parametrize("count", [0, MOST_SERIES + 1])
def test_none_and_too_many_are_refused(count):
    """A figure of a hundred series would be no picture."""
    with pytest.raises(UsageError, match="series"):
        series_figure([_scanned()] * count, score="p")
