"""Making things ahead in a thread."""

import threading

import pytest

from zoo_core.prediction._ahead import made_ahead


def test_order_is_kept_and_none_is_an_item():
    """What is made is what comes out."""
    assert list(made_ahead([1, None, 3], most=1)) == [1, None, 3]


def test_an_error_comes_in_its_turn():
    """Items that were made before it come first."""

    def items():
        yield 1
        raise OSError("gone")

    made = made_ahead(items(), most=3)
    assert next(made) == 1
    with pytest.raises(OSError, match="gone"):
        next(made)


def test_a_consumer_that_stops_ends_the_thread_and_closes_the_source():
    """At most what fits in the queue is made for nothing; files are given back."""
    made_items, closed = [], []

    def items():
        try:
            for number in range(1000):
                made_items.append(number)
                yield number
        finally:
            closed.append(threading.current_thread().name)

    made = made_ahead(items(), most=2)
    assert next(made) == 0
    made.close()
    assert closed == ["zoo-reader"]
    assert len(made_items) < 10
    assert not [thread for thread in threading.enumerate() if thread.name == "zoo-reader"]
