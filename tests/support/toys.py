"""The smallest simulator, network and zoo that the core can work with."""

import dataclasses

import torch
from torch import nn

from zoo_core._zoo import Zoo
from zoo_core.cards import Band, InputSpec
from zoo_core.plugins import Contribution, Manifest, Plugin
from zoo_core.registry import Registry
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column
from zoo_core.training import export_model, make_trainer

SIZE = 9


class Spots(Simulator):
    """Noise, with a bright spot in the middle of half of the images."""

    name = "spots"
    version = "1"
    summary = "bright spots in noise"
    inputs = (
        InputSpec(name="image", kind="image", bands=(Band(name="toy-g"),), size=(SIZE, SIZE)),
    )
    truth = (Column("spot", "1 where there is a spot"),)
    maps = (Column("light", "the spot without the noise"),)
    chunk_size = 32

    def __init__(self, contrast=3.0):
        self.contrast = contrast

    def draw(self, count, generator):
        spot = torch.randint(0, 2, (count,), generator=generator)
        image = torch.randn(count, 1, SIZE, SIZE, generator=generator)
        light = torch.zeros(count, SIZE, SIZE)
        light[:, 3:6, 3:6] = self.contrast * spot[:, None, None]
        image += light[:, None]
        return Simulated({"image": image}, {"spot": spot.numpy()}, {"light": light})


class TinyNet(nn.Module):
    """One convolution with batch normalisation, one linear layer."""

    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(num_bands, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.head = nn.Linear(4 * 49, num_outputs)

    def forward(self, x):
        return self.head(self.stem(x).flatten(1))


RECIPE = """
name = "toy"
version = "1.0.0"
plugin = "toys"
summary = "A toy"
head_keys = ["head.weight", "head.bias"]
license = "CC0-1.0"
limits = ["A toy."]
citation = ["@misc{toy, title = {Toy}}"]

[architecture]
name = "tiny"
arguments = {}

[task]
name = "spotting"
kind = "binary-classification"
targets = [{ name = "spot", classes = ["empty", "spot"] }]

[[inputs]]
name = "image"
kind = "image"
size = [9, 9]
missing = "fill"
bands = [{ name = "toy-g" }]
preprocessing = [{ op = "fill_nan", value = 0.0 }, { op = "clip", low = -9.0, high = 9.0 }]

[simulator]
name = "spots"

[training]
epochs = 3
examples_per_epoch = 128
batch_size = 16
learning_rate = 1e-2
warmup_steps = 4
validation_examples = 64
seed = 1
validation_seed = 2
precision = "float32"

[fast]
epochs = 1
calibration_examples = 128
test_examples = 192

[calibration]
seed = 3
examples = 256

[test]
seed = 4
examples = 256

[[published]]
metric = "auroc"
value = 0.5
source = "nobody"
"""


def toy_zoo(folder, **swapped):
    """A zoo with one plugin, made of this module, and one registry in ``folder``.

    A keyword such as ``tasks="module:attribute"`` swaps a part.
    """
    recipe = folder / "toy.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    targets = {
        "architectures": ("tiny", "toys:TinyNet"),
        "simulators": ("spots", "toys:Spots"),
        "tasks": ("spotting", "zoo_core.tasks:BinaryClassification"),
        "recipes": ("toy", "toy.toml"),
    }
    contributions = tuple(
        Contribution(
            kind=kind,
            name=name,
            target=swapped.get(kind, target),
            summary="",
            plugin="toys",
        )
        for kind, (name, target) in targets.items()
    )
    manifest = Manifest(
        name="toys",
        summary="toys",
        folder=folder,
        models=None,
        contributions=contributions,
    )
    registry = Registry("user", folder / "registry")
    return Zoo([Plugin(name="toys", manifest=manifest)], [registry])


def toy_recipe(zoo, **training):
    """The toy's recipe, with some settings replaced."""
    recipe = zoo.recipe("toy")
    return dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, **training)
    )


def trained_toy(folder, **swapped):
    """A toy zoo whose registry holds the model that its recipe trains.

    Returns the zoo, the finished trainer and the evaluation of the export.
    """
    zoo = toy_zoo(folder, **swapped)
    recipe = toy_recipe(zoo)
    trainer = make_trainer(zoo, recipe, folder / "run")
    trainer.run()
    evaluation = export_model(zoo, recipe, trainer, folder / "registry" / "toy")
    return zoo, trainer, evaluation
