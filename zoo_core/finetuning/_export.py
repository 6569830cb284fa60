"""From a fine-tuned network to a model folder, measured on data that it never saw."""

from __future__ import annotations

import csv
import json
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..cards import SCHEMA
from ..evaluation import Evaluation
from ..models import (
    GOLDEN_OBJECTS,
    NO_GOLDEN,
    describe_circumstances,
    finish_folder,
    open_unfinished,
    replacing_folder,
    store_weights,
    write_golden,
)
from ..training import write_history
from ._curves import save_curves
from ._plan import head_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import torch

    from .._zoo import Zoo
    from ..cards import InputSpec, TaskRef
    from ..labelled import Examples, Split
    from ..models import Model
    from ..preprocessing import Preprocessing
    from ..registry import ModelFolder
    from ._fitter import FittedNetwork
    from ._options import FinetuneOptions
    from ._plan import FinetunePlan

#: Which part each object was in, in the model folder.
SPLIT_FILE = "split.csv"

#: How an architecture was fitted, in the model folder.
FIT_FILE = "fit.json"

PARTS = ("train", "validation", "test")

#: Most bytes of raw data in a golden file.
_GOLDEN_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuned:
    """All that is known when a training is done.

    ``plan`` is None, and the history empty, where ``fitted`` says what came out of a fit.
    ``parent`` is the architecture's folder that is nowhere if ``has_parent`` is False.
    """

    name: str
    parent: ModelFolder
    network: torch.nn.Module
    arguments: dict[str, Any]
    task: TaskRef
    spec: InputSpec
    preprocessing: Preprocessing
    examples: Examples
    split: Split
    options: FinetuneOptions
    plan: FinetunePlan | None
    history: list[dict[str, float]]
    best: int
    data: str
    has_parent: bool = True
    fitted: FittedNetwork | None = None
    comparisons: Sequence[dict[str, Any]] = ()


