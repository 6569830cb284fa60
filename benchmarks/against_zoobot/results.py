"""Ratios from what the jobs took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .jobs import ZOO, ZOOBOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .jobs import Settings

    Records = list[dict[str, Any]]

#: How many times as fast we want to be.
GOALS = {"head": 10.0, "full": 2.5, "predict": 4.0, "predict-fits": 4.0}

#: What is predicted.
FILES = {"predict": "jpg, three bands", "predict-fits": "FITS, one band"}

#: A validation loss this much above the best one is as good.
_AS_GOOD = 1.02


@dataclass(frozen=True, slots=True)
class Row:
    """One of Zoobot's ways against ours: what both take, in one unit.

    Attributes
    ----------
    what : str
        The work.
    theirs, ours : float
        Of the whole command: seconds for ``head``, else milliseconds a picture.
    theirs_bare, ours_bare : float
        The same without the start of the program.
    """

    arch: str
    kind: str
    what: str
    theirs: float
    ours: float
    theirs_bare: float
    ours_bare: float

    @property
    def ratio(self) -> float:
        """How many times as fast we are, whole commands."""
        return self.theirs / self.ours

    @property
    def ratio_bare(self) -> float:
        """The same without the start."""
        return self.theirs_bare / self.ours_bare


def of(records: Iterable[dict[str, Any]], **wanted: Any) -> Records:
    """Records that have these values."""
    return [r for r in records if all(r[key] == value for key, value in wanted.items())]


def variants(records: Records, arch: str, kind: str) -> list[str]:
    """Zoobot's ways that have been measured."""
    found = of(records, arch=arch, kind=kind, side=ZOOBOT)
    return list(dict.fromkeys(record["variant"] for record in found))


def start(records: Records, arch: str, side: str, kind: str = "single") -> float:
    """Seconds of a command that predicts one picture: nearly all of it is the start."""
    return least(of(records, arch=arch, kind=kind, side=side))


def least(records: Records) -> float:
    """The least of the repetitions: what it takes when nothing else is in the way."""
    return min(float(record["cpu"]) for record in records)


def full_rows(records: Records, settings: Settings, arch: str) -> list[Row]:
    """Milliseconds for each training picture of each epoch."""
    ours = of(records, arch=arch, kind="full", side=ZOO)
    rows = []
    for variant in variants(records, arch, "full"):
        theirs = of(records, arch=arch, kind="full", side=ZOOBOT, variant=variant)
        visits = settings.train * settings.epochs
        whole = [1000 * least(found) / visits for found in (theirs, ours)]
        bare = [_steady(found, settings.train) for found in (theirs, ours)]
        rows.append(Row(arch, "full", f"Zoobot {variant}", *whole, *bare))
    return rows


def _steady(records: Records, train: int) -> float:
    """Milliseconds a picture from the end of the first epoch to the end of the last."""
    each = []
    for record in records:
        seconds = [cpu for _, cpu in record["epochs"]]
        each.append((seconds[-1] - seconds[0]) / (len(seconds) - 1))
    return 1000 * min(each) / train


def predict_row(records: Records, settings: Settings, arch: str, kind: str) -> Row:
    """Milliseconds a picture; without the start, those of one picture are taken off."""
    count = settings.train + settings.validation
    whole, bare = [], []
    for side in (ZOOBOT, ZOO):
        seconds = least(of(records, arch=arch, kind=kind, side=side))
        begun = start(records, arch, side, kind.replace("predict", "single"))
        whole.append(1000 * seconds / count)
        bare.append(1000 * (seconds - begun) / (count - 1))
    return Row(arch, kind, f"Zoobot 32-true, {FILES[kind]}", *whole, *bare)


def head_rows(records: Records, arch: str) -> list[Row]:
    """Seconds to Zoobot's best validation loss, and to one that is nearly as good."""
    ours = least(of(records, arch=arch, kind="head", side=ZOO))
    begun = start(records, arch, ZOO), start(records, arch, ZOOBOT)
    rows = []
    for variant in variants(records, arch, "head"):
        found = of(records, arch=arch, kind="head", side=ZOOBOT, variant=variant)
        epochs = found[0]["epochs"]
        best = min(loss for loss, _ in epochs)
        for words, limit in (("best", best), ("within 2 % of it", _AS_GOOD * best)):
            reached = next(i for i, (loss, _) in enumerate(epochs) if loss <= limit)
            seconds = min(record["epochs"][reached][1] for record in found)
            what = f"{variant}, {words}: {epochs[reached][0]:.4f} after {reached + 1} epochs"
            bare = seconds - begun[1], ours - begun[0]
            rows.append(Row(arch, "head", what, seconds, ours, *bare))
    return rows


def our_loss(records: Records, arch: str) -> float:
    """Validation loss of our head."""
    found = of(records, arch=arch, kind="head", side=ZOO)
    return min(loss for loss, _ in found[0]["epochs"])


def best_loss(records: Records, arch: str) -> tuple[str, float]:
    """Zoobot's way to the smallest validation loss, and that."""
    found = of(records, arch=arch, kind="head", side=ZOOBOT)
    losses = {r["variant"]: min(loss for loss, _ in r["epochs"]) for r in found}
    variant = min(losses, key=lambda name: losses[name])
    return variant, losses[variant]


def verdicts(records: Records, settings: Settings, arch: str) -> dict[str, float]:
    """The ratio that each goal is held to, of whole commands.

    Of a head: to the best loss that any of Zoobot's learning rates reached, 0 if we did not
    reach it. Of full training: against float32, its default.
    """
    variant, loss = best_loss(records, arch)
    head = next(r for r in head_rows(records, arch) if r.what.startswith(f"{variant}, best"))
    is_reached = our_loss(records, arch) <= loss
    return {
        "head": head.ratio if is_reached else 0.0,
        "full": full_rows(records, settings, arch)[0].ratio,
        **{kind: predict_row(records, settings, arch, kind).ratio for kind in FILES},
    }
