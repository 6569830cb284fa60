"""A tiny backbone with random weights, and pictures of two classes to fine-tune it on."""

import csv

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from zoo_core import Zoo
from zoo_core.models import adopt

CLASSES = ("dark", "bright")


def pictures(count, *, bands=3, size=32, seed=0):
    """Dark and bright ones in turn, ``(n, band, y, x)`` uint8, and which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    noise = rng.integers(0, 120, (count, bands, size, size))
    return (noise + 80 * labels[:, None, None, None]).astype("u1"), labels


def save_picture(path, picture):
    """Write ``(band, y, x)``; one band is grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    Image.fromarray(array).save(path)
    return path


def write_galaxies(folder, count=24, *, suffix=".png", bands=3):
    """A subfolder of pictures for each class; returns the folder."""
    for index, (picture, label) in enumerate(zip(*pictures(count, bands=bands), strict=True)):
        save_picture(folder / CLASSES[label] / f"{index}{suffix}", picture)
    return folder


def write_table(file, /, **columns):
    """A CSV file of columns; returns its path."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return file


def random_weights(network="test_resnet"):
    """One of timm's smallest networks, no layer of which gives zeros."""
    torch.manual_seed(0)
    made = timm.create_model(network, num_classes=10)
    for parameter in made.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    return made.state_dict()


def tiny_backbone(folder):
    """A model folder ``tiny`` for pictures of any size, which gives features."""
    save_file(random_weights(), folder / "weights.safetensors")
    adopt(Zoo.discover(), "timm:test_resnet", folder / "weights.safetensors", folder / "tiny")
    return folder / "tiny"
