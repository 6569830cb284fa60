"""Metrics and pictures of a model on data with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import matplotlib.figure
    import numpy as np

    from ..devices import InferenceEngine
    from ..metrics import Metric
    from ..models import Model
    from ..simulation import Simulator
    from ..tables import PredictionTable
    from ..tasks import Task


#: Objects that are drawn from a simulator unless told otherwise.
_COUNT = 20_000


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
    fingerprint : str
        Of labelled data that were evaluated as a whole, parts to train on included.
    """

    metrics: list[Metric]
    truth: Mapping[str, np.ndarray]
    predictions: Mapping[str, np.ndarray]
    task: Task
    data: str
    left_out: tuple[str, ...] = ()
    fingerprint: str = ""

    def figures(self) -> dict[str, matplotlib.figure.Figure]:
        """The task's pictures by file stem."""
        return self.task.figures(self.truth, self.predictions)

    def save_figures(self, folder: Path) -> list[Path]:
        """Write the pictures as PNG files."""
        from ..plots import save_figure

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
    count: int | None = None,
    seed: int | None = None,
    fit: str = "exact",
    accept_bands: Sequence[str] = (),
    compile: bool = False,
    batch_size: int | str = "auto",
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
    count, seed : int, optional
        Of a simulator's data: 20,000 objects of the seed 0, if not given.
    fit : str
    accept_bands : sequence of str
        How files are read, as for ``Model.predict``.
    compile : bool
    batch_size : int or "auto"
        How the network is run, as for ``Model.predict``.
    progress : callable, optional
        Called with (rows done, rows in all).

    Raises
    ------
    InputError
        No truth table, a truth column is missing, an id stands twice in it, objects
        without truth, or no object that could be predicted.
    UsageError
        ``fit``, ``accept_bands`` or ``truth`` with a simulator, ``count`` or ``seed``
        without one.
    """
    if isinstance(data, str | Path):
        if count is not None or seed is not None:
            raise UsageError(
                f"count (-n) and seed are for a simulator, on the command line DATA "
                f"simulator:NAME; got {str(data)!r}. Leave them out."
            )
        columns = _truth_table(Path(data), truth)
        inputs = model.open(data, fit=fit, accept_bands=accept_bands)
        rows = _truth_rows(columns["id"], inputs.ids)
        table = model.predict_inputs(
            inputs, compile=compile, batch_size=batch_size, progress=progress
        )
        matched = {name: values[rows] for name, values in columns.items()}
        return _compare(model, table, matched, data=str(data))
    if fit != "exact" or accept_bands or truth is not None:
        raise UsageError(
            "a simulator draws what the model takes, with its truth: fit, accept_bands and "
            "truth are for files. Leave them out."
        )
    engine = model.engine(compile=compile, batch_size=batch_size)
    return _evaluate_simulated(
        model,
        data,
        engine=engine,
        count=_COUNT if count is None else count,
        seed=seed or 0,
        progress=progress,
    )


def _evaluate_simulated(
    model: Model,
    simulator: Simulator,
    *,
    engine: InferenceEngine,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Evaluation:
    import numpy as np

    _check_simulator(model, simulator)
    truths: list[Mapping[str, np.ndarray]] = []
    predictions: list[Mapping[str, np.ndarray]] = []
    done = 0
    for chunk in simulator.stream(count, seed=seed):
        outputs = model.task.run(engine, model.prepare(chunk.arrays))
        predictions.append(model.task.decode(outputs, chunk.arrays))
        truths.append(chunk.told(model.task.target_names))
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


def _truth_rows(known: Iterable[object], ids: Sequence[str]) -> list[int]:
    """The row of the truth table of each object; asked before the prediction, which is long."""
    rows = {str(identity): row for row, identity in enumerate(known)}
    unknown = [identity for identity in ids if identity not in rows]
    if unknown:
        raise InputError(
            f"{len(unknown)} of {len(ids)} objects have no row in the truth table, such as "
            f"{', '.join(unknown[:3])}. Its column 'id' must hold the file names without "
            "suffix."
        )
    return [rows[identity] for identity in ids]


def _compare(
    model: Model, table: PredictionTable, truth: Mapping[str, np.ndarray], *, data: str
) -> Evaluation:
    """Compare a table with the truth of its rows."""
    import numpy as np

    from ..prediction import is_predicted

    usable = is_predicted(table, model.task)
    if not usable.any():
        raise InputError(
            f"{data}: none of the {len(table)} objects could be predicted; the first one: "
            f"{table['reason'][0]}.",
            flag=str(table["flag"][0]),
        )
    compared = {name: values[usable] for name, values in truth.items()}
    predictions = {c.name: np.asarray(table[c.name])[usable] for c in model.task.columns}
    left_out = tuple(
        f"{table['id'][row]}: {table['reason'][row]}"
        for row in range(len(table))
        if not usable[row]
    )
    return Evaluation(
        metrics=model.task.metrics(compared, predictions),
        truth=compared,
        predictions=predictions,
        task=model.task,
        data=data,
        left_out=left_out,
    )


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
                "truth.parquet. Name it with --truth; a FITS table must lie elsewhere. DATA "
                "with labels, as for 'zoo finetune', are read with --label COLUMN."
            )
        truth = found[0]
    table = read_table(truth)
    columns = {name: table[name] for name in table.names}
    if "id" not in columns:
        raise InputError(f"{truth} has no column 'id'; it has {', '.join(columns)}.")
    _refuse_repeated(columns["id"], str(truth))
    return columns


def _refuse_repeated(ids: Iterable[object], where: str) -> None:
    """Of two rows for one object, nobody knows which is true."""
    from collections import Counter

    repeated = [name for name, times in Counter(map(str, ids)).items() if times > 1]
    if repeated:
        more = f" and {len(repeated) - 5} more" if len(repeated) > 5 else ""
        raise InputError(
            f"{where}: {len(repeated)} ids stand in it more than once: "
            f"{', '.join(repeated[:5])}{more}. Leave one row for each object."
        )
