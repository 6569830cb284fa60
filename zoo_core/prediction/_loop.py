"""The prediction loop: read, preprocess, forward, decode, collect."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ._reading import read_blocks
from ._rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..data import Inputs
    from ..devices import InferenceEngine
    from ..models import Model
    from ..tables import PredictionTable


class PredictionInterrupted(KeyboardInterrupt):
    """Ctrl-C during a prediction; ``table`` holds the rows that were done."""

    def __init__(self, table: PredictionTable):
        super().__init__(f"interrupted after {len(table)} rows")
        self.table = table


def predict_inputs(
    model: Model,
    inputs: Inputs,
    *,
    engine: InferenceEngine,
    progress: Callable[[int, int], None] | None = None,
) -> PredictionTable:
    """Predict every input; see ``Model.predict``.

    On an accelerator, reading and preprocessing run in a thread and overlap with the network.
    """
    rows = Rows(model.task.columns)
    started = time.monotonic()
    blocks = read_blocks(model, inputs, batch_size=engine.batch_size)
    try:
        for block in blocks:
            decoded = {}
            if block.usable:
                decoded = model.task.decode(model.task.run(engine, block.tensors), block.arrays)
            rows.add(block.samples, block.usable, decoded)
            if progress:
                progress(len(rows), len(inputs))
    except KeyboardInterrupt:
        meta = _meta(model, engine, seconds=time.monotonic() - started)
        raise PredictionInterrupted(rows.finish(meta)) from None
    finally:
        blocks.close()
        inputs.close()
    return rows.finish(_meta(model, engine, seconds=time.monotonic() - started))


def _meta(model: Model, engine: InferenceEngine, *, seconds: float) -> dict[str, str]:
    """What a table says about how it came to be."""
    return {
        **model.provenance(),
        "device": model.device,
        "precision": engine.precision,
        "method": engine.method,
        "seconds": f"{seconds:.3f}",
    }
