"""Running a network on many objects."""

from __future__ import annotations

import contextlib
import time
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from ..errors import DeviceError, UsageError
from ._batch_size import BatchSize, processor_batch_size
from ._devices import device_memory
from ._memory import is_out_of_memory, release
from ._precision import pick_precision
from ._prepare import FOLDED_TOLERANCE, REDUCED_TOLERANCE, Form, forms
from ._rows import count_rows, is_close, join_rows, take_rows, to_results
from ._views import average_views, check_views
from ._workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from torch import nn

#: Objects on which a form of the network is compared with the plain one.
_TRIAL = 8

#: First batch size on an accelerator.
_START = 128


class InferenceEngine:
    """A network prepared for fast inference.

    The network is copied and the original is left as it is. Of the ways to run the copy
    (see ``method``), the fastest is taken whose outputs agree with the plain float32
    network on the first objects that come; if none in the wanted precision does, it is
    float32, and ``note`` says so. A probability is then off by 0.02 at most on these
    objects.

    Parameters
    ----------
    network : nn.Module
        Any network that takes tensors whose first axis is the object.
    device : str
        As ``pick_device`` returns it.
    precision : str
        ``auto``, ``float32``, ``bfloat16`` or ``float16``.
    compile : bool
        Compile the network at the first call: takes a minute or more, is kept on disk by
        torch, and needs a C++ compiler on a processor. Where that fails, a warning says so
        and the network runs uncompiled. All batches then have one size.
    batch_size : int or "auto"
        Objects a forward pass. ``auto`` goes by the size of an object on a processor and
        looks for the fastest while working on an accelerator. Either is halved where memory
        runs out.
    threads : int, optional
        Threads to use on a processor; as torch is set, if not given. Each works on batches
        of its own (``Workers``).
    views : str
        One of ``VIEWS``: which views of an object are run, and their outputs averaged.

    Attributes
    ----------
    device : str
        Where it runs.
    precision : str
        The number format in use; the wanted one until the first call.
    method : str
        How it is run, in words, such as ``bfloat16, folded``; empty until the first call.
    note : str
        Why it is not in the wanted precision or not compiled; empty if it is.
    compile_seconds : float or None
        What compiling took.

    Raises
    ------
    UsageError
        An unknown precision, or a batch size or number of threads below one.

    Examples
    --------
    >>> import torch
    >>> engine = InferenceEngine(torch.nn.Linear(3, 1), device="cpu", precision="float32")
    >>> engine([torch.zeros(5, 3)]).shape
    torch.Size([5, 1])
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: str,
        precision: str = "auto",
        compile: bool = False,
        batch_size: int | str = "auto",
        threads: int | None = None,
        views: str = "one",
    ):
        self.device = device
        self.views = check_views(views)
        self.precision = pick_precision(precision, device)
        self.method = ""
        self.note = ""
        self.compile_seconds: float | None = None
        self._will_compile = compile
        self._size = _batch_size(batch_size, fixed=compile)
        self._is_size_open = batch_size == "auto" and device == "cpu"
        self._threads = _check_count("threads", threads)
        self._forms = forms(
            network, device=device, precision=self.precision, will_compile=compile
        )
        self._form: Form | None = None
        self._run: Callable[..., Any] | None = None
        self._workers: Workers | None = None
        self._can_share = device == "cpu"

    def __repr__(self) -> str:
        return f"<InferenceEngine on {self.device}, {self.method or self.precision}>"

    @property
    def batch_size(self) -> int:
        """Objects a forward pass at present; may change until the first call is done."""
        return self._size.current

    def __call__(self, inputs: Sequence[torch.Tensor]) -> Any:
        """Outputs of the network for some objects, in their order.

        Parameters
        ----------
        inputs : sequence of torch.Tensor
            What the network takes, each ``(n, ...)``, floating point ones float32.

        Returns
        -------
        torch.Tensor, or what the network returns of tensors
            Each ``(n, ...)`` on the processor; floating point ones float32.

        Raises
        ------
        DeviceError
            Memory does not suffice for a single object.
        UsageError
            No objects, or not the same number in each input or output.
        """
        if self.views == "one":
            return self._run_all(inputs)
        return average_views(self.views, self._run_all, inputs)

    def _run_all(self, inputs: Sequence[torch.Tensor]) -> Any:
        count = count_rows(inputs)
        with _settings(self._threads):
            if self._run is None:
                self._choose(inputs)
            outputs = self._share(inputs, count)
            if outputs is None:
                outputs = []
                start = 0
                while start < count:
                    output, done = self._batch(inputs, start)
                    outputs.append(output)
                    start += done
            return join_rows(outputs)

    def _share(self, inputs: Sequence[torch.Tensor], count: int) -> list[Any] | None:
        """Outputs of batches that were shared among workers.

        None where there is nothing to share, or memory does not suffice for so many batches
        at once.
        """
        size = self._size.current
        workers = self._get_workers()
        # A network that was compiled by a worker is one for workers.
        if workers is None or (count <= size and not self._is_compiled):
            return None
        form, run = self._form, self._run
        assert form is not None  # noqa: S101 - for mypy: _choose comes first
        assert run is not None  # noqa: S101

        def work(start: int) -> tuple[Any, bool]:
            part = take_rows(inputs, start, size, fill=self._is_compiled)
            return self._attempt(form, run, part, wanted=min(size, count - start))

        done = workers.map(work, range(0, count, size))
        if any(failed for _, failed in done):
            self._can_share = False
            return None
        return [output for output, _ in done]

    def _get_workers(self) -> Workers | None:
        """The workers, made when they are first needed; None on an accelerator or alone."""
        import torch

        threads = torch.get_num_threads()
        if not self._can_share or threads == 1:
            return None
        if self._workers is None:
            self._workers = Workers(threads)
            weakref.finalize(self, self._workers.close)
        return self._workers

    def _batch(self, inputs: Sequence[torch.Tensor], start: int) -> tuple[Any, int]:
        """Output of the batch from ``start`` on, and its length; halved until it fits."""
        assert self._form is not None  # noqa: S101 - for mypy: _choose comes first
        assert self._run is not None  # noqa: S101
        while True:
            size = self._size.current
            part = take_rows(inputs, start, size)
            count = len(part[0])
            if self._is_compiled and count < size:
                part = take_rows(inputs, start, size, fill=True)
            began = time.perf_counter()
            output, failed = self._attempt(self._form, self._run, part, wanted=count)
            if not failed:
                self._size.record(count, time.perf_counter() - began)
                return output, count
            self._shrink(len(part[0]), part)

    def _attempt(
        self, form: Form, run: Callable[..., Any], part: list[torch.Tensor], *, wanted: int
    ) -> tuple[Any, bool]:
        """Output of one batch, and whether memory ran out instead.

        The error is gone when this returns, and with it the frames that held tensors.
        """
        try:
            with form.context(self.device):
                output = run(*form.place(part, self.device))
            return to_results(output, given=len(part[0]), wanted=wanted), False
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return None, True

    def _shrink(self, count: int, part: list[torch.Tensor]) -> None:
        release(self.device)
        if count == 1:
            shapes = ", ".join("x".join(map(str, tensor.shape[1:])) for tensor in part)
            memory = device_memory(self.device)
            has = f"{memory / 2**30:.1f} GiB" if memory else "an unknown amount"
            raise DeviceError(
                f"{self.device} ({has} of memory) ran out of memory on a single object of "
                f"shape {shapes} in {self.precision}. Close other programs that use it, "
                f"cut the data into smaller pieces, or try another --precision or --device."
            )
        self._size.shrink(count)

    # Choosing how to run

    @property
    def _is_compiled(self) -> bool:
        return self.compile_seconds is not None

    def _choose(self, inputs: Sequence[torch.Tensor]) -> None:
        """Take the first form that agrees with the plain network on some objects."""
        if self._is_size_open:
            # A compiled network keeps less in memory between its layers.
            size = processor_batch_size(inputs) * (2 if self._will_compile else 1)
            self._size = BatchSize(size, search=False)
        trial = take_rows(inputs, 0, min(_TRIAL, self._size.current))
        plain = self._forms[-1]
        run = plain.prepare()
        reference, trial = self._trial(plain, run, trial)
        chosen = plain
        for form in self._forms[:-1]:
            made = form.prepare()
            if self._agrees(form, made, trial, reference):
                chosen, run = form, made
                break
        if chosen.precision != self.precision:
            self.note = (
                f"{self.precision} changes the outputs of this network too much, or it does "
                f"not run in it; it runs in {chosen.precision}."
            )
        self.precision, self.method = chosen.precision, chosen.method
        self._form, self._run, self._forms = chosen, run, []
        if self._will_compile:
            self._compile(chosen, run, inputs)

    def _trial(
        self, form: Form, run: Callable[..., Any], trial: list[torch.Tensor]
    ) -> tuple[Any, list[torch.Tensor]]:
        """Output of the trial batch, and the batch, halved until it fits."""
        while True:
            count = len(trial[0])
            output, failed = self._attempt(form, run, trial, wanted=count)
            if not failed:
                return output, trial
            self._shrink(count, trial)
            trial = take_rows(trial, 0, self._size.current)

    def _agrees(
        self, form: Form, run: Callable[..., Any], trial: list[torch.Tensor], reference: Any
    ) -> bool:
        try:
            output, failed = self._attempt(form, run, trial, wanted=len(trial[0]))
        except (RuntimeError, TypeError, ValueError):
            # The network makes tensors of its own in float32, say, or an operation does
            # not exist in this precision. The plain network did run.
            return False
        return not failed and is_close(output, reference, tolerance=form.tolerance)

    def _compile(self, form: Form, run: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
        import torch

        part = take_rows(inputs, 0, self._size.current, fill=True)
        count = len(part[0])
        reference, failed = self._attempt(form, run, part, wanted=count)
        began = time.perf_counter()
        problem = "its outputs differ from those of the uncompiled one"
        workers = self._get_workers()
        try:
            compiled = torch.compile(run, dynamic=False)

            def attempt(_: None) -> tuple[Any, bool]:
                # Weights are constants to the compiler: folded, converted, laid out once. As
                # an option of torch.compile this comes too late for what reads the network.
                with torch._inductor.config.patch(freezing=True):  # noqa: SLF001
                    return self._attempt(form, compiled, part, wanted=count)

            # The number of threads is compiled in: where workers will run it, one of them.
            output, failed_now = workers.map(attempt, [None])[0] if workers else attempt(None)
        except Exception as error:  # noqa: BLE001 - compilers fail in any way they like
            output, failed_now = None, False
            problem = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        is_full = form.precision == "float32"
        tolerance = FOLDED_TOLERANCE if is_full else REDUCED_TOLERANCE
        if failed or failed_now:
            problem = "memory ran out; give a smaller --batch-size"
        elif output is not None and is_close(output, reference, tolerance=tolerance):
            self._run = compiled
            self.compile_seconds = time.perf_counter() - began
            self.method += ", compiled"
            return
        self.note = f"{self.note} The network runs uncompiled: {problem}.".strip()
        warnings.warn(self.note, RuntimeWarning, stacklevel=4)


def _batch_size(wanted: int | str, *, fixed: bool) -> BatchSize:
    if wanted == "auto":
        return BatchSize(_START, search=not fixed)
    count = _check_count("batch size", wanted)
    assert count is not None  # noqa: S101 - for mypy
    return BatchSize(count, search=False)


def _check_count(what: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"the {what} must be a whole number from one up, is {value!r}.")
    return value


@contextlib.contextmanager
def _settings(threads: int | None) -> Iterator[None]:
    """Inference mode, denormal numbers as zero, and a number of threads; then as before."""
    import torch

    before = torch.get_num_threads()
    # torch has no way to ask: the smallest float32 survives unless it is flushed.
    flushed = float(torch.tensor(1e-45) * torch.tensor(1.0)) == 0.0
    try:
        if threads is not None and threads != before:
            torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        with torch.inference_mode():
            yield
    finally:
        torch.set_flush_denormal(flushed)
        if threads is not None and threads != before:
            torch.set_num_threads(before)
