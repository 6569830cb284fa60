"""Metrics and pictures of a model on data with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import matplotlib.figure
    import numpy as np

    from ..metrics import Metric
    from ..models import Model
    from ..simulation import Simulator
    from ..tasks import Task


@dataclass(frozen=True)
class Evaluation:
    """What came out of an evaluation.

    Attributes
    ----------
    metrics : list of Metric
        With 95 % intervals.
    truth, predictions : mapping of str to numpy.ndarray
        The columns that were compared, one entry an object.
    left_out : tuple of str
        Objects without a prediction, each with its reason. They count in no metric.
    """

    metrics: list[Metric]
    truth: Mapping[str, np.ndarray]
    predictions: Mapping[str, np.ndarray]
    task: Task
    data: str
    left_out: tuple[str, ...] = ()

    def figures(self) -> dict[str, matplotlib.figure.Figure]:
        """The task's pictures by file stem."""
        return self.task.figures(self.truth, self.predictions)

    def save_figures(self, folder: Path) -> list[Path]:
        """Write the pictures as PNG files."""
        from ..plots import save_figure

        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for stem, figure in self.figures().items():
            paths.append(folder / f"{stem}.png")
            save_figure(figure, paths[-1])
        return paths


def evaluate(
    model: Model,
    data: str | Path | Simulator,
    *,
    truth: str | Path | None = None,
    count: int = 20_000,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a model.

    Parameters
    ----------
    model : Model
        Loaded.
    data : path or Simulator
        A folder or file as for ``predict``, or a simulator.
    truth : path, optional
        Table with a column ``id`` and the truth columns; by default ``truth.csv``,
        ``truth.ecsv`` or ``truth.parquet`` beside the
        data.
    count, seed : int
        Of a simulator's data.
    progress : callable, optional
        Called with (rows done, rows in all).

    Raises
    ------
    InputError
        No truth table, a truth column is missing, or objects without truth.
    """
    if isinstance(data, str | Path):
        return _evaluate_files(model, Path(data), truth, progress)
    return _evaluate_simulated(model, data, count, seed, progress)


def _evaluate_simulated(
    model: Model,
    simulator: Simulator,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Evaluation:
    import numpy as np

    _check_simulator(model, simulator)
    engine = model.engine()
    truths: list[Mapping[str, np.ndarray]] = []
    predictions: list[Mapping[str, np.ndarray]] = []
    done = 0
    for chunk in simulator.stream(count, seed=seed):
        predictions.append(model.task.decode(engine(model.prepare(chunk.arrays))))
        truths.append(chunk.truth)
        done += len(chunk)
        if progress:
            progress(done, count)
    truth = {k: np.concatenate([part[k] for part in truths]) for k in truths[0]}
    joined = {k: np.concatenate([part[k] for part in predictions]) for k in predictions[0]}
    return Evaluation(
        metrics=model.task.metrics(truth, joined),
        truth=truth,
        predictions=joined,
        task=model.task,
        data=f"simulator {simulator.name} version {simulator.version}, seed {seed}, "
        f"n = {count}",
    )


def _check_simulator(model: Model, simulator: Simulator) -> None:
    wanted = {spec.name: spec.shape for spec in model.card.inputs}
    offered = {spec.name: spec.shape for spec in simulator.inputs}
    if wanted != offered:
        raise InputError(
            f"the simulator {simulator.name!r} draws {offered}, the model "
            f"{model.card.name!r} takes {wanted}.",
            flag="wrong-shape",
        )


def _evaluate_files(
    model: Model,
    path: Path,
    truth_path: str | Path | None,
    progress: Callable[[int, int], None] | None,
) -> Evaluation:
    import numpy as np

    truth = _truth_table(path, truth_path)
    table = model.predict(path, progress=progress)
    known = {str(identity): row for row, identity in enumerate(truth["id"])}
    usable = np.array([_has_prediction(model, table, row) for row in range(len(table))])
    ids = [str(identity) for identity in table["id"]]
    unknown = [identity for identity in ids if identity not in known]
    if unknown:
        raise InputError(
            f"{len(unknown)} of {len(ids)} objects have no row in the truth table, such as "
            f"{', '.join(unknown[:3])}. Its column 'id' must hold the file names without "
            "suffix."
        )
    rows = np.array([known[identity] for identity in ids], dtype=int)[usable]
    compared = {name: values[rows] for name, values in truth.items()}
    predictions = {c.name: np.asarray(table[c.name])[usable] for c in model.task.columns}
    left_out = tuple(
        f"{ids[row]}: {table['reason'][row]}" for row in range(len(table)) if not usable[row]
    )
    return Evaluation(
        metrics=model.task.metrics(compared, predictions),
        truth=compared,
        predictions=predictions,
        task=model.task,
        data=str(path),
        left_out=left_out,
    )


def _has_prediction(model: Model, table: Any, row: int) -> bool:
    """Whether the row holds a prediction; a row may be flagged and hold one."""
    value = table[model.task.columns[0].name][row]
    return bool(value == value and value != "")


def _truth_table(path: Path, truth: str | Path | None) -> dict[str, np.ndarray]:
    from ..tables import read_table

    if truth is None:
        folder = path if path.is_dir() else path.parent
        # A truth.fits here would be read as one of the images.
        found = [
            p for s in ("csv", "ecsv", "parquet") if (p := folder / f"truth.{s}").is_file()
        ]
        if not found:
            raise InputError(
                f"no truth table: {folder} holds no file truth.csv, truth.ecsv or "
                "truth.parquet. Name it with --truth; a FITS table must lie elsewhere."
            )
        truth = found[0]
    table = read_table(truth)
    columns = {name: table[name] for name in table.names}
    if "id" not in columns:
        raise InputError(f"{truth} has no column 'id'; it has {', '.join(columns)}.")
    return columns
