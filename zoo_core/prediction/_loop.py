"""The prediction loop: read ahead, preprocess, forward, decode, collect."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tables import Column, TableBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import torch

    from ..data import Inputs, Sample
    from ..devices import InferenceEngine
    from ..models import Model
    from ..tables import PredictionTable

#: Rows that are read and handed on together.
_BLOCK = 256

#: Blocks that may wait for the network.
_AHEAD = 3


class PredictionInterrupted(KeyboardInterrupt):
    """Ctrl-C during a prediction; ``table`` holds the rows that were done."""

    def __init__(self, table: PredictionTable):
        super().__init__(f"interrupted after {len(table)} rows")
        self.table = table


@dataclass(frozen=True, slots=True)
class _Block:
    samples: list[Sample]
    usable: list[int]
    tensors: list[torch.Tensor]


def prediction_columns(model: Model) -> tuple[Column, ...]:
    """The columns of a prediction table of this model."""
    return (
        Column("id", "identifier of the object"),
        Column("source", "where it was read"),
        *model.task.columns,
        Column("flag", "empty, or one word on what is wrong with the row"),
        Column("reason", "what is wrong with the row, in full"),
    )


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
    builder = TableBuilder(prediction_columns(model))
    started = time.monotonic()
    done = 0
    # On a processor a thread that reads would take turns with the threads that compute, and
    # they wait for each other at every layer: there, reading between the blocks is faster.
    read = _read if model.device == "cpu" else _read_ahead
    blocks = read(model, inputs)
    try:
        for block in blocks:
            builder.add(_predict_block(model, engine, block))
            done += len(block.samples)
            if progress:
                progress(done, len(inputs))
    except KeyboardInterrupt:
        raise PredictionInterrupted(builder.finish(model.provenance())) from None
    finally:
        blocks.close()
    meta = {
        **model.provenance(),
        "device": model.device,
        "precision": engine.precision,
        "method": engine.method,
        "seconds": f"{time.monotonic() - started:.3f}",
    }
    return builder.finish(meta)


def _predict_block(model: Model, engine: InferenceEngine, block: _Block) -> dict[str, Any]:
    import numpy as np

    count = len(block.samples)
    rows: dict[str, Any] = {
        "id": [sample.id for sample in block.samples],
        "source": [sample.source for sample in block.samples],
        "flag": [sample.flag for sample in block.samples],
        "reason": [sample.reason for sample in block.samples],
    }
    decoded = model.task.decode(engine(block.tensors)) if block.usable else {}
    for column in model.task.columns:
        values = decoded.get(column.name)
        if values is None or np.issubdtype(values.dtype, np.floating):
            whole: Any = np.full(count, np.nan)
        else:
            whole = np.full(count, "", dtype=object)
        if values is not None:
            whole[block.usable] = values
        rows[column.name] = whole
    return rows


def _prepare(model: Model, samples: list[Sample]) -> _Block:
    import numpy as np
    import torch

    usable = [index for index, sample in enumerate(samples) if sample.is_usable]
    tensors: list[torch.Tensor] = []
    if usable:
        stacked = {
            spec.name: torch.from_numpy(
                np.stack([samples[index].arrays[spec.name] for index in usable])
            )
            for spec in model.card.inputs
        }
        with torch.inference_mode():
            tensors = model.prepare(stacked)
    return _Block(samples, usable, tensors)


def _read(model: Model, inputs: Inputs) -> Generator[_Block, None, None]:
    """Yield prepared blocks, each read when it is asked for."""
    for start in range(0, len(inputs), _BLOCK):
        end = min(start + _BLOCK, len(inputs))
        yield _prepare(model, [inputs[index] for index in range(start, end)])


def _read_ahead(model: Model, inputs: Inputs) -> Generator[_Block, None, None]:
    """Yield prepared blocks, read in a thread that stops when the consumer does."""
    waiting: queue.Queue[_Block | BaseException | None] = queue.Queue(maxsize=_AHEAD)
    stop = threading.Event()

    def hand_on(item: _Block | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for block in _read(model, inputs):
                if stop.is_set():
                    return
                hand_on(block)
            hand_on(None)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, raised there
            hand_on(error)

    reader = threading.Thread(target=read, name="zoo-reader", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        reader.join()
