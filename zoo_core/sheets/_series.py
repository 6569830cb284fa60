"""The series of a prediction, read once more, with the scores of their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from ..prediction import is_predicted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ..cards import Card, InputSpec
    from ..data import Inputs
    from ..plots import Scanned
    from ..tables import PredictionTable
    from ..tasks import Task


def series_spec(card: Card) -> InputSpec | None:
    """The one input of a model if it is a series, else None."""
    is_series = len(card.inputs) == 1 and card.inputs[0].kind == "series"
    return card.inputs[0] if is_series else None


def scanned_series(
    inputs: Inputs,
    table: PredictionTable,
    task: Task,
    spec: InputSpec,
    *,
    count: int,
    accept_bands: Sequence[str] = (),
) -> list[Scanned]:
    """The series with the best windows, best first, at most ``count``.

    Parameters
    ----------
    inputs : Inputs
        What was predicted.
    table : PredictionTable
        Its rows, in the order of the inputs.
    task : Task
        Ranks by a probability.
    spec : InputSpec
        What the model takes.
    count : int
        Most series.
    accept_bands : sequence of str
        As the inputs were read with.

    Raises
    ------
    UsageError
        The task has no ranking.
    """
    import numpy as np

    if not task.ranking:
        raise UsageError("this model ranks nothing: there is no score to draw over a series.")
    scores = np.where(is_predicted(table, task), np.asarray(table[task.ranking], float), np.nan)
    groups: dict[object, list[int]] = {}
    for row, (files, start) in enumerate(zip(inputs.files, inputs.starts, strict=True)):
        # A file is one series in windows, unless it holds series of many objects.
        groups.setdefault(files if start is not None else row, []).append(row)
    best = {key: np.nanmax(scores[rows], initial=-1.0) for key, rows in groups.items()}
    order = sorted((key for key in groups if best[key] >= 0), key=lambda key: -best[key])
    return [
        _scanned(inputs, groups[key], scores, spec, accept_bands=accept_bands)
        for key in order[:count]
    ]


def _scanned(
    inputs: Inputs,
    rows: list[int],
    scores: np.ndarray,
    spec: InputSpec,
    *,
    accept_bands: Sequence[str],
) -> Scanned:
    import numpy as np

    from ..data import read_series
    from ..plots import Scanned

    starts = [inputs.starts[row] for row in rows]
    if starts[0] is None:
        values = inputs[rows[0]].arrays[spec.name][0]
        times, step = np.arange(len(values), dtype=float), 1.0
        places = np.array([times.mean()])
    else:
        series = read_series(inputs.files[rows[0]][0], spec, accept_bands=accept_bands)
        times, values, step = series.times(), series.values[0], series.step
        half = ((spec.size[0] or len(times)) - 1) / 2.0
        places = times[0] + step * (np.array(starts, dtype=float) + half)
    length = spec.size[0] or len(times)
    name = inputs.ids[rows[0]].rpartition("@")[0] or inputs.ids[rows[0]]
    return Scanned(name, times, values, places, scores[rows], width=length * step)