def export_finetuned(
    zoo: Zoo,
    done: Finetuned,
    folder: Path,
    *,
    remark: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation | None:
    """Write the model folder: calibrated on validation data, measured on test data.

    Parameters
    ----------
    zoo : Zoo
        Resolves names.
    done : Finetuned
        What came out of the training.
    folder : pathlib.Path
        Written as a whole; its last part is the model's name.
    remark : str
        A further limit for the card.
    progress : callable, optional
        Called with (objects done, objects in all).

    Returns
    -------
    Evaluation or None
        On the test data; None where there are none.
    """
    split, examples = done.split, done.examples
    with replacing_folder(folder) as fresh:
        weights = store_weights(done.network, fresh)
        card = _card(done, weights, remark=remark)
        rows = split.test if len(split.test) else split.validation
        array = examples.arrays[done.spec.name]
        objects = max(1, min(GOLDEN_OBJECTS, _GOLDEN_BYTES // max(1, 4 * array[0].size)))
        raw = {done.spec.name: _tensor(array[rows[:objects]])}
        write_golden(open_unfinished(zoo, fresh, card), raw, card)
        card["task"]["calibration"] = _calibration(
            open_unfinished(zoo, fresh, card), done, split.validation
        )
        model = open_unfinished(zoo, fresh, card)
        evaluation = _evaluate(model, done, split.test, progress) if len(split.test) else None
        _write_split(examples, split, fresh / SPLIT_FILE)
        (fresh / "figures").mkdir()
        paths = []
        if done.fitted is None:
            write_history(done.history, fresh / "history.csv")
            paths.append(fresh / "figures" / "curves.png")
            save_curves(done.history, paths[0], best=done.best)
        else:
            _write_fit(done, done.fitted, fresh / FIT_FILE)
        if evaluation is not None:
            paths += evaluation.save_figures(fresh / "figures")
            card["metrics"] = _metrics(done, evaluation)
            card["measured_with"] = describe_circumstances(model)
            card["comparisons"] = [
                {**other, "data": evaluation.data, "role": "test"} for other in done.comparisons
            ]
        card["figures"] = {path.stem: f"figures/{path.name}" for path in paths}
        finish_folder(fresh, card)
    return evaluation


def _card(done: Finetuned, weights: dict[str, Any], *, remark: str) -> dict[str, Any]:
    parent, task = done.parent.card, done.task
    trained = {
        "name": done.data,
        "version": done.examples.fingerprint[:16],
        "kind": "labelled data",
        "examples": len(done.split.train),
        "seed": done.options.seed,
    }
    classes = ", ".join(task.targets[0].classes)
    learned = "Fitted to" if done.plan is None else "Trained on"
    seen = (
        f"{learned} {len(done.split.train)} labelled objects of {done.data}; how it does on "
        "other data is not known."
    )
    limits = [seen, *([remark] if remark else []), *parent.limits]
    scratch = done.plan is None or done.plan.strategy == "scratch"
    summary = f"{parent.name} {_verb(done)} to tell apart {classes}"
    inherited = [] if scratch else [asdict(data) for data in parent.trained_on]
    return {
        "schema": SCHEMA,
        "name": done.name,
        "version": "1.0.0",
        "summary": summary,
        "plugin": parent.plugin,
        "architecture": {"name": parent.architecture.name, "arguments": done.arguments},
        "task": task.to_json(),
        "inputs": [{**asdict(done.spec), "preprocessing": done.preprocessing.to_json()}],
        "weights": {**weights, "license": parent.weights.license, "sources": []},
        "head_keys": sorted(head_parameters(done.network)),
        "trained_on": [*inherited, trained],
        "parent": _parent(done.parent) if done.has_parent else None,
        "views": done.options.views,
        "metrics": [],
        "comparisons": [],
        "measured_with": None,
        "golden": dict(NO_GOLDEN),
        "citation": list(parent.citation) or [_citation(done.name, summary)],
        "limits": limits,
        "figures": {},
    }


def _verb(done: Finetuned) -> str:
    """What was done to what it started from."""
    if done.plan is None:
        return "fitted"
    if done.plan.strategy != "scratch":
        return "fine-tuned"
    return "retrained" if done.has_parent else "trained"


def _parent(found: ModelFolder) -> str:
    known = found.pinned().card.weights.ref
    return f"{found.full_name} {found.card.version}, sha256 {known.sha256}"


def _citation(name: str, summary: str) -> str:
    """The model itself, where there is nothing that it came from."""
    from .. import __version__

    return f"@misc{{{name},\n  title = {{{summary}}},\n  note = {{astrozoo {__version__}}},\n}}"


def _write_fit(done: Finetuned, fitted: FittedNetwork, path: Path) -> None:
    """How it was fitted, for people and machines that want to do it again."""
    told = {
        "architecture": done.parent.card.architecture.name,
        "settings": dict(done.options.arguments),
        "seed": done.options.seed,
        "summary": fitted.summary,
        **fitted.record,
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _calibration(model: Model, done: Finetuned, rows: np.ndarray) -> dict[str, float]:
    import torch

    outputs = torch.cat(_outputs(model, done, rows, None))
    target = model.task.encode(_truth(done, rows))
    return model.task.calibrate(outputs, target)


def _evaluate(
    model: Model,
    done: Finetuned,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> Evaluation:
    import torch

    outputs = torch.cat(_outputs(model, done, rows, progress))
    truth = _truth(done, rows)
    predictions = model.task.decode(outputs)
    return Evaluation(
        metrics=model.task.metrics(truth, predictions),
        truth=truth,
        predictions=predictions,
        task=model.task,
        data=f"{done.data}, test part of {len(rows)} objects, split seed {done.options.seed}",
    )


def _outputs(
    model: Model,
    done: Finetuned,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> list[torch.Tensor]:
    engine, array = model.engine(), done.examples.arrays[done.spec.name]
    found = []
    for start in range(0, len(rows), 256):
        raw = {done.spec.name: _tensor(array[rows[start : start + 256]])}
        found.append(engine(model.prepare(raw)))
        if progress:
            progress(min(start + 256, len(rows)), len(rows))
    return found


def _truth(done: Finetuned, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {done.task.targets[0].name: done.examples.labels[rows]}


def _tensor(array: np.ndarray) -> torch.Tensor:
    import numpy as np
    import torch

    return torch.from_numpy(array.astype(np.float32))


def _metrics(done: Finetuned, evaluation: Evaluation) -> list[dict[str, Any]]:
    words = words_of_data(done.options)
    command = shlex.join(["zoo", "evaluate", done.name, done.data, *words, "--part", "test"])
    return [
        {**asdict(metric), "data": evaluation.data, "role": "test", "command": command}
        for metric in evaluation.metrics
    ]


def words_of_data(options: FinetuneOptions) -> list[str]:
    """Options that say how labelled data are read, as the command line takes them."""
    words = ["--label", options.label]
    if options.path != "path":
        words += ["--path", options.path]
    if options.array:
        words += ["--array", options.array]
    for pair in options.classes:
        words += ["--class", pair]
    if options.fit != "exact":
        words += ["--fit", options.fit]
    return words


def _write_split(examples: Examples, split: Split, path: Path) -> None:
    """Name, part, class and digest of each object."""
    parts: list[str] = [""] * len(examples.ids)
    for part, rows in zip(PARTS, (split.train, split.validation, split.test), strict=True):
        for row in rows:
            parts[int(row)] = part
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "part", "class", "sha256"])
        for row, part in enumerate(parts):
            label = examples.classes[int(examples.labels[row])]
            writer.writerow([examples.ids[row], part, label, examples.digests[row]])


def read_split(path: Path) -> dict[str, str]:
    """Part of each object of a model's split, by its digest."""
    with path.open(newline="", encoding="utf-8") as handle:
        return {row["sha256"]: row["part"] for row in csv.DictReader(handle)}
