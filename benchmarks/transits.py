"""Transit finders side by side: the zoo's networks and astropy's box least squares.

    python benchmarks/transits.py
    python benchmarks/transits.py -o docs/evidence/transits
    python benchmarks/transits.py cnn-transit ./runs/mine/cnn-transit --count 5000

All look at the same simulated windows of six hours, which none was trained on. Printed as
tables: accuracy and area under the ROC curve on the grid for testing; recall over depth /
noise, with the cut of each finder where one in a hundred windows without a transit passes;
area where up to half of the samples are missing, in chunks, of transits deeper than the
noise; and area and recall where a half of the noise is correlated and the windows without a
transit show flares, steps, dropouts and ramps.

A network decides at a probability of 0.5. Box least squares has no such number: its cut is
the one that is best on other windows of the same grid. It tries a box of 15 to 75 samples at
every place of a window: of the window as the networks see it, and with a cubic taken away.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import zoo_core as zoo
from zoo_core.metrics import auroc, wilson
from zoo_core.simulation import concatenate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Finder = Callable[[np.ndarray], np.ndarray]

#: Above the tables.
PAGE = """\
# Transit finders side by side

{count:,} windows of six hours from the simulator `transits` version {version} (grid for
testing, corrected generator), seed {seed}, which no finder was trained on. Intervals are
Wilson's, 95 %. Errors are shares of all windows. Box least squares is astropy's, with boxes of
15 to 75 samples and the cut that is best on other windows of the same grid: once on windows as
the networks see them, with the star's variability in them, once with a cubic taken away first,
which does better than degrees 1, 2 and 5. Star and noise are those of the simulator; how large
the differences are in another survey, the tables do not say.

```
python benchmarks/transits.py -o docs/evidence/transits
```

![Recall over depth / noise]({stem}.png)

"""

MODELS = ("cnn-transit", "mlp-transit", "wavelet-transit", "logistic-transit")
BLS = "box least squares"
BLS_CUBIC = "box least squares, cubic taken away"

#: Of windows that no recipe draws.
SEED, CUT_SEED = 61, 62

#: Depth over noise of the columns.
RATIOS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)

#: Share of samples that are missing.
MISSING = (0.0, 0.1, 0.25, 0.5)

#: Samples of a chunk that is missing.
CHUNK = 9

#: Durations of the boxes, in samples, and a period that no window holds twice.
DURATIONS = np.array([15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 75.0])
PERIOD = 400.0

RED = {"red_noise": 1.0, "hard_negatives": 0.5}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=MODELS, help="names or paths of models")
    parser.add_argument("--count", type=int, default=20_000, help="windows")
    parser.add_argument(
        "-o", "--output", type=Path, help="also write OUTPUT.md and the picture OUTPUT.png"
    )
    parser.add_argument("--no-bls", action="store_true", help="leave box least squares out")
    arguments = parser.parse_args()
    finders = {name.rpartition("/")[2]: of_model(name) for name in arguments.models}
    cuts = dict.fromkeys(finders, 0.5)
    if not arguments.no_bls:
        finders |= {BLS: box_least_squares, BLS_CUBIC: partial(box_least_squares, degree=3)}
        flux, truth = windows(arguments.count // 4, CUT_SEED)
        for name in (BLS, BLS_CUBIC):
            cuts[name] = best_cut(truth["transit"] == 1, finders[name](flux))
    flux, truth = windows(arguments.count, SEED)
    scores = {name: find(flux) for name, find in finders.items()}
    recall = recall_table(truth, scores)
    tables = [
        grid_table(truth, scores, cuts),
        recall,
        missing_table(flux, truth, finders),
    ]
    flux, truth = windows(arguments.count, SEED, **RED)
    tables.append(red_table(truth, {name: find(flux) for name, find in finders.items()}))
    text = "\n\n".join(map(in_markdown, tables)) + "\n"
    print(text)
    if arguments.output:
        write(arguments, text, recall)


def write(arguments: argparse.Namespace, text: str, recall: Table) -> None:
    """The page and its picture."""
    from zoo_core.plots import new_figure, save_figure

    version = zoo.Zoo.discover().simulator("transits").version
    output: Path = arguments.output
    page = PAGE.format(count=arguments.count, version=version, seed=SEED, stem=output.name)
    output.with_suffix(".md").write_text(page + text, encoding="utf-8")
    figure, (axes,) = new_figure()
    for name, *shares in recall.rows:
        axes.plot(RATIOS, [float(share) for share in shares], marker="o", label=name)
    axes.set_xlabel("depth / noise of one sample")
    axes.set_ylabel("recall at 1 % false positives")
    axes.legend(loc=(0.35, 0.19))
    output.with_suffix(".png").unlink(missing_ok=True)
    save_figure(figure, output.with_suffix(".png"))


class Table(NamedTuple):
    """A table of text."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def windows(count: int, seed: int, **options: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Flux ``(n, 180)`` float32 on the grid for testing, and its truth."""
    simulator = zoo.Zoo.discover().simulator("transits", grid="test", **options)
    drawn = concatenate(simulator.stream(count, seed=seed))
    return drawn.arrays["series"][:, 0].numpy(), drawn.truth


def of_model(name: str) -> Finder:
    """Probabilities of a transit ``(n,)`` by a model of the zoo."""
    model = zoo.load(name, device="cpu")

    def find(flux: np.ndarray) -> np.ndarray:
        table = model.predict(flux[:, None])
        return np.asarray(table[model.task.ranking], dtype=float)

    return find


