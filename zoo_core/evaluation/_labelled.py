"""Evaluation on labelled data: tables of paths, folders of classes, arrays with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._evaluate import Evaluation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from ..labelled import Examples
    from ..models import Model

#: Objects of a forward pass through the engine.
_PIECE = 512


def evaluate_labelled(
    model: Model,
    data: str | Path,
    *,
    part: str = "all",
    skip_bad: bool = False,
    compile: bool = False,
    batch_size: int | str = "auto",
    progress: Callable[[int, int], None] | None = None,
    **reading: Any,
) -> Evaluation:
    """Evaluate a classifier on labelled data.

    Parameters
    ----------
    model : Model
        Whose classes are the labels.
    data : path
        As ``zoo_core.labelled.open_labelled`` takes it.
    part : str
        ``all``, or the part of the data that the model had as ``train``, ``validation`` or
        ``test`` when it was fine-tuned, found by the content of the objects.
    skip_bad : bool
        Leave out objects that cannot be read; they are listed in ``left_out``.
    compile : bool
    batch_size : int or "auto"
        As for ``Model.predict``.
    progress : callable, optional
        Called with (objects done, objects in all).
    **reading
        ``label``, ``path``, ``array``, ``classes``, ``fit``, ``accept_bands`` of
        ``open_labelled``.

    Raises
    ------
    InputError
        The data cannot be used, have labels that are no class of the model, or hold
        nothing of the part.
    """
    import numpy as np
    import torch

    from ..devices import join_rows
    from ..labelled import open_labelled, read_examples

    labelled = open_labelled(data, model.card.inputs, **reading)
    examples = read_examples(labelled, skip_bad=skip_bad)
    target = model.task.targets[0]
    unknown = sorted(set(examples.classes) - set(target.classes))
    if unknown:
        raise InputError(
            f"{examples.source} has the labels {', '.join(unknown)}, which {model.card.name} "
            f"does not know: its classes are {', '.join(target.classes)}. Rename them with "
            "--class LABEL=CLASS."
        )
    rows = _rows(model, examples, part)
    engine = model.engine(compile=compile, batch_size=batch_size)
    outputs = []
    for start in range(0, len(rows), _PIECE):
        chosen = rows[start : start + _PIECE]
        raw = {
            name: torch.from_numpy(array[chosen].astype(np.float32))
            for name, array in examples.arrays.items()
        }
        with torch.inference_mode():
            outputs.append(engine(model.prepare(raw)))
        if progress:
            progress(start + len(chosen), len(rows))
    names = np.array(examples.classes, dtype=object)
    truth = {target.name: names[examples.labels[rows]]}
    predictions = model.task.decode(join_rows(outputs))
    told = "" if part == "all" else f", {part} part of {len(rows)} objects"
    return Evaluation(
        metrics=model.task.metrics(truth, predictions),
        truth=truth,
        predictions=predictions,
        task=model.task,
        data=f"{examples.source}{told}",
        left_out=examples.left_out,
        fingerprint="" if part in ("validation", "test") else examples.fingerprint,
    )


def _rows(model: Model, examples: Examples, part: str) -> np.ndarray:
    import numpy as np

    if part == "all":
        return np.arange(len(examples.ids))
    from ..finetuning import SPLIT_FILE, read_split

    path = model.found.folder / SPLIT_FILE
    if not path.is_file():
        raise InputError(
            f"{model.card.name} was not fine-tuned: its folder has no {SPLIT_FILE} that says "
            "which objects it was trained on. Leave out --part."
        )
    parts = read_split(path)
    wanted = [row for row, digest in enumerate(examples.digests) if parts.get(digest) == part]
    if not wanted:
        raise InputError(
            f"{examples.source} holds none of the objects that were the {part} part of "
            f"{model.card.name}."
        )
    return np.array(wanted)
