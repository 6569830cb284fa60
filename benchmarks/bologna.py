"""The Bologna lens-finding challenge on our own sets: its methods side by side.

    python benchmarks/bologna.py -o docs/evidence/bologna --work runs/bologna
    python benchmarks/bologna.py -o docs/evidence/bologna --work runs/bologna --page
    python benchmarks/bologna.py -o /tmp/b --work /tmp/b-runs --train 256 --test 512 --epochs 1

Methods of the challenge (Metcalf et al. 2019) are built again, small, and trained alike, each
on the same number of simulated cutouts; then all of a set are shown the same test cutouts,
which are drawn once and not kept. Networks see fresh simulations, as many as ``--train`` times
``--epochs``; the methods without a network are fitted to ``--fitted`` of them. A training that
was killed goes on where it was; what is finished is not done again. AUROC, TPR0 and TPR10
(fewer than ten false positives among all non-lenses of the test set) stand beside those of the
challenge, whose images and budgets were others: what can be compared is the order.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import zoo_core as zoo
from zoo_core.devices import InferenceEngine
from zoo_core.metrics import measure_auroc, measure_tpr
from zoo_core.preprocessing import Preprocessing
from zoo_core.simulation import concatenate
from zoo_core.training import make_trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zoo_core.training import Recipe

    #: Scores ``(n,)`` of raw images.
    Scorer = Callable[[torch.Tensor], np.ndarray]

#: Of the test cutouts; the recipe's own seeds train.
TEST_SEED = 71

SETS = {"ground": "bologna-ground", "space": "bologna-space"}

#: Rows of a forward pass through preprocessing, so that memory stays small.
_BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to find lenses.

    ``challenge`` is the AUROC that the paper prints for the entry on the ground and the space
    set, where it had one.
    """

    name: str
    architecture: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    features: str = ""
    kernel: str = ""
    views: str = "one"
    challenge: dict[str, float] = field(default_factory=dict)


METHODS = (
    Method(
        name="CMU DeepLens",
        architecture="deeplens",
        challenge={"ground": 0.98, "space": 0.92},
    ),
    Method(
        name="LASTRO EPFL",
        architecture="lastro",
        arguments={"input_size": [101, 101]},
        views="dihedral",
        challenge={"ground": 0.97, "space": 0.93},
    ),
    Method(
        name="CAS Swinburne",
        architecture="jacobs2017",
        arguments={"input_size": [101, 101], "dense": 256},
        challenge={"ground": 0.96},
    ),
    Method(
        name="AstrOmatic",
        architecture="astromatic",
        arguments={"input_size": [101, 101]},
        challenge={"ground": 0.96, "space": 0.91},
    ),
    Method(
        name="GAMOCLASS",
        architecture="gamoclass",
        arguments={"input_size": [101, 101]},
        challenge={"space": 0.92},
    ),
    Method(
        name="Kapteyn ResNet",
        architecture="resnet18",
        challenge={"space": 0.82},
    ),
    Method(
        name="Manchester SVM (Gabor)",
        features="gabor",
        kernel="rbf",
        challenge={"ground": 0.93, "space": 0.81},
    ),
    Method(
        name="ALL (HOG, linear)",
        features="hog",
        kernel="linear",
        challenge={"ground": 0.84, "space": 0.73},
    ),
    Method(
        name="ours: DeepLens, eight views",
        architecture="deeplens",
        views="dihedral",
    ),
    Method(
        name="ours: ConvNeXt, eight views",
        architecture="timm",
        arguments={"model": "convnext_atto"},
        views="dihedral",
    ),
)


