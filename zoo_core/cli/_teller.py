"""What the command line says while a fine-tuning goes on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..finetuning import Reporter
from ._common import note, progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Teller(Reporter):
    """Prints notes and shows one bar for each stage."""

    def __init__(self, stack: ExitStack):
        self._stack = stack
        self._update: Callable[..., None] | None = None

    def note(self, text: str) -> None:
        """Print it on standard error."""
        note(text)

    def stage(self, name: str) -> None:
        """End the bar that is shown and begin another."""
        self._stack.close()
        self._update = self._stack.enter_context(progress_bar(name))

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Move the bar."""
        if self._update is not None:
            self._update(done, total, text=text)

    def epoch(self, record: dict[str, float]) -> None:
        """Print the row of the history."""
        told = ", ".join(
            f"{key} {value:.4g}" for key, value in record.items() if key != "epoch"
        )
        note(f"{record['epoch']:.0f}: {told}")


@contextmanager
def telling() -> Iterator[Teller]:
    """Give a teller whose last bar ends with the block."""
    with ExitStack() as stack:
        yield Teller(stack)
