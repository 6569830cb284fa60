"""The training loop: steps, validation, history, checkpoints."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from ..errors import TrainingDiverged
from ._average import WeightAverage
from ._checkpoint import (
    CHECKPOINT,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizers,
    save_checkpoint,
)
from ._history import write_history
from ._schedule import learning_rate_factor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import torch

    from ..preprocessing import Preprocessing
    from ..tasks import Task
    from ._adversary import Adversary
    from ._auxiliary import AuxiliaryTarget
    from ._auxiliary_loss import AuxiliaryLoss
    from ._data import SimulatedData
    from ._settings import TrainingSettings

    #: ``progress(step, steps, loss)`` after each step.
    Progress = Callable[[int, int, float], None]


class Trainer:
    """Trains one network on one task and can be killed at any moment.

    A checkpoint is written after each epoch; a trainer made on the same folder goes on
    from it and, on the same machine, ends with the same weights as an uninterrupted run.

    Parameters
    ----------
    model : torch.nn.Module
        Freshly initialised; takes its inputs in the order of ``preprocessing``.
    task : Task
        Owns loss and the numbers to watch.
    preprocessing : mapping of str to Preprocessing
        For each input in order.
    data, validation : SimulatedData
        Batches to train on, and objects that are never trained on.
    settings : TrainingSettings
        Epochs, rates, seeds.
    auxiliary : sequence of AuxiliaryTarget
        What the network is asked for beside its task; ``data`` has the same.
    adversary : Adversary, optional
        Judges the outputs, of a task whose outputs are images.
    folder : pathlib.Path
        Gets ``checkpoint/`` and ``history.csv``.
    device : str
        Where to train, as ``pick_device`` returns it.
    epoch_ended : callable, optional
        Told the row of ``history.csv`` when an epoch has ended and its checkpoint is
        written.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        task: Task,
        *,
        preprocessing: Mapping[str, Preprocessing],
        data: SimulatedData,
        validation: SimulatedData,
        settings: TrainingSettings,
        auxiliary: Sequence[AuxiliaryTarget] = (),
        adversary: Adversary | None = None,
        folder: Path,
        device: str = "cpu",
        epoch_ended: Callable[[dict[str, float]], None] | None = None,
    ):
        import torch

        self.device = device
        self.epoch_ended = epoch_ended
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.task = task
        self.preprocessing = preprocessing
        self.data = data
        self.validation = validation
        self.settings = settings
        self.folder = folder
        self.history: list[dict[str, float]] = []
        self.epoch = 0
        # Copied before anything listens to layers of the model.
        self.average = WeightAverage(self.model, settings.ema_decay)
        self.adversary = adversary
        self.auxiliary = [self._listener(each) for each in auxiliary]
        self._trained = torch.nn.ModuleDict(
            {"model": self.model, "auxiliary": torch.nn.ModuleList(self.auxiliary)}
        )
        self.optimizers = _optimizers(self._trained, settings)
        self._resume()

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.epochs

    def run(
        self,
        *,
        progress: Progress | None = None,
        after_epoch: Callable[[dict[str, float]], None] | None = None,
    ) -> None:
        """Train the epochs that are left."""
        held_out = None
        while not self.is_finished:
            if held_out is None:
                held_out = self.validation.whole()
            started = time.monotonic()
            loss = self._train_epoch(progress)
            record = {
                "epoch": float(self.epoch + 1),
                "training_loss": loss,
                **self._validate(held_out.arrays, held_out.target),
                "seconds": time.monotonic() - started,
            }
            self.history.append(record)
            self.epoch += 1
            self._save()
            for told in (self.epoch_ended, after_epoch):
                if told:
                    told(record)

    def _listener(self, target: AuxiliaryTarget) -> AuxiliaryLoss:
        from ._auxiliary_loss import AuxiliaryLoss

        arrays = self.validation.first().arrays
        return AuxiliaryLoss(self.model, target, self._inputs(arrays))

    def _inputs(self, arrays: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        import torch

        prepared = [
            steps(arrays[name].to(self.device)) for name, steps in self.preprocessing.items()
        ]
        return [
            x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
            for x in prepared
        ]

    def _moved(self, target: Any) -> Any:
        from torch.utils import _pytree

        return _pytree.tree_map(lambda values: values.to(self.device), target)

    def _forward(self, model: torch.nn.Module, prepared: Sequence[torch.Tensor]) -> Any:
        import torch

        with torch.autocast(
            self.device.partition(":")[0],
            torch.bfloat16,
            enabled=self.settings.precision == "bfloat16",
        ):
            return model(*prepared)

    def _train_epoch(self, progress: Progress | None) -> float:
        import torch

        settings = self.settings
        self.model.train()
        step = self.epoch * settings.steps_per_epoch
        total = 0.0
        for batch in self.data.epoch(self.epoch, settings.batch_size):
            factor = learning_rate_factor(
                step,
                steps=settings.steps,
                warmup=settings.warmup_steps,
                decay=settings.decay_steps,
            )
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = settings.learning_rate * factor
            prepared = self._inputs(batch.arrays)
            outputs = self._forward(self.model, prepared)
            target = self._moved(batch.target)
            loss = self.task.loss(outputs, target)
            whole = loss
            if self.adversary:
                self.adversary.learn(prepared, outputs, target)
                whole = whole + self.adversary.fooled(prepared, outputs)
            for each, wanted in zip(self.auxiliary, batch.auxiliary, strict=True):
                whole = whole + each.target.weight * each(wanted.to(self.device))
            self._trained.zero_grad(set_to_none=True)
            whole.backward()
            torch.nn.utils.clip_grad_norm_(self._trained.parameters(), settings.clip_norm)
            for optimizer in self.optimizers:
                optimizer.step()
            self.average.update(self.model, step)
            total += loss.item()
            step += 1
            if progress:
                progress(step, settings.steps, loss.item())
        if not math.isfinite(total):
            raise TrainingDiverged(
                f"the loss became {total} in epoch {self.epoch + 1}. Lower learning_rate in "
                "the recipe, or look for inputs that are not finite after preprocessing."
            )
        return total / settings.steps_per_epoch

    def _validate(self, arrays: dict[str, torch.Tensor], target: Any) -> dict[str, float]:
        import torch

        outputs = self.outputs(arrays)
        with torch.inference_mode():
            loss = float(self.task.loss(outputs, target))
        return {"validation_loss": loss, **self.task.monitor(outputs, target)}

    def outputs(self, arrays: dict[str, torch.Tensor], batch_size: int = 512) -> Any:
        """Outputs of the averaged network, float32 (integers stay), on the processor."""
        import torch

        from ..devices import join_rows, to_results

        count = len(next(iter(arrays.values())))
        parts = []
        with torch.inference_mode():
            for start in range(0, count, batch_size):
                part = {k: v[start : start + batch_size] for k, v in arrays.items()}
                rows = min(batch_size, count - start)
                output = self._forward(self.average.model, self._inputs(part))
                parts.append(to_results(output, given=rows, wanted=rows))
        return join_rows(parts)

    def _save(self) -> None:
        groups = {
            "trained": self._trained.state_dict(),
            "average": self.average.model.state_dict(),
            "optimizer": optimizer_tensors(self._trained, self.optimizers),
        }
        if self.adversary:
            groups.update(self.adversary.tensors())
        save_checkpoint(
            self.folder / CHECKPOINT, groups, {"epoch": self.epoch, "history": self.history}
        )
        write_history(self.history, self.folder / "history.csv")

    def _resume(self) -> None:
        found = load_checkpoint(self.folder / CHECKPOINT)
        if found is None:
            return
        groups, state = found
        self._trained.load_state_dict(groups["trained"], strict=True)
        self.average.model.load_state_dict(groups["average"], strict=True)
        restore_optimizers(self._trained, self.optimizers, groups["optimizer"])
        if self.adversary:
            self.adversary.restore(groups)
        self.epoch = state["epoch"]
        self.history = state["history"]


def _optimizers(
    model: torch.nn.Module, settings: TrainingSettings
) -> list[torch.optim.Optimizer]:
    """Decay matrices and kernels; leave biases and normalisation alone."""
    import torch

    from ._muon import Muon

    rate, decay = settings.learning_rate, settings.weight_decay
    parameters = list(model.parameters())
    least = 3 if settings.optimizer == "muon" else 1 + max(p.dim() for p in parameters)
    kernels = [p for p in parameters if p.dim() >= least]
    matrices = [p for p in parameters if 1 < p.dim() < least]
    vectors = [p for p in parameters if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate)]
    if kernels:
        optimizers.append(Muon(kernels, lr=rate, weight_decay=decay))
    return optimizers