def main() -> None:
    """Train what is missing, test, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    parser.add_argument("--work", type=Path, required=True, help="folder of the trainings")
    parser.add_argument("--set", choices=sorted(SETS), nargs="+", default=sorted(SETS))
    parser.add_argument("--train", type=int, default=20_000, help="cutouts of an epoch")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--fitted", type=int, default=4_000, help="for methods without network")
    parser.add_argument("--test", type=int, default=100_000, help="cutouts to be judged by")
    parser.add_argument("--page", action="store_true", help="train nothing, write the page")
    arguments = parser.parse_args()
    file = arguments.output.with_suffix(".json")
    stored = json.loads(file.read_text()) if file.exists() else {}
    if not arguments.page:
        for name in arguments.set:
            stored[name] = measure(name, arguments)
            file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    text = page(stored)
    print(text)
    arguments.output.with_suffix(".md").write_text(text, encoding="utf-8")


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """All methods of a set, on the same cutouts."""
    scorers, seconds = {}, {}
    for method in METHODS:
        if method.challenge and name not in method.challenge:
            continue
        begun = time.process_time()
        scorers[method.name] = prepare(method, name, arguments)
        seconds[method.name] = round(time.process_time() - begun)
        print(f"{name}: {method.name} is ready after {seconds[method.name]} s", flush=True)
    scores: dict[str, list[np.ndarray]] = {who: [] for who in scorers}
    truth = []
    simulator = zoo.Zoo.discover().simulator(SETS[name])
    for chunk in simulator.stream(arguments.test, seed=TEST_SEED):
        truth.append(chunk.truth["lens"])
        for who, scorer in scorers.items():
            scores[who].append(scorer(chunk.arrays["image"]))
    positive = np.concatenate(truth) == 1
    rows = {}
    for who, parts in scores.items():
        score = np.concatenate(parts)
        rows[who] = {
            metric.name: [metric.value, metric.low, metric.high]
            for metric in (
                measure_auroc(positive, score),
                measure_tpr(positive, score, false_positives=0, name="tpr0"),
                measure_tpr(positive, score, false_positives=9, name="tpr10"),
            )
        }
    return {
        "rows": rows,
        "seconds": seconds,
        "version": simulator.version,
        "lenses": int(positive.sum()),
        "test": len(positive),
        "train": arguments.train,
        "epochs": arguments.epochs,
        "fitted": arguments.fitted,
    }


def prepare(method: Method, name: str, arguments: argparse.Namespace) -> Scorer:
    """A trained or fitted method."""
    recipe = recipe_for(method, name, arguments)
    if method.features:
        return fit(method, recipe, arguments.fitted)
    folder = arguments.work / f"{name}-{method.architecture}"
    trainer = make_trainer(zoo.Zoo.discover(), recipe, folder)
    trainer.run(after_epoch=lambda record: print(f"  {record}", flush=True))
    network = trainer.average.model.eval()
    engine = InferenceEngine(network, device="cpu", views=method.views)
    steps = recipe.preprocessing["image"]

    def score(images: torch.Tensor) -> np.ndarray:
        outputs = engine([steps(images)])
        return np.asarray(outputs[:, 0].float())

    return score


def recipe_for(method: Method, name: str, arguments: argparse.Namespace) -> Recipe:
    """The recipe of bologna-lens with another network, set and budget."""
    whole = zoo.Zoo.discover().recipe("bologna-lens")
    simulator = zoo.Zoo.discover().simulator(SETS[name])
    (spec,) = simulator.inputs
    bands = len(spec.bands)
    given = {"num_bands": bands, "num_outputs": 1, **method.arguments}
    steps = [
        {
            **step,
            **({k: [step[k][0]] * bands for k in ("mean", "std")} if "mean" in step else {}),
        }
        for step in whole.preprocessing["image"].to_json()
    ]
    return replace(
        whole,
        name=f"bologna-{name}-{method.architecture or method.features}",
        architecture=replace(whole.architecture, name=method.architecture, arguments=given),
        inputs=(spec,),
        preprocessing={"image": Preprocessing.parse(steps, channels=bands)},
        simulator=SETS[name],
        published=(),
        training=replace(
            whole.training,
            epochs=arguments.epochs,
            examples_per_epoch=arguments.train,
            validation_examples=min(4096, arguments.train),
            warmup_steps=min(200, arguments.train // whole.training.batch_size),
        ),
    )


def fit(method: Method, recipe: Recipe, count: int) -> Scorer:
    """A support vector machine on measured features."""
    from zoo_classical.fitting import fit_classical

    simulator = zoo.Zoo.discover().simulator(recipe.simulator)
    drawn = concatenate(simulator.stream(count, seed=recipe.training.seed))
    task = zoo.Zoo.discover().task(recipe.task)
    steps = recipe.preprocessing["image"]
    fitted = fit_classical(
        task,
        drawn.arrays["image"].numpy(),
        drawn.truth["lens"],
        method="svm",
        features=method.features,
        preprocessing=steps,
        kernel=method.kernel,
        folds=3,
    )

    def score(images: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            parts = [fitted.network(steps(part)) for part in images.split(_BLOCK)]
        return np.asarray(torch.cat(parts)[:, 0])

    return score


def page(stored: dict[str, Any]) -> str:
    """The tables."""
    parts = [HEAD]
    for name, found in stored.items():
        rows = sorted(found["rows"].items(), key=lambda row: -row[1]["auroc"][0])
        lines = [
            "| method | AUROC | TPR0 | TPR10 | the challenge's AUROC | s of training |",
            "|---|---|---|---|---|---|",
        ]
        for who, numbers in rows:
            paper = next(m.challenge.get(name) for m in METHODS if m.name == who)
            cells = [cell(numbers[key]) for key in ("auroc", "tpr0", "tpr10")]
            told = "" if paper is None else f"{paper:.2f}"
            lines.append(
                f"| {who} | {' | '.join(cells)} | {told} | {found['seconds'][who]:,} |"
            )
        budget = (
            f"Simulator `{SETS[name]}` version {found['version']}; networks saw "
            f"{found['epochs']} times {found['train']:,} fresh cutouts, the others were "
            f"fitted to {found['fitted']:,}; tested on {found['test']:,} of seed "
            f"{TEST_SEED}, of which {found['lenses']:,} are lenses."
        )
        table = "\n".join(lines)
        parts.append(
            f"## {name.capitalize()} set\n\n{budget}\n\n{table}\n\n{order(name, found)}"
        )
    return "\n\n".join(parts) + "\n"


HEAD = """\
# The Bologna lens-finding challenge, on our own sets

Methods of the challenge (Metcalf et al. 2019), built again and trained alike on simulations of
our own after the paper's description. Intervals are 95 %. The challenge's numbers are those of
its paper, on its images, after days of training: what can be compared is the order.

```
python benchmarks/bologna.py -o docs/evidence/bologna --work runs/bologna
```"""


def cell(numbers: Sequence[float | None]) -> str:
    """A value with its limits."""
    value, low, high = numbers
    limits = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return f"{value:.3f}{limits}"


def order(name: str, found: dict[str, Any]) -> str:
    """Rank correlation with the challenge."""
    from scipy.stats import spearmanr

    pairs = list(_pairs(name, found))
    if len(pairs) < 3:
        return ""
    ours, theirs = zip(*pairs, strict=True)
    return (
        f"Spearman's rank correlation of AUROC with the challenge's, {len(pairs)} entries: "
        f"{spearmanr(ours, theirs).statistic:.2f}."
    )


def _pairs(name: str, found: dict[str, Any]) -> Iterator[tuple[float, float]]:
    for method in METHODS:
        if name in method.challenge and method.name in found["rows"]:
            yield found["rows"][method.name]["auroc"][0], method.challenge[name]


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
