"""Restoring all inputs, one file each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ..data import Inputs, Sample
    from ..devices import InferenceEngine
    from ..models import Model
    from ..tables import PredictionTable
    from ._destination import Destination

_NOT_FINITE = "not-finite-output"


def restore_inputs(
    model: Model,
    inputs: Inputs,
    destination: Destination,
    *,
    engine: InferenceEngine,
    progress: Callable[[int, int], None] | None = None,
) -> PredictionTable:
    """Write a FITS file for each input that can be used; a table says what became of all.

    Each file is whole when it is there. After Ctrl-C those that were done stay, and in a
    folder the table of them; ``PredictionInterrupted`` carries it.

    Parameters
    ----------
    model : Model
        Whose task gives images.
    inputs : Inputs
        What ``Model.open`` listed.
    destination : Destination
        Where the files go.
    engine : InferenceEngine
        Runs the network.
    progress : callable, optional
        Called with (rows done, rows in all).

    Returns
    -------
    PredictionTable
        ``id``, ``source``, ``output`` (the file, or empty), ``flag``, ``reason``.

    Raises
    ------
    UsageError
        Several inputs for one file.
    PredictionInterrupted
        Ctrl-C.
    """
    from ..prediction import PredictionInterrupted, read_blocks
    from ..tables import write_table

    if not destination.is_folder and len(inputs) != 1:
        raise UsageError(
            f"{destination.path} is one file, and there are {len(inputs)} inputs; name a "
            "folder."
        )
    if destination.is_folder:
        destination.path.mkdir(exist_ok=True)
    rows: list[tuple[str, str, str, str, str]] = []
    taken: set[str] = set()
    started = time.monotonic()
    blocks = read_blocks(model, inputs, batch_size=engine.batch_size)
    interrupted = False
    try:
        for block in blocks:
            images = _images(model, engine, block)
            for index, sample in enumerate(block.samples):
                place = destination.file_for(sample.id, taken)
                files = inputs.files[len(rows)]
                rows.append(_write(model, sample, images.get(index), place, files))
                if progress:
                    progress(len(rows), len(inputs))
    except KeyboardInterrupt:
        interrupted = True
    finally:
        blocks.close()
        inputs.close()
    table = _table(rows, {**model.provenance(), "seconds": f"{time.monotonic() - started:.3f}"})
    if destination.table is not None and rows:
        write_table(table, destination.table, overwrite=True)
    if interrupted:
        raise PredictionInterrupted(table)
    return table


def _images(model: Model, engine: InferenceEngine, block: Any) -> dict[int, np.ndarray]:
    """Restored images by their place in the block."""
    if not block.usable:
        return {}
    decoded = model.task.decode(model.task.run(engine, block.tensors), block.arrays)
    (images,) = decoded.values()
    return dict(zip(block.usable, images, strict=True))


def _write(
    model: Model, sample: Sample, image: np.ndarray | None, place: Any, files: Any
) -> tuple[str, str, str, str, str]:
    """Write one image if there is one; its row."""
    import numpy as np

    from ._write import write_image

    if image is None:
        return sample.id, sample.source, "", sample.flag, sample.reason
    if not np.isfinite(image).any():
        reason = "the network's output for it holds no finite number"
        return sample.id, sample.source, "", sample.flag or _NOT_FINITE, reason
    spec = model.card.inputs[0]
    write_image(
        place,
        image,
        source=files,
        bands=[band.name for band in spec.bands],
        unit=spec.bands[0].unit,
        provenance=model.provenance(),
    )
    return sample.id, sample.source, str(place), sample.flag, sample.reason


def _table(rows: list[tuple[str, str, str, str, str]], meta: dict[str, str]) -> PredictionTable:
    import numpy as np

    from ..prediction import OF_FILES
    from ..tables import Column, PredictionTable

    columns = (
        *OF_FILES,
        Column("output", "file with the restored image; empty if there is none", is_text=True),
        Column("flag", "empty, or one word on what is wrong with the row", is_text=True),
        Column("reason", "what is wrong with the row, in full", is_text=True),
    )
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return PredictionTable(
        columns,
        {c.name: np.array(list(v), dtype=str) for c, v in zip(columns, values, strict=True)},
        meta=meta,
    )
