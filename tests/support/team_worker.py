"""What one process, or each of several, does in the tests of a shared training.

As a script it is one of several: a launcher's variables say which.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from timm.layers import BatchNormAct2d, DropPath
from torch import nn
from torch.nn import functional

from zoo_core.cards import Target
from zoo_core.distributed import WholeBatch, join_team
from zoo_core.errors import ProcessError
from zoo_core.finetuning import AUGMENTATIONS, default_plan, freeze, hold_statistics
from zoo_core.finetuning._head import compute_features
from zoo_core.finetuning._loop import Finetuner
from zoo_core.finetuning._plan import frozen_parameters
from zoo_core.preprocessing import Preprocessing
from zoo_core.tasks import BinaryClassification

STEPS = Preprocessing.parse([{"op": "scale", "factor": 0.01}], channels=3)
TASK = BinaryClassification((Target(name="kind", classes=("dark", "bright")),))

#: Fine-tunings: strategy, objects, settings.
RUNS = {
    "held statistics": ("full", 40, {"batch_size": 13, "balance_classes": True}),
    "smoothed labels": (
        "last-k", 40, {"batch_size": 7, "label_smoothing": 0.1, "augment": "strong"},
    ),
    "fewer objects than processes": ("full", 5, {"batch_size": 1}),
    "live statistics": ("scratch", 40, {"batch_size": 13, "balance_classes": True}),
}  # fmt: skip


def data(count, seed=0):
    """Pictures of two brightnesses, a third of them bright, some with missing pixels."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 3 == 0).astype(int)
    pictures = rng.integers(0, 100, (count, 3, 32, 32)) + 40 * labels[:, None, None, None]
    return pictures.astype("f4"), TASK.encode({"kind": labels})


def tuner(folder, team, name, **changes):
    """One of ``RUNS``."""
    strategy, count, settings = RUNS[name]
    settings = {"precision": "float32", "epochs": 2, **settings, **changes}
    plan = default_plan(strategy, count, **settings)
    torch.manual_seed(4 + team.rank)
    made = timm.create_model(
        "test_resnet", num_classes=1, drop_rate=0.2, drop_path_rate=0.2
    )  # of other weights in each process: those of the first must be taken
    for parameter in made.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    if strategy == "scratch":
        # Adam makes much of the rounding of gradients that batch statistics bring near zero.
        made.double().register_forward_pre_hook(_in_double)
    else:
        freeze(made, frozen_parameters(made, plan))
        hold_statistics(made)
    return Finetuner(
        made, TASK, preprocessing=STEPS, train=data(count), validation=data(25, 1),
        plan=plan, folder=folder, team=team,
    )  # fmt: skip


def _in_double(_, inputs):
    return tuple(values.double() for values in inputs)


def run(folder, team, name, **changes):
    """A whole training: weights, their average, and the numbers."""
    made = tuner(folder / name, team, name, **changes)
    made.run()
    return result(made)


def result(made):
    """What a training comes to, without times."""
    return {
        "network": made.network.state_dict(),
        "best": made.best_network().state_dict(),
        "history": [{k: v for k, v in row.items() if k != "seconds"} for row in made.history],
        "best_epoch": made.best_epoch,
    }


def layers(team):
    """Outputs, gradients and statistics of what a batch goes through together, float64."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), BatchNormAct2d(8), DropPath(0.3),
        nn.Dropout2d(0.2), nn.Flatten(), nn.Dropout(0.4), nn.BatchNorm1d(288, affine=False),
        nn.Linear(288, 2),
    ).double().to(memory_format=torch.channels_last)  # fmt: skip
    found = []
    for count in (7, 2, 3):
        images = torch.randn(count, 3, 8, 8, dtype=torch.float64)
        images = images.contiguous(memory_format=torch.channels_last)
        labels = torch.arange(count) % 2
        own = team.part(count)
        network.zero_grad()
        with WholeBatch(team, count, own):
            outputs = network(images[own])
        share = (own.stop - own.start) / count
        loss = share * functional.cross_entropy(outputs, labels[own])
        loss.backward()
        total = team.sum_gradients(network.parameters(), loss)
        found.append(
            {
                "outputs": torch.cat(team.gather(outputs.detach())),
                "loss": total.detach().clone(),
                "gradients": [p.grad.clone() for p in network.parameters()],
                "state": {k: v.clone() for k, v in network.state_dict().items()},
            }
        )
    return found


def features(team):
    """Of augmented copies, more than one piece."""
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=1).eval()
    return compute_features(
        network, STEPS, data(300)[0], device="cpu", precision="float32",
        augmentation=AUGMENTATIONS["safe"], seed=3, team=team,
    )  # fmt: skip


def stopped(folder, team, name):
    """A training that ends early, and the epoch: losses become worse in the first only."""
    made = tuner(folder, team, name, epochs=9, patience=2)
    losses = iter([0.5, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2])

    def validate():
        loss = next(losses)
        return {"validation_loss": loss if team.is_first else -loss}

    made._validate = validate
    made.run()
    return made.epoch, made.best_epoch


def resumed(folder, team, name):
    """A training that is left after one epoch and gone on with by others."""
    first = tuner(folder, team, name)

    def leave(record):
        if record["epoch"] == 1:
            raise StopIteration

    with contextlib.suppress(StopIteration):
        first.run(after_epoch=leave)
    again = tuner(folder, team, name)
    began = again.epoch
    again.run()
    return began, result(again)


def interrupted(folder, team, name):
    """Steps that a training makes whose last process is interrupted in the fourth."""
    made = tuner(folder, team, name, epochs=50)
    steps = []

    def step(done, steps_in_all, loss):
        steps.append(done)
        if done == 4 and team.rank == team.size - 1:
            os.kill(os.getpid(), signal.SIGINT)

    team.listen()
    try:
        made.run(progress=step)
    except KeyboardInterrupt:
        return len(steps), made.epoch
    finally:
        team.close()
    return None


def everything(folder, team):
    """All of the above."""
    found = {name: run(folder, team, name) for name in RUNS}
    found["layers"] = layers(team)
    found["features"] = features(team)
    return found


def main():
    """Do it, and then let the last process fail while the others wait for it."""
    torch.set_num_threads(1)
    folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    found = {}
    try:
        with join_team("cpu") as (team, device):
            found = everything(folder, team)
            found["device"] = device
            found["stopped"] = stopped(folder / "stopped", team, "held statistics")
            found["resumed"] = resumed(folder / "resumed", team, "held statistics")
            found["interrupted"] = interrupted(folder / "interrupted", team, "held statistics")
            found["parts"] = team.gather(team.part(7))
            found["said"] = team.from_first(lambda: f"by {rank}")
            if team.rank == team.size - 1:
                raise ValueError("the disc is on fire")
            team.gather(None)
    except ProcessError as error:
        found["error"] = str(error)
    except ValueError as error:
        found["error"] = repr(error)
    torch.save(found, folder / f"{rank}.pt")


if __name__ == "__main__":
    main()
