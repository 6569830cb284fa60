"""Finding lenses: binary classification with the questions that lens finders ask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo_core import metrics
from zoo_core.errors import CardError
from zoo_core.tasks import BinaryClassification

from .simulation.population import HARD_NEGATIVES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import matplotlib.figure

    from zoo_core.cards import Target
    from zoo_core.metrics import Metric

#: The lenses that Lanusse et al. (2018, MNRAS 473, 3895) quote their completeness for.
BRIGHT_EINSTEIN_RADIUS_ARCSEC = 1.4
BRIGHT_SIGNAL_TO_NOISE = 20.0
BRIGHT = "Einstein radius > 1.4 arcsec, S/N > 20"

#: Bins of the completeness map.
EINSTEIN_RADIUS_EDGES_ARCSEC = (0.6, 1.0, 1.4, 1.8, 2.4, 2.8)
SIGNAL_TO_NOISE_EDGES = (5.0, 10.0, 20.0, 40.0, 80.0, 100.0)

#: Rejections of non-lenses that completeness is quoted at.
REJECTIONS = {"completeness_99": 0.99, "completeness_999": 0.999}


class LensFinding(BinaryClassification):
    """Binary classification that asks which lenses are found and what is mistaken for one.

    A truth table with the columns ``einstein_radius`` (arcsec) and ``signal_to_noise``, NaN
    for non-lenses, adds the completeness of bright lenses and a completeness map; one with
    ``kind`` adds how often each kind of non-lens passes, and how pure a selection among
    lenses and that kind alone would be. Without them it is a ``BinaryClassification``.

    Parameters
    ----------
    targets, calibration
        As of any task.
    search : mapping, optional
        A population to be searched: ``objects``, how many, ``lenses``, how many of them are
        lenses, and ``completeness``, a list of shares of these that are to be found. It adds
        the number of candidates, their purity and the false-positive rate, at this prevalence.
        With ``candidates``, a list of numbers of objects that one may look at, also the
        completeness that so many bring.

    Raises
    ------
    CardError
        A search without one of the first three.
    """

    def __init__(
        self,
        targets: tuple[Target, ...],
        calibration: Mapping[str, float] | None = None,
        *,
        search: Mapping[str, Any] | None = None,
    ):
        self.search = dict(search or {})
        super().__init__(targets, calibration)

    def check(self) -> None:
        """Raise ``CardError`` for a search that cannot be meant."""
        super().check()
        if not self.search:
            return
        needed = {"objects", "lenses", "completeness"}
        good = set(self.search) - {"candidates"} == needed and all(
            isinstance(self.search[name], list | tuple) and self.search[name]
            for name in self.search.keys() & {"completeness", "candidates"}
        )
        if not good or not 0 < self.search["lenses"] < self.search["objects"]:
            raise CardError(
                "a search has objects, fewer lenses than that, a list of completeness, and may "
                f"have a list of candidates; got {self.search}."
            )

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Those of a binary classification, of bright lenses, and of kinds of non-lenses."""
        positive, score = self.compared(truth, predictions)
        found = super().metrics(truth, predictions)
        if self.search:
            population = metrics.Search(self.search["objects"], self.search["lenses"])
            for share in self.search["completeness"]:
                found += metrics.measure_search(positive, score, share, population)
            for number in self.search.get("candidates", ()):
                found.append(metrics.measure_shortlist(positive, score, number, population))
        bright = _bright(truth)
        kinds = _kinds(truth)
        if bright is not None:
            found += _completeness(positive, score, bright, BRIGHT)
            if kinds is not None:
                rows = positive | np.isin(kinds, HARD_NEGATIVES)
                conditions = f"{BRIGHT}, hard negatives only"
                found += _completeness(positive[rows], score[rows], bright[rows], conditions)
        if kinds is not None:
            found += _false_positives(positive, score, kinds)
            found += _purities(positive, score, kinds)
        return found

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """Those of a binary classification, ``completeness_map`` and ``scores_by_kind``."""
        positive, score = self.compared(truth, predictions)
        found = super().figures(truth, predictions)
        kinds = _kinds(truth)
        if _bright(truth) is not None:
            found["completeness_map"] = _map_figure(positive, score, truth)
        if kinds is not None:
            name = self.targets[0].classes[1]
            found["scores_by_kind"] = _kinds_figure(positive, score, kinds, name)
        return found


