"""Candidates of a search for rare things, by hand."""

import numpy as np
import pytest

from zoo_core.errors import InputError
from zoo_core.metrics import (
    Search,
    measure_search,
    measure_shortlist,
    threshold_at_completeness,
    threshold_for_candidates,
    wilson,
)

POSITIVE = np.array([True] * 4 + [False] * 100)


def scores():
    """Positives at 0.9, 0.8, 0.6 and 0.1; negatives mostly at 0, five at 0.6, one at 0.85."""
    return np.array([0.9, 0.8, 0.6, 0.1, *[0.6] * 5, 0.85, *[0.0] * 94])


def test_candidates_and_purity_follow_from_two_shares():
    """Of 10 lenses among 10,000 galaxies half are found, and one in a hundred others."""
    search = Search(objects=10_000, wanted=10)
    candidates, purity, rate = measure_search(POSITIVE, scores(), 0.5, search)
    low, high = wilson(1, 100)

    assert candidates.value == pytest.approx(5 + 0.01 * 9_990)
    assert purity.value == pytest.approx(5 / candidates.value)
    assert candidates.low == pytest.approx(5 + low * 9_990)
    assert candidates.high == pytest.approx(5 + high * 9_990)
    assert purity.low == pytest.approx(5 / candidates.high)
    assert purity.high == pytest.approx(5 / candidates.low)
    assert candidates.conditions == "50 % of 10 among 10,000 objects"
    assert candidates.n == 100
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.01, low, high))
    assert search.prevalence == pytest.approx(1e-3)


def test_negatives_with_the_cuts_own_score_pass():
    """Three quarters need the cut at 0.6, where five negatives stand."""
    candidates, *_ = measure_search(POSITIVE, scores(), 0.75, Search(1000, 100))

    assert candidates.value == pytest.approx(75 + 0.06 * 900)


@pytest.mark.parametrize(
    ("completeness", "expected"), [(0.01, 0.9), (0.25, 0.9), (0.5, 0.8), (1.0, 0.1)]
)
def test_the_cut_finds_at_least_its_share(completeness, expected):
    """And no lower than it must be."""
    assert threshold_at_completeness(POSITIVE, scores(), completeness) == expected


@pytest.mark.parametrize(
    ("completeness", "search", "message"),
    [
        (0.0, Search(10, 1), "completeness must be above 0"),
        (0.5, Search(10, 10), "more objects than wanted ones"),
        (0.5, Search(10, 0), "more objects than wanted ones"),
    ],
)
def test_impossible_searches_are_refused(completeness, search, message):
    """With what was given."""
    with pytest.raises(InputError, match=message):
        measure_search(POSITIVE, scores(), completeness, search)


# A list of candidates of a given length


@pytest.mark.parametrize(
    ("candidates", "cut", "completeness"),
    [
        # At 0.9 one lens in four passes: 2.5 of 10. At 0.85 a hundredth of the others as well.
        (2.4, np.inf, 0.0),
        (2.5, 0.9, 0.25),
        (100.0, 0.9, 0.25),
        (2.5 + 99.9, 0.85, 0.25),
        (5.0 + 99.9, 0.8, 0.5),
        # Five non-lenses share the score of the third lens: all pass, or none of the four.
        (606.8, 0.8, 0.5),
        (7.5 + 0.06 * 9_990, 0.6, 0.75),
        (9_999.0, 0.1, 1.0),
    ],
)
def test_a_list_ends_before_it_is_too_long(candidates, cut, completeness):
    """Among 10,000 with 10 lenses; equal scores stay together."""
    search = Search(objects=10_000, wanted=10)
    metric = measure_shortlist(POSITIVE, scores(), candidates, search)

    assert threshold_for_candidates(POSITIVE, scores(), candidates, search) == cut
    assert metric.value == completeness
    assert (metric.n, metric.name) == (4, "shortlist_completeness")
    assert (metric.low, metric.high) == pytest.approx(wilson(round(4 * completeness), 4))


def test_a_list_tells_its_length_and_population():
    """As the conditions of the metric."""
    metric = measure_shortlist(POSITIVE, scores(), 761, Search(21_789, 3))

    assert metric.conditions == "761 candidates, 3 among 21,789 objects"


@pytest.mark.parametrize("candidates", [0, -3, 10, 11])
def test_impossible_lists_are_refused(candidates):
    """None at all, or all there are."""
    with pytest.raises(InputError, match="longer than 0 and shorter than the 10 objects"):
        measure_shortlist(POSITIVE, scores(), candidates, Search(10, 1))
