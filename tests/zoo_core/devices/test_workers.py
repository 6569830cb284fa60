"""Workers: batches shared among threads, and nothing else changed by that."""

import threading
import time

import pytest
import torch

from zoo_core.devices import InferenceEngine
from zoo_core.devices._workers import Workers


@pytest.fixture
def workers():
    workers = Workers(3)
    yield workers
    workers.close()


def test_results_are_in_the_order_of_the_items(workers):
    """Whoever is ready first."""
    first = threading.Event()

    def work(item):
        if item:
            first.set()
        else:
            first.wait(10)
        return item

    assert workers.map(work, range(5)) == [0, 1, 2, 3, 4]


def test_several_threads_work_at_once(workers):
    """Three items that wait for each other are all taken."""
    barrier = threading.Barrier(3)

    assert workers.map(lambda item: barrier.wait(10) >= 0 and item, range(3)) == [0, 1, 2]


def test_a_worker_computes_alone_in_inference_mode(workers):
    """One torch thread each, no gradients; the caller's own number stays."""
    before = torch.get_num_threads()
    told = workers.map(
        lambda _: (torch.get_num_threads(), torch.is_inference_mode_enabled()), range(6)
    )

    assert set(told) == {(1, True)}
    assert torch.get_num_threads() == before
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert found == [before]


def test_an_error_reaches_the_caller_and_leaves_the_rest_out(workers):
    """The first error by order; items that nobody has begun are not begun."""
    begun = []

    def work(item):
        begun.append(item)
        if item == 0:
            raise ValueError("broken")
        time.sleep(0.001)

    with pytest.raises(ValueError, match="broken"):
        workers.map(work, range(10_000))
    assert len(begun) < 10_000


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_numbers_do_not_depend_on_the_workers(threads):
    """To the last bit, in the order of the inputs."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ELU(), torch.nn.Flatten())
    images = torch.randn(37, 1, 9, 9)
    alone = InferenceEngine(network, device="cpu", batch_size=5, threads=1)([images])
    shared = InferenceEngine(network, device="cpu", batch_size=5, threads=threads)([images])

    assert torch.equal(alone, shared)


def test_memory_that_suffices_for_one_batch_only():
    """Where batches at once do not fit, they go one after the other from then on."""
    sharing = []

    class Greedy(torch.nn.Module):
        def __deepcopy__(self, memo):
            return self

        def forward(self, x):
            if threading.current_thread() is not threading.main_thread():
                sharing.append(len(x))
                raise MemoryError
            return x

    engine = InferenceEngine(
        Greedy(), device="cpu", precision="float32", batch_size=4, threads=2
    )
    numbers = torch.arange(10.0)[:, None]

    assert torch.equal(engine([numbers]), numbers)
    tried = len(sharing)
    assert tried > 0
    assert torch.equal(engine([numbers]), numbers)
    assert len(sharing) == tried
    assert engine.batch_size == 4


def test_an_interrupt_while_they_start_leaves_no_thread(monkeypatch):
    """The end of the program does not wait for workers that wait for the others."""

    class Interrupted(threading.Barrier):
        def wait(self, timeout=None):
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            return super().wait(timeout)

    def left():
        return set(threading.enumerate()) - before

    before = set(threading.enumerate())
    monkeypatch.setattr("zoo_core.devices._workers.Barrier", Interrupted)

    with pytest.raises(KeyboardInterrupt):
        Workers(3)
    end = time.monotonic() + 10
    while left() and time.monotonic() < end:
        time.sleep(0.01)
    assert not left()