def _numbers(truth: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """A truth column ``(n,)`` as float64, NaN where it is masked."""
    values = np.ma.asarray(truth[name]).astype(np.float64)
    filled: np.ndarray = np.ma.filled(values, np.nan)
    return filled


def _bright(truth: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Which objects are bright lenses, ``(n,)`` bool; None if the truth does not say."""
    if "einstein_radius" not in truth or "signal_to_noise" not in truth:
        return None
    # A comparison with NaN is False: non-lenses are not bright lenses.
    large = _numbers(truth, "einstein_radius") > BRIGHT_EINSTEIN_RADIUS_ARCSEC
    clear = _numbers(truth, "signal_to_noise") > BRIGHT_SIGNAL_TO_NOISE
    both: np.ndarray = large & clear
    return both


def _kinds(truth: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Names of kinds, ``(n,)`` str; None if the truth does not say."""
    if "kind" not in truth:
        return None
    return np.char.strip(np.asarray(truth["kind"]).astype(str))


def _completeness(
    positive: np.ndarray, score: np.ndarray, counted: np.ndarray, conditions: str
) -> list[Metric]:
    """Completeness of the counted lenses; nothing where no lens or no negative is left."""
    if not (positive & counted).any() or positive.all():
        return []
    return [
        metrics.measure_completeness(
            positive, score, rejection, name=name, subset=counted, conditions=conditions
        )
        for name, rejection in REJECTIONS.items()
    ]


def _false_positives(
    positive: np.ndarray, score: np.ndarray, kinds: np.ndarray
) -> list[Metric]:
    """How often each kind passes, and which share of what passes it is."""
    selected = score > metrics.threshold_at_rejection(positive, score, 0.99)
    false_positive = ~positive & selected
    names = sorted(set(kinds[~positive].tolist()))
    rates = [
        metrics.measure_false_positive_rate(
            positive,
            selected,
            subset=kinds == name,
            conditions=f"kind = {name} at 99 % rejection",
        )
        for name in names
    ]
    if not false_positive.any():
        return rates
    shares = [
        metrics.measure_fraction(
            kinds[false_positive] == name,
            name="false_positive_share",
            conditions=f"kind = {name} at 99 % rejection",
        )
        for name in names
    ]
    return rates + shares


def _purities(positive: np.ndarray, score: np.ndarray, kinds: np.ndarray) -> list[Metric]:
    """Purity TP / (TP + FP) against each kind of non-lens at the cut of all of them.

    Purity depends on how many of a kind there are to a lens. In a test set that number is
    the simulator's choice, differs from kind to kind, and with many lenses to one of a rare
    kind makes any finder look pure. So the purity is that of equal numbers: the
    completeness ``c`` of the lenses and the false-positive rate ``f`` of the kind give
    ``c / (c + f)``, and ``c / (c + r f)`` with ``r`` of the kind to a lens.

    The cut is taken as it is; its own scatter is that of ``threshold_99``. A kind has no
    purity where neither a lens nor one of the kind passes.
    """
    selected = score > metrics.threshold_at_rejection(positive, score, 0.99)
    names = sorted(set(kinds[~positive].tolist()))
    return [
        metrics.measure_balanced_precision(
            positive,
            selected,
            subset=kinds == name,
            name="purity",
            conditions=f"kind = {name} at 99 % rejection, as many as lenses",
        )
        for name in names
        if (selected & (positive | (kinds == name))).any()
    ]


def _map_figure(
    positive: np.ndarray, score: np.ndarray, truth: Mapping[str, np.ndarray]
) -> matplotlib.figure.Figure:
    from zoo_core.plots import grid_figure

    cut = metrics.threshold_at_rejection(positive, score, 0.99)
    radius, ratio = _numbers(truth, "einstein_radius"), _numbers(truth, "signal_to_noise")
    edges = (EINSTEIN_RADIUS_EDGES_ARCSEC, SIGNAL_TO_NOISE_EDGES)
    # NaN must not reach the histogram: its comparisons warn.
    lens = positive & np.isfinite(radius) & np.isfinite(ratio)
    total = np.histogram2d(radius[lens], ratio[lens], bins=edges)[0].astype(int)
    lens &= score > cut
    found = np.histogram2d(radius[lens], ratio[lens], bins=edges)[0]
    share = np.where(total > 0, found / np.maximum(total, 1), np.nan)
    text = [
        [f"{p:.3f}\nn = {n:,}" if n else "none" for p, n in zip(*row, strict=True)]
        for row in zip(share, total, strict=True)
    ]
    return grid_figure(
        share,
        text,
        columns=[f"{edge:g}" for edge in SIGNAL_TO_NOISE_EDGES],
        rows=[f"{edge:g}" for edge in EINSTEIN_RADIUS_EDGES_ARCSEC],
        x="S/N of the lensed source",
        y="Einstein radius [arcsec]",
        title="Completeness at 99 % rejection",
        bar="completeness",
        lowest=_colour_floor(share),
        edges=True,
    )


def _colour_floor(share: np.ndarray) -> float:
    """Where the colours begin, a tenth, so that a good finder's map is not one colour."""
    lowest = float(np.nanmin(share)) if np.isfinite(share).any() else 0.0
    return min(math.floor(10.0 * lowest) / 10.0, 0.9)


def _kinds_figure(
    positive: np.ndarray, score: np.ndarray, kinds: np.ndarray, name: str
) -> matplotlib.figure.Figure:
    from zoo_core.plots import ridge_figure

    negatives = sorted(set(kinds[~positive].tolist()))
    groups = {name: score[positive]}
    # A kind may be named like the positive class: then its non-lenses get their own row.
    for kind in negatives:
        row = f"{kind} (not {name})" if kind == name else kind
        groups[row] = score[~positive & (kinds == kind)]
    return ridge_figure(
        groups,
        x=f"probability of class {name}",
        cut=metrics.threshold_at_rejection(positive, score, 0.99),
        cut_label="cut at 99 % rejection",
    )