def box_least_squares(flux: np.ndarray, *, degree: int = 0) -> np.ndarray:
    """Depth of the best box over its error ``(n,)``, of windows with NaN for missing.

    A polynomial of a degree is taken away first; 0 is the mean.
    """
    from astropy.timeseries import BoxLeastSquares

    place = np.arange(flux.shape[1], dtype=float)
    powers = np.vander(np.linspace(-1.0, 1.0, flux.shape[1]), degree + 1)
    scores = np.zeros(len(flux))
    for row, values in enumerate(flux):
        there = np.isfinite(values)
        whitened = values[there].astype(float)
        whitened -= powers[there] @ np.linalg.lstsq(powers[there], whitened, rcond=None)[0]
        whitened /= whitened.std()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search = BoxLeastSquares(place[there], whitened)
            found = search.power([PERIOD], DURATIONS, objective="snr")
        scores[row] = found.depth_snr[0]
    return np.nan_to_num(scores, nan=-1.0, posinf=0.0, neginf=-1.0)


def best_cut(positive: np.ndarray, score: np.ndarray) -> float:
    """The score above which most windows are right if they are called transits."""
    order = np.argsort(score)
    right = np.cumsum(~positive[order]) + positive.sum() - np.cumsum(positive[order])
    return float(score[order][right.argmax()])


def cut_at_one_per_cent(positive: np.ndarray, score: np.ndarray) -> float:
    """The score that one in a hundred windows without a transit exceeds."""
    return float(np.quantile(score[~positive], 0.99))


def without_samples(flux: np.ndarray, share: float) -> np.ndarray:
    """Windows with a share of the samples missing, in chunks at random places."""
    rng = np.random.default_rng(1)
    holey = flux.copy()
    wanted = round(share * flux.shape[1])
    for row in holey:
        while np.isnan(row).sum() < wanted:
            start = rng.integers(0, len(row) - CHUNK + 1)
            row[start : start + CHUNK] = np.nan
    return holey


def grid_table(
    truth: dict[str, np.ndarray], scores: dict[str, np.ndarray], cuts: dict[str, float]
) -> Table:
    """Accuracy and area on the whole grid, errors as shares of all windows."""
    positive = truth["transit"] == 1
    rows = []
    for name, score in scores.items():
        selected = score > cuts[name]
        low, high = wilson(int((selected == positive).sum()), len(positive))
        rows.append(
            [
                name,
                f"{(selected == positive).mean():.4f} ({low:.4f} to {high:.4f})",
                f"{auroc(positive, score):.4f}",
                f"{100 * (selected & ~positive).mean():.2f} %",
                f"{100 * (~selected & positive).mean():.2f} %",
            ]
        )
    header = ["finder", "accuracy (95 %)", "AUC", "false positives", "false negatives"]
    return Table(f"Grid for testing, {len(positive):,} windows", header, rows)


def recall_table(truth: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> Table:
    """Recall over depth / noise at one false positive in a hundred."""
    positive = truth["transit"] == 1
    rows = []
    for name, score in scores.items():
        cut = cut_at_one_per_cent(positive, score)
        here = [positive & np.isclose(truth["depth_over_noise"], ratio) for ratio in RATIOS]
        rows.append([name, *(f"{(score[one] > cut).mean():.3f}" for one in here)])
    header = ["finder", *(f"{ratio:g}" for ratio in RATIOS)]
    return Table("Recall over depth / noise at 1 % false positives", header, rows)


def missing_table(
    flux: np.ndarray, truth: dict[str, np.ndarray], finders: dict[str, Finder]
) -> Table:
    """Area for windows with a depth above the noise, over the share that is missing."""
    deep = truth["depth_over_noise"] > 1.0
    positive = truth["transit"][deep] == 1
    rows = []
    for name, find in finders.items():
        areas = [auroc(positive, find(without_samples(flux[deep], share))) for share in MISSING]
        rows.append([name, *(f"{area:.4f}" for area in areas)])
    header = ["finder", *(f"{100 * share:g} %" for share in MISSING)]
    return Table("AUC over missing samples, depth / noise above 1", header, rows)


def red_table(truth: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> Table:
    """Area and recall with correlated noise and imitators."""
    positive = truth["transit"] == 1
    kinds = sorted(set(truth["kind"].tolist()) - {"transit", "quiet"})
    clear = positive & (truth["depth_over_noise"] >= 1.5)
    rows = []
    for name, score in scores.items():
        cut = cut_at_one_per_cent(positive, score)
        areas = [auroc(positive, score)]
        for kind in kinds:
            some = positive | (truth["kind"] == kind)
            areas.append(auroc(positive[some], score[some]))
        rows.append(
            [name, *(f"{area:.4f}" for area in areas), f"{(score[clear] > cut).mean():.3f}"]
        )
    header = ["finder", "AUC", *(f"against {kind}" for kind in kinds), "recall from 1.5 on"]
    return Table("Correlated noise as strong as the white, and imitators", header, rows)


def in_markdown(table: Table) -> str:
    """Title and rows."""
    lines = [table.header, ["---"] * len(table.header), *table.rows]
    return "\n".join([f"## {table.title}\n", *(f"| {' | '.join(line)} |" for line in lines)])


if __name__ == "__main__":
    main()
