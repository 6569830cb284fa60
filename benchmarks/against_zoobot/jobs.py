"""What is measured: the same work as commands of either side."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .images import CLASSES, FIRST_CLASSES, write_images
from .processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    Command = list[str]

ZOO, ZOOBOT = "zoo", "zoobot"

#: What the engine says when a network is too sensitive for half of the digits.
_IN_FULL = "it runs in float32"

_ZOO = [sys.executable, "-m", "zoo_core"]
_DRIVER = Path(__file__).with_name("zoobot_side.py")


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is done.

    Parameters
    ----------
    architectures : tuple of str
        Backbones.
    train, validation : int
        Pictures of the task that both sides learn; all of them are predicted.
    first : int
        Pictures that the backbone has learned from before, without those to validate.
    first_epochs, epochs, head_epochs : int
        Of the backbone's own training, of a full fine-tuning, and at most of Zoobot's head.
    rounds : int
        Repetitions; the two sides take turns.
    learning_rates : tuple of float
        Of Zoobot's head, one a round in turn; the first is its default.
    """

    architectures: tuple[str, ...] = ("resnet18", "convnext_nano")
    train: int = 320
    validation: int = 80
    first: int = 1600
    first_epochs: int = 6
    epochs: int = 3
    head_epochs: int = 30
    rounds: int = 2
    learning_rates: tuple[float, ...] = (1e-4, 1e-3)
    batch_size: int = 32


