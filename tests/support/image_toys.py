"""A zoo whose one model takes noise from images: the smallest restoration there can be."""

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

SIZE = 16

RECIPE = """
name = "cleaner"
version = "1.0.0"
plugin = "images"
summary = "Takes noise from squares"
head_keys = ["head.weight", "head.bias"]
license = "CC0-1.0"
limits = ["A toy."]
citation = ["@misc{toy, title = {Toy}}"]

[architecture]
name = "smoother"
arguments = { num_bands = 2, num_outputs = 2 }

[task]
name = "cleaning"
kind = "restoration"
targets = [{ name = "clean", unit = "nJy" }]

[task.arguments]
bands = 2
window = [16, 16]
halo = 3
stretch = [{ op = "scale", factor = 0.1 }]

[[inputs]]
name = "image"
kind = "image"
size = [16, 16]
pixel_scale_arcsec = 0.5
missing = "fill"
bands = [{ name = "toy-g", unit = "nJy" }, { name = "toy-r", unit = "nJy" }]
preprocessing = [{ op = "fill_nan", value = 0.0 }, { op = "scale", factor = 0.1 }]

[simulator]
name = "squares"

[training]
epochs = 2
examples_per_epoch = 64
batch_size = 16
learning_rate = 1e-2
warmup_steps = 2
validation_examples = 32
seed = 1
validation_seed = 2
precision = "float32"

[fast]
epochs = 1

[calibration]
seed = 3
examples = 16

[test]
seed = 4
examples = 32
"""

ADVERSARY = """
[adversary]
weight = 0.05
learning_rate = 1e-2
architecture = { name = "judge", arguments = { num_bands = 4 } }
"""


class Squares(Simulator):
    """A bright square of any place, with noise."""

    name = "squares"
    version = "1"
    summary = "squares in noise"
    inputs = (
        InputSpec(
            name="image",
            kind="image",
            bands=(Band(name="toy-g", unit="nJy"), Band(name="toy-r", unit="nJy")),
            size=(SIZE, SIZE),
            pixel_scale_arcsec=0.5,
        ),
    )
    truth = (Column("side", "of the square", "pix"),)
    maps = (Column("clean", "without the noise", "nJy"),)
    chunk_size = 16

    def draw(self, count, generator):
        """Squares of 4 to 8 pixels."""
        side = torch.randint(4, 9, (count,), generator=generator)
        place = torch.arange(SIZE) - SIZE // 2
        inside = (place[None, :] >= -side[:, None] // 2) & (place[None, :] < side[:, None] // 2)
        clean = 10.0 * (inside[:, None, :] & inside[:, :, None]).float()
        clean = torch.stack([clean, 0.5 * clean], dim=1)
        noisy = clean + 2.0 * torch.randn(clean.shape, generator=generator)
        return Simulated({"image": noisy}, {"side": side.numpy()}, {"clean": clean})


class Smoother(nn.Module):
    """Two convolutions."""

    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(num_bands, 8, 5, padding=2), nn.ReLU())
        self.num_features = 8
        self.head = nn.Conv2d(8, num_outputs, 3, padding=1)

    def forward(self, x):
        """Images."""
        return self.head(self.stem(x))


class Judge(nn.Module):
    """Says of each pixel whether it is true."""

    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(num_bands, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, num_outputs, 3)
        )

    def forward(self, x):
        """Logits."""
        return self.layers(x)


def image_zoo(folder, *, adversary=False):
    """A zoo with the recipe ``cleaner``, and one registry in ``folder``."""
    text = RECIPE + (ADVERSARY if adversary else "")
    (folder / "cleaner.toml").write_text(text, encoding="utf-8")
    offered = (
        ("architectures", "smoother", "image_toys:Smoother"),
        ("architectures", "judge", "image_toys:Judge"),
        ("simulators", "squares", "image_toys:Squares"),
        ("tasks", "cleaning", "zoo_core.tasks:Restoration"),
        ("recipes", "cleaner", "cleaner.toml"),
    )
    contributions = tuple(
        Contribution(kind=kind, name=name, target=target, summary="", plugin="images")
        for kind, name, target in offered
    )
    manifest = Manifest(
        name="images",
        summary="images",
        folder=folder,
        models=None,
        contributions=contributions,
    )
    registry = Registry("user", folder / "registry")
    return Zoo([Plugin(name="images", manifest=manifest)], [registry])


def cleaner_recipe(zoo, **training):
    """The recipe, with some settings replaced."""
    recipe = zoo.recipe("cleaner")
    return dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, **training)
    )


def trained_cleaner(folder):
    """An image zoo whose registry holds ``cleaner``."""
    zoo = image_zoo(folder)
    recipe = zoo.recipe("cleaner")
    trainer = make_trainer(zoo, recipe, folder / "run")
    trainer.run()
    export_model(zoo, recipe, trainer, folder / "registry" / "cleaner")
    return zoo
