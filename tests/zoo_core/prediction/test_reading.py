"""Blocks: bounded in memory, whatever the objects are like."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from zoo_core.cards import Band, InputSpec
from zoo_core.data import Sample
from zoo_core.prediction._reading import read_blocks


def _model(size, bands=1):
    spec = InputSpec(
        name="x",
        kind="image" if len(size) == 2 else "series",
        bands=tuple(Band(name=f"b{i}") for i in range(bands)),
        size=size,
    )
    return SimpleNamespace(
        device="cpu",
        threads=1,
        card=SimpleNamespace(inputs=(spec,)),
        prepare=lambda arrays: [arrays["x"]],
    )


class _Samples(list):
    slow = 0


def _samples(shapes):
    return _Samples(
        Sample(f"{i}", "here", {"x": np.full(shape, i, "f4")} if shape else {}, "", "")
        for i, shape in enumerate(shapes)
    )


@pytest.mark.parametrize(
    ("size", "bands", "batch", "rows"),
    [
        ((45, 45), 1, 32, 512),
        ((45, 45), 1, 100, 500),
        ((45, 45), 1, 2048, 512),
        ((512, 512), 5, 128, 6),
        ((4096, 4096), 1, 128, 1),
    ],
)
def test_a_block_is_bounded_by_memory(size, bands, batch, rows):
    """Thirty-two MiB win over the batch size; else a block is made of whole batches."""
    blocks = read_blocks(_model(size, bands), _samples([()] * 600), batch_size=batch)

    assert len(next(blocks).samples) == rows


def test_objects_of_different_length_are_not_put_together():
    """Each block has one shape; the order stays, and bad rows stay where they are."""
    shapes = [(1, 5), (1, 5), None, (1, 7), None, (1, 7), (1, 5)]
    blocks = list(read_blocks(_model((None,)), _samples(shapes), batch_size=4))

    assert [tensor.shape for block in blocks for tensor in block.tensors] == [
        torch.Size([2, 1, 5]),
        torch.Size([2, 1, 7]),
        torch.Size([1, 1, 5]),
    ]
    assert [s.id for block in blocks for s in block.samples] == list("0123456")