#: Everything tiny, for a look at whether it runs.
FAST = Settings(
    architectures=("resnet18",), train=16, validation=8, first=16, first_epochs=1, epochs=2,
    head_epochs=2, rounds=1, batch_size=8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A command to measure.

    Parameters
    ----------
    arch : str
        Backbone.
    kind : str
        ``head``, ``full``, ``predict`` or ``single`` (one picture is predicted); of one-band
        FITS files ``predict-fits`` and ``single-fits``.
    side : str
        ``ZOO`` or ``ZOOBOT``.
    round : int
        Which repetition.
    variant : str
        What is not as it is by default.
    """

    arch: str
    kind: str
    side: str
    round: int
    variant: str = ""


def planned(settings: Settings) -> Iterator[Job]:
    """All jobs in their order: the sides take turns, and the rounds go over everything."""
    rates = settings.learning_rates
    for arch in settings.architectures:
        for number in range(settings.rounds):
            job = Job(arch, "", ZOO, number)
            rate = f"learning rate {rates[number % len(rates)]:g}"
            yield replace(job, kind="head", side=ZOOBOT, variant=rate)
            yield replace(job, kind="head")
            for variant in ("32-true", "bf16-mixed"):
                yield replace(job, kind="full", side=ZOOBOT, variant=variant)
            yield replace(job, kind="full")
            for kind in ("single", "predict", "single-fits", "predict-fits"):
                for side in (ZOOBOT, ZOO):
                    yield replace(job, kind=kind, side=side)


class Bench:
    """Runs jobs in a folder that keeps pictures and backbones.

    Parameters
    ----------
    folder : pathlib.Path
        For everything that is written.
    settings : Settings
        How much.
    zoobot_python : str
        Python of an environment that has Zoobot.
    """

    def __init__(self, folder: Path, settings: Settings, *, zoobot_python: str):
        self.folder = folder.resolve()
        self.settings = settings
        self.zoobot_python = zoobot_python
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = [("train", settings.train), ("validation", settings.validation)]
        self.labels = write_images(self.folder / "galaxies", CLASSES, parts, seed=2)
        self.fits = write_images(self.folder / "fits", CLASSES, parts, seed=2, suffix=".fits")

    def do(self, job: Job) -> dict[str, Any]:
        """Run a job and return what is kept of it."""
        self._backbone(job.arch)
        output = self.folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        command = self.command(job)
        log = self.folder / f"{job.arch}-{job.kind}-{job.side}-{job.round}-{job.variant}.log"
        usage = run(command, log=log, folder=output)
        return {
            "cpu": usage.cpu,
            "wall": usage.wall,
            "epochs": [[epoch.validation_loss, epoch.cpu] for epoch in usage.epochs],
            "is_in_full": _IN_FULL in log.read_text(encoding="utf-8"),
            "command": self.words(command),
        }

    def command(self, job: Job) -> Command:
        """The command of a job."""
        return self._ours(job) if job.side == ZOO else self._theirs(job)

    def words(self, command: Command) -> str:
        """A command for people: without the paths of this machine."""
        text = shlex.join(command).replace(f"{self.folder}/", "")
        text = text.replace(shlex.join(_ZOO), "zoo")
        return text.replace(self.zoobot_python, "PYTHON").replace(f"{_DRIVER.parent}/", "")

    def _ours(self, job: Job) -> Command:
        settings = self.settings
        registry = str(self.folder / "registry")
        if job.kind.startswith(("single", "predict")):
            of_fits = job.kind.endswith("fits")
            model = self._grey(job.arch) if of_fits else Path(registry) / f"{job.arch}-head"
            data = (self.fits if of_fits else self.labels).parent / "images"
            if job.kind.startswith("single"):
                data = next(data.glob("00000.*"))
            return [*_ZOO, "predict", str(model), str(data), "-o", "predictions.csv"]
        command = [
            *_ZOO, "finetune", str(self._backbone(job.arch)), str(self.labels),
            *_classes(CLASSES), "--split", "split", "--strategy", job.kind,
            "--name", f"{job.arch}-{job.kind}", "--registry", registry, "--overwrite",
        ]  # fmt: skip
        if job.kind == "full":
            command += ["--epochs", str(settings.epochs)]
            command += ["--batch-size", str(settings.batch_size)]
        return command

    def _theirs(self, job: Job) -> Command:
        settings = self.settings
        weights = self._backbone(job.arch) / "model.safetensors"
        kind = "predict" if job.kind.startswith(("single", "predict")) else "finetune"
        labels = self.fits if job.kind.endswith("fits") else self.labels
        command = [
            self.zoobot_python, str(_DRIVER), kind, str(labels), str(weights),
            "--arch", job.arch, "-o", ".",
        ]  # fmt: skip
        if job.kind.startswith("single"):
            command += ["--count", "1"]
        elif job.kind == "head":
            rate = job.variant.rpartition(" ")[2]
            command += ["--mode", "head_only", "--epochs", str(settings.head_epochs)]
            command += ["--learning-rate", rate]
        elif job.kind == "full":
            command += ["--mode", "full", "--epochs", str(settings.epochs)]
            command += ["--precision", job.variant]
        if kind == "finetune":
            command += ["--batch-size", str(settings.batch_size)]
        return command

    def _backbone(self, arch: str) -> Path:
        """The model folder that both sides begin with; trained if it is not there."""
        folder = self.folder / "registry" / f"{arch}-first"
        if folder.exists():
            return folder
        settings = self.settings
        parts = [("train", settings.first), ("validation", max(8, settings.first // 8))]
        labels = write_images(self.folder / "first", FIRST_CLASSES, parts, seed=1)
        fresh = self.folder / "random" / arch
        log = self.folder / f"{arch}-first.log"
        if not fresh.exists():
            fresh.parent.mkdir(exist_ok=True)
            weights = fresh.with_suffix(".safetensors")
            _write_random_weights(arch, weights)
            command = [*_ZOO, "adopt", f"timm:{arch}", str(weights), "-o", str(fresh)]
            run(command, log=log, folder=self.folder)
        command = [
            *_ZOO, "finetune", str(fresh), str(labels), *_classes(FIRST_CLASSES),
            "--split", "split", "--strategy", "scratch", "--epochs", str(settings.first_epochs),
            "--batch-size", str(settings.batch_size),
            "--name", folder.name, "--registry", str(folder.parent),
        ]  # fmt: skip
        run(command, log=log, folder=self.folder)
        return folder

    def _grey(self, arch: str) -> Path:
        """A classifier of one band; what it has learned does not matter to how fast it is."""
        folder = self.folder / "registry" / f"{arch}-grey"
        if not folder.exists():
            command = [
                *_ZOO, "finetune", str(self._backbone(arch)), str(self.fits),
                *_classes(CLASSES), "--split", "split", "--strategy", "head", "--bands", "grey",
                "--stem", "sum", "--stretch", "asinh", "--name", folder.name,
                "--registry", str(folder.parent),
            ]  # fmt: skip
            run(command, log=self.folder / f"{folder.name}.log", folder=self.folder)
        return folder


def _write_random_weights(arch: str, path: Path) -> None:
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(timm.create_model(arch).state_dict(), path)


def _classes(names: tuple[str, ...]) -> Command:
    words = []
    for label, name in enumerate(names):
        words += ["--class", f"{label}={name}"]
    return words
