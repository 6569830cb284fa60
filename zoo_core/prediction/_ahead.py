"""Making things in a thread while the one before is in use."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def made_ahead(items: Iterable[T], *, most: int) -> Generator[T, None, None]:
    """Yield the items in order, made in a thread that stops when the consumer does.

    Parameters
    ----------
    items : iterable
        Made one by one in the thread. What it raises is raised here, in its turn.
    most : int
        Items that may wait.

    Examples
    --------
    >>> list(made_ahead(range(3), most=1))
    [0, 1, 2]
    """
    waiting: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(maxsize=most)
    stop = threading.Event()

    def hand_on(item: tuple[T] | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def make() -> None:
        try:
            for item in items:
                if stop.is_set():
                    break
                hand_on((item,))
            hand_on(None)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, raised there
            hand_on(error)
        finally:
            # Where the items hold files or processes, they are given back here and now.
            if isinstance(items, Generator):
                items.close()

    maker = threading.Thread(target=make, name="zoo-reader", daemon=True)
    maker.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        stop.set()
        maker.join()
