"""The training loop of a fine-tuning."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ..distributed import Team
from ..errors import TrainingDiverged
from ..training import (
    CHECKPOINT,
    WeightAverage,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizers,
    save_checkpoint,
    write_history,
)
from ._augment import AUGMENTATIONS
from ._held_norms import join_held_norms, separate_held_norms
from ._loss import class_weights, loss_share, smoothed_loss
from ._plan import head_parameters, layer_of_parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import torch

    from ..preprocessing import Preprocessing
    from ..tasks import Task
    from ._plan import FinetunePlan

    Groups = list[dict[str, Any]]
    Progress = Callable[[int, int, float], None]

#: Steps of a warm-up, where the run is long enough.
_LEAST_WARMUP = 50

#: Objects of a forward pass without gradients.
_VALIDATED = 128


class Finetuner:
    """Trains a network on labelled data and can be killed at any moment.

    A checkpoint is written after each epoch. One made on the same folder goes on from it
    and, on the same machine, ends with the same weights as an uninterrupted run. Several
    processes, each with one, share every batch: each has a part of it, and all take the
    step that one process would take.

    Parameters
    ----------
    network : torch.nn.Module
        As ``start_network`` gives it, frozen where the plan says so.
    task : Task
        Owns loss and the numbers to watch.
    preprocessing : Preprocessing
        Of the input.
    train, validation : tuple of numpy.ndarray and truth
        Raw data ``(n, channel, *axes)`` and the task's encoded truth.
    plan : FinetunePlan
        Everything else.
    folder : pathlib.Path
        Gets ``checkpoint/`` and ``history.csv``.
    device : str
        As ``pick_device`` returns it.
    seed : int
        Of shuffling, augmentation and dropout.
    change_groups : callable, optional
        Given the parameter groups, returns others.
    team : Team, optional
        The processes that share the training; this one alone by default.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        task: Task,
        *,
        preprocessing: Preprocessing,
        train: tuple[np.ndarray, Any],
        validation: tuple[np.ndarray, Any],
        plan: FinetunePlan,
        folder: Path,
        device: str = "cpu",
        seed: int = 0,
        change_groups: Callable[[Groups], Groups] | None = None,
        team: Team | None = None,
    ):
        import torch

        self.device = device
        self.team = team or Team()
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.team.copy_first(self.network.state_dict().values())
        self.task = task
        self.preprocessing = preprocessing
        self.arrays, self.target = train
        self.validation = validation
        self.plan = plan
        self.folder = folder
        self.seed = seed
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        join_held_norms(self.network, self._inputs([0], None))
        self.average = WeightAverage(self.network, plan.ema_decay)
        self.best_epoch = 0
        self._best: dict[str, torch.Tensor] = {}
        groups = parameter_groups(network, plan)
        self.groups = change_groups(groups) if change_groups else groups
        self.optimizer = torch.optim.AdamW(
            [{k: v for k, v in group.items() if k != "names"} for group in self.groups],
            lr=plan.learning_rate,
        )
        self.scheduler = self._make_scheduler()
        self.weights = self._weights()
        self._resume()

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return len(self._batches(self._order(0)))

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done or nothing has become better for long enough."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= self.plan.epochs or (
            self.epoch > 0 and waited >= self.plan.patience
        )

    def run(
        self,
        *,
        progress: Progress | None = None,
        after_epoch: Callable[[dict[str, float]], None] | None = None,
    ) -> None:
        """Train the epochs that are left."""
        while not self.is_finished:
            began = time.monotonic()
            loss = self._train_epoch(progress)
            record = {
                "epoch": float(self.epoch + 1),
                "training_loss": loss,
                **self._validate(),
                "learning_rate": max(g["lr"] for g in self.optimizer.param_groups),
                "seconds": time.monotonic() - began,
            }
            # Whether to go on is decided by the same numbers everywhere.
            record = self.team.gather(record)[0]
            if not math.isfinite(record["validation_loss"]):
                raise TrainingDiverged(
                    f"the validation loss became {record['validation_loss']} in epoch "
                    f"{self.epoch + 1}. Lower --learning-rate, or look for inputs that are "
                    "not finite after the preprocessing."
                )
            self.epoch += 1
            self.history.append(record)
            least = min(row["validation_loss"] for row in self.history)
            if record["validation_loss"] <= least:
                self.best_epoch = self.epoch
                state = self.average.model.state_dict()
                self._best = {name: value.clone() for name, value in state.items()}
            self._save()
            if after_epoch:
                after_epoch(record)

    def best_network(self) -> torch.nn.Module:
        """The averaged network of the best epoch, in eval mode, on the processor."""
        network = self.average.model
        separate_held_norms(network)
        network.load_state_dict(self._best)
        network.to("cpu").eval()
        return network

    def _make_scheduler(self) -> Any:
        from timm.scheduler.cosine_lr import CosineLRScheduler

        steps = self.plan.epochs * self.steps_per_epoch
        warmup = warmup_steps(steps, round(self.plan.warmup_epochs * self.steps_per_epoch))
        return CosineLRScheduler(
            self.optimizer,
            t_initial=steps,
            warmup_t=warmup,
            warmup_lr_init=self.plan.learning_rate / max(1, warmup),
            t_in_epochs=False,
        )

    def _weights(self) -> torch.Tensor | None:
        if not self.plan.balance_classes:
            return None
        return class_weights(self.target.long(), max(2, self.task.num_outputs))

    def _order(self, epoch: int) -> torch.Tensor:
        import torch

        generator = torch.Generator().manual_seed(self._seed(epoch))
        return torch.randperm(len(self.arrays), generator=generator)

    def _seed(self, epoch: int) -> int:
        return self.seed * 1_000_003 + epoch

    def _batches(self, order: torch.Tensor) -> list[torch.Tensor]:
        """Rows of each batch; a last one of a single object joins the one before it."""
        import torch

        parts = list(order.split(self.plan.batch_size))
        if len(parts) > 1 and len(parts[-1]) == 1:
            # Batch normalisation cannot learn from one object.
            last = parts.pop()
            parts[-1] = torch.cat([parts[-1], last])
        return parts

    def _inputs(self, rows: Any, generator: torch.Generator | None) -> torch.Tensor:
        import numpy as np
        import torch

        images = torch.from_numpy(self.arrays[np.asarray(rows)].astype(np.float32))
        if generator is not None:
            images = AUGMENTATIONS[self.plan.augment](images, generator)
        inputs = self.preprocessing(images).to(self.device)
        if inputs.dim() == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return inputs

    def _autocast(self) -> Any:
        import torch

        return torch.autocast(
            self.device.partition(":")[0],
            torch.bfloat16,
            enabled=self.plan.precision == "bfloat16",
        )

    def _train_epoch(self, progress: Progress | None) -> float:
        import torch

        plan = self.plan
        batches = self._batches(self._order(self.epoch))
        step, steps = self.epoch * len(batches), plan.epochs * len(batches)
        # Dropout draws from torch's own generator; a resumed epoch draws the same.
        torch.manual_seed(self._seed(self.epoch))
        generator = torch.Generator().manual_seed(self._seed(self.epoch) + 1)
        trained = [p for p in self.network.parameters() if p.requires_grad]
        total, count = 0.0, 0
        self.network.train()
        for rows in batches:
            self.scheduler.step_update(step)
            own, whole_batch = self._own_part(len(rows))
            with whole_batch:
                inputs = self._inputs(rows[own], generator)
                with self._autocast():
                    outputs = self.network(inputs)
            target = self.target[rows]
            loss = smoothed_loss(
                self.task,
                outputs,
                target[own].to(self.device),
                smoothing=plan.label_smoothing,
                weights=self.weights,
            )
            share = loss_share(target, self.team.part(len(rows)), self.weights)
            loss = share * loss
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            loss = self.team.sum_gradients(trained, loss)
            torch.nn.utils.clip_grad_norm_(trained, plan.clip_norm)
            self.optimizer.step()
            self.average.update(self.network, step)
            total += loss.item() * len(rows)
            count += len(rows)
            step += 1
            if progress:
                progress(step, steps, loss.item())
        if not math.isfinite(total):
            raise TrainingDiverged(
                f"the loss became {total} in epoch {self.epoch + 1}. Lower --learning-rate, "
                "or look for inputs that are not finite after the preprocessing."
            )
        return total / count

    def _own_part(self, count: int) -> tuple[slice, Any]:
        """Which of a batch this process has, and what lets it go through as in the whole.

        A process without any takes the first one, whose loss does not count.
        """
        own = self.team.part(count)
        if self.team.size == 1:
            return own, nullcontext()
        from ..distributed import WholeBatch

        is_counted = own.stop > own.start
        own = own if is_counted else slice(0, 1)
        return own, WholeBatch(self.team, count, own, is_counted=is_counted)

    def _validate(self) -> dict[str, float]:
        import torch

        array, target = self.validation
        outputs = self.outputs(array)
        with torch.inference_mode():
            loss = float(self.task.loss(outputs, target))
        return {"validation_loss": loss, **self.task.monitor(outputs, target)}

    def outputs(self, array: np.ndarray) -> torch.Tensor:
        """Outputs of the averaged network for raw data, float32, on the processor."""
        import torch

        from ._head import pieces

        parts = []
        with torch.inference_mode(), self._autocast():
            for _, piece in pieces(array[self.team.part(len(array))]):
                for part in self.preprocessing(piece).split(_VALIDATED):
                    inputs = part.to(self.device)
                    if inputs.dim() == 4:
                        inputs = inputs.contiguous(memory_format=torch.channels_last)
                    parts.append(self.average.model(inputs).float().cpu())
        return torch.cat([part for parts in self.team.gather(parts) for part in parts])

    def _save(self) -> None:
        if not self.team.is_first:
            return
        groups = {
            "network": self.network.state_dict(),
            "average": self.average.model.state_dict(),
            "best": self._best,
            "optimizer": optimizer_tensors(self.network, [self.optimizer]),
        }
        state = {"epoch": self.epoch, "best_epoch": self.best_epoch, "history": self.history}
        save_checkpoint(self.folder / CHECKPOINT, groups, state)
        write_history(self.history, self.folder / "history.csv")

    def _resume(self) -> None:
        found = self.team.from_first(lambda: load_checkpoint(self.folder / CHECKPOINT))
        if found is None:
            return
        groups, state = found
        self.network.load_state_dict(groups["network"])
        self.average.model.load_state_dict(groups["average"])
        self._best = groups["best"]
        restore_optimizers(self.network, [self.optimizer], groups["optimizer"])
        self.epoch, self.best_epoch = state["epoch"], state["best_epoch"]
        self.history = state["history"]


