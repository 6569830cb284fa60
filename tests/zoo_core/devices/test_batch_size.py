"""Finding a batch size while working."""

import pytest
import torch

from zoo_core.devices._batch_size import LARGEST, BatchSize, processor_batch_size


def settle(size, seconds):
    """Feed times of full batches until the search ends; the sizes that were tried."""
    tried = []
    while size.is_searching:
        tried.append(size.current)
        size.record(size.current, seconds(size.current))
        assert len(tried) < 200
    return list(dict.fromkeys(tried))


def test_grows_while_it_gets_faster():
    """With a cost of 1 s a batch and 0.05 s an object, 64 to 128 still gains."""
    size = BatchSize(32, search=True)

    settle(size, lambda count: 1.0 + 0.05 * count)

    # Rates: 32: 12.3, 64: 15.2, 128: 17.3 (+14 %), 256: 18.6 (+7 %, not worth it).
    assert size.current == 128


def test_shrinks_if_growing_is_slower():
    """A cache for about 16 objects: the search turns round after the first doubling."""
    size = BatchSize(32, search=True)

    tried = settle(size, lambda count: count * (1.0 if count <= 16 else 1.5))

    assert tried == [32, 64, 16, 8]
    assert size.current == 16


def test_stays_where_it_is_if_nothing_is_faster():
    """A constant time an object says nothing for another size."""
    size = BatchSize(32, search=True)

    settle(size, lambda count: 0.01 * count)

    assert size.current == 32


@pytest.mark.parametrize(("start", "cost"), [(1, 1.0), (4, 1.0), (2048, 0.0)])
def test_stays_within_one_and_the_largest(start, cost):
    """A network that only gets faster ends at the largest size, one that only slows, at one."""
    size = BatchSize(start, search=True)

    settle(size, lambda count: cost * count**2 + (1 - cost))

    assert size.current == (1 if cost else LARGEST)


def test_one_slow_batch_does_not_decide():
    """The first batch pays for start-up; the fastest of a size counts."""
    size = BatchSize(32, search=True)
    times = iter([100.0])

    settle(size, lambda count: next(times, 1.0 + 0.05 * count))

    assert size.current == 128


def test_partial_batches_say_nothing():
    """The rest at the end of a block is not timed."""
    size = BatchSize(32, search=True)
    for _ in range(50):
        size.record(31, 1e-6)

    assert size.is_searching
    assert size.current == 32


def test_fixed_size_stays():
    """A size that was asked for is not improved."""
    size = BatchSize(7, search=False)
    for _ in range(50):
        size.record(7, 1.0)

    assert size.current == 7


def test_shrinking_is_for_good():
    """After memory ran out, nothing as large is tried again."""
    size = BatchSize(64, search=True)

    assert size.shrink(64) == 32
    assert not size.is_searching
    size.record(32, 1e-9)

    assert size.current == 32


@pytest.mark.parametrize(
    ("shapes", "size"),
    [
        ([(1, 45, 45)], 32),
        ([(3, 224, 224)], 4),
        ([(2001,)], 32),
        ([(1, 2001), (1, 201)], 32),
        ([(8,)], 512),
        ([(1, 512, 512)], 4),
    ],
)
def test_on_a_processor_the_object_decides(shapes, size):
    """65,536 numbers a batch, as a power of two between 4 and 512; never the time."""
    inputs = [torch.zeros(3, *shape) for shape in shapes]

    assert processor_batch_size(inputs) == size
