"""What a search for rare things brings: candidates and purity at a stated prevalence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ..cards import Metric
from ..errors import InputError
from ._checks import two_classes
from ._intervals import measure_fraction, wilson

if TYPE_CHECKING:
    import numpy as np


class Search(NamedTuple):
    """A population that is searched: how many objects, and how many of them are wanted."""

    objects: float
    wanted: float

    @property
    def prevalence(self) -> float:
        """Share of the wanted."""
        return self.wanted / self.objects


def threshold_at_completeness(
    positive: np.ndarray, score: np.ndarray, completeness: float
) -> float:
    """The highest cut ``score >= t`` that at least a share of the positives pass.

    Examples
    --------
    >>> import numpy as np
    >>> positive = np.array([True, True, True, False])
    >>> threshold_at_completeness(positive, np.array([0.9, 0.6, 0.3, 0.5]), 0.5)
    0.6
    """
    import numpy as np

    ordered = np.sort(score[positive])[::-1]
    needed = max(1, math.ceil(completeness * len(ordered) - 1e-9))
    return float(ordered[needed - 1])


def measure_search(
    positive: np.ndarray, score: np.ndarray, completeness: float, search: Search
) -> list[Metric]:
    """Candidates and purity of a search, with a cut that finds a share of the wanted.

    The cut is set on the positives of a test set, in which they may be as frequent as one
    likes; ``f``, the share of its negatives that pass, is what matters. In a population with
    ``W`` wanted among ``N`` there are ``c W + f (N - W)`` candidates, of which ``c W`` are
    right. All negatives of the cut's own score pass.

    Parameters
    ----------
    positive : numpy.ndarray
        ``(n,)`` bool.
    score : numpy.ndarray
        ``(n,)``; higher is likelier wanted.
    completeness : float
        Share of the wanted that are to be found, above 0, to 1.
    search : Search
        The population.

    Returns
    -------
    list of Metric
        ``candidates``, ``search_purity`` and ``search_false_positive_rate``, which is ``f``;
        the 95 % limits are those of ``f`` (Wilson). The cut's own scatter is not in them.

    Raises
    ------
    InputError
        Only one class is there, a score is not finite, or impossible numbers.
    """
    positive, score = two_classes(positive, score)
    if not 0.0 < completeness <= 1.0:
        raise InputError(f"completeness must be above 0 and at most 1, is {completeness}.")
    _check(search)
    cut = threshold_at_completeness(positive, score, completeness)
    found = float((score[positive] >= cut).mean())
    passed, negatives = int((score[~positive] >= cut).sum()), int((~positive).sum())
    shares = (passed / negatives, *wilson(passed, negatives))
    right = found * search.wanted
    counts = [right + share * (search.objects - search.wanted) for share in shares]
    purities = [right / count for count in counts]
    told = (
        f"{100 * completeness:g} % of {search.wanted:,.0f} among {search.objects:,.0f} objects"
    )
    return [
        Metric(
            name="candidates",
            value=counts[0],
            n=negatives,
            low=counts[1],
            high=counts[2],
            conditions=told,
        ),
        Metric(
            name="search_purity",
            value=purities[0],
            n=negatives,
            low=purities[2],
            high=purities[1],
            conditions=told,
        ),
        Metric(
            name="search_false_positive_rate",
            value=shares[0],
            n=negatives,
            low=shares[1],
            high=shares[2],
            conditions=told,
        ),
    ]


def threshold_for_candidates(
    positive: np.ndarray, score: np.ndarray, candidates: float, search: Search
) -> float:
    """The lowest cut ``score >= t`` that a population passes no more than so many times.

    Objects of one score pass together or not at all. Infinite, if the best score of all
    belongs to more objects than that.
    """
    import numpy as np

    levels = np.unique(score)[::-1]

    def passing(of: np.ndarray) -> np.ndarray:
        """Share with a score of each level or above."""
        share: np.ndarray = 1.0 - np.searchsorted(np.sort(of), levels, side="left") / len(of)
        return share

    wanted, others = passing(score[positive]), passing(score[~positive])
    expected = search.wanted * wanted + (search.objects - search.wanted) * others
    fits = np.count_nonzero(expected <= candidates * (1.0 + 1e-9))
    return float(levels[fits - 1]) if fits else math.inf


def measure_shortlist(
    positive: np.ndarray, score: np.ndarray, candidates: float, search: Search
) -> Metric:
    """Share of the wanted on a list of the best candidates that is as long as one can look at.

    How many of a population pass a cut is expected from the shares of the positives and of
    the negatives of a test set that do, see ``measure_search``.

    Parameters
    ----------
    positive : numpy.ndarray
        ``(n,)`` bool.
    score : numpy.ndarray
        ``(n,)``; higher is likelier wanted.
    candidates : float
        Length of the list, above 0, below the number of objects.
    search : Search
        The population.

    Returns
    -------
    Metric
        ``shortlist_completeness`` with the 95 % limits of the positives (Wilson). The cut's
        own scatter is not in them.

    Raises
    ------
    InputError
        Only one class is there, a score is not finite, or impossible numbers.
    """
    positive, score = two_classes(positive, score)
    _check(search)
    if not 0.0 < candidates < search.objects:
        raise InputError(
            f"a list of candidates is longer than 0 and shorter than the {search.objects:,g} "
            f"objects, not {candidates:,g}."
        )
    cut = threshold_for_candidates(positive, score, candidates, search)
    population = f"{search.wanted:,.0f} among {search.objects:,.0f} objects"
    told = f"{candidates:,.0f} candidates, {population}"
    found = score[positive] >= cut
    return measure_fraction(found, name="shortlist_completeness", conditions=told)


def _check(search: Search) -> None:
    if not 0.0 < search.wanted < search.objects:
        raise InputError(
            f"a search needs more objects than wanted ones, and one of these; got {search}."
        )
