"""Reading blocks of inputs: between the forward passes, or ahead of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._ahead import made_ahead
from ._processes import count_processes, read_in_processes

if TYPE_CHECKING:
    from collections.abc import Generator

    import torch

    from ..data import Inputs, Sample
    from ..models import Model

    Pieces = Generator[list[Sample], None, None]

#: Most rows of a block, and about the most memory that it may take.
_MOST_ROWS = 512
_MOST_BYTES = 32 * 2**20

#: Blocks that may wait for the network.
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Samples in order, and the usable ones as the network takes them.

    Attributes
    ----------
    samples : list of Sample
        One for each input.
    usable : list of int
        Positions of the usable ones.
    arrays : dict of str to torch.Tensor
        For each input of the model ``(len(usable), channel, *axes)`` as it was read.
    tensors : list of torch.Tensor
        The same, preprocessed.
    """

    samples: list[Sample]
    usable: list[int]
    arrays: dict[str, torch.Tensor]
    tensors: list[torch.Tensor]


def read_blocks(
    model: Model, inputs: Inputs, *, batch_size: int
) -> Generator[Block, None, None]:
    """Yield the inputs in blocks, in order.

    Parameters
    ----------
    model : Model
        Prepares them.
    inputs : Inputs
        What is read.
    batch_size : int
        Objects of a forward pass; a block is a multiple of it unless that is too large.
    """
    import torch

    rows = _rows(model, batch_size)
    threads = model.threads or torch.get_num_threads()
    processes = count_processes(inputs, threads=threads, device=model.device)
    if processes:
        return _read_ahead(model, read_in_processes(inputs, rows=rows, processes=processes))
    # On a processor a thread that reads would take turns with the threads that compute, for
    # Python runs one of them at a time: there, reading between the blocks is faster.
    pieces = _read(inputs, rows)
    return _prepared(model, pieces) if model.device == "cpu" else _read_ahead(model, pieces)


def _rows(model: Model, batch_size: int) -> int:
    sizes = [
        math.prod(1 if length is None else length for length in spec.shape)
        for spec in model.card.inputs
    ]
    rows = max(1, min(_MOST_ROWS, _MOST_BYTES // (4 * max(1, sum(sizes)))))
    return rows - rows % batch_size if rows > batch_size else rows


def _read(inputs: Inputs, rows: int) -> Pieces:
    """Yield pieces of the inputs, each read when it is asked for."""
    for start in range(0, len(inputs), rows):
        yield inputs[start : start + rows]


def _prepared(model: Model, pieces: Pieces) -> Generator[Block, None, None]:
    try:
        for samples in pieces:
            for alike in _split_by_shape(samples):
                yield _prepare(model, alike)
    finally:
        pieces.close()


def _split_by_shape(samples: list[Sample]) -> Generator[list[Sample], None, None]:
    """Cut where the shape changes: a model may take any length along an axis."""
    run: list[Sample] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for sample in samples:
        own = {name: array.shape for name, array in sample.arrays.items()}
        if own and shapes and own != shapes:
            yield run
            run = []
        shapes = own or shapes
        run.append(sample)
    yield run


def _prepare(model: Model, samples: list[Sample]) -> Block:
    import numpy as np
    import torch

    usable = [index for index, sample in enumerate(samples) if sample.is_usable]
    arrays: dict[str, torch.Tensor] = {}
    tensors: list[torch.Tensor] = []
    if usable:
        arrays = {
            spec.name: torch.from_numpy(
                np.stack([samples[index].arrays[spec.name] for index in usable])
            )
            for spec in model.card.inputs
        }
        with torch.inference_mode():
            tensors = model.prepare(arrays)
    return Block(samples, usable, arrays, tensors)


def _read_ahead(model: Model, pieces: Pieces) -> Generator[Block, None, None]:
    return made_ahead(_prepared(model, pieces), most=_AHEAD)