def warmup_steps(steps: int, wanted: int) -> int:
    """Steps of the warm-up of a run of ``steps``, for what the plan's epochs come to.

    Few objects have short epochs, and one of five steps throws pretrained layers off what they
    have learned before AdamW knows their gradients: at least 50 steps, if that is no more than
    a third of the run; never more than half of it.

    >>> warmup_steps(1000, 5), warmup_steps(60, 5), warmup_steps(60, 0), warmup_steps(60, 50)
    (50, 20, 0, 30)
    """
    if not wanted:
        return 0
    return min(steps // 2, max(wanted, min(_LEAST_WARMUP, steps // 3)))


def parameter_groups(network: torch.nn.Module, plan: FinetunePlan) -> Groups:
    """Groups for the optimizer: the learning rate falls from the head to the stem.

    Each has ``params``, their ``names``, ``weight_decay`` (none for biases and
    normalisations) and ``lr_scale``, which timm's schedulers multiply the rate by.
    """
    layers = layer_of_parameters(network)
    head = head_parameters(network)
    top = max(layers.values(), default=0)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = top if name in head else layers[name]
        decays = parameter.dim() > 1
        group = groups.setdefault(
            (layer, decays),
            {
                "params": [],
                "names": [],
                "weight_decay": plan.weight_decay if decays else 0.0,
                "lr_scale": plan.layer_decay ** (top - layer),
            },
        )
        group["params"].append(parameter)
        group["names"].append(name)
    return [groups[key] for key in sorted(groups)]
