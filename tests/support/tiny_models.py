"""A trained network and labelled pictures, small enough to be fine-tuned in a second."""

import numpy as np
import timm
import torch
from safetensors.torch import save_file

from zoo_core import Zoo
from zoo_core.models import adopt


def make_backbone(folder):
    """A model folder with random weights of timm's smallest network; gives its path."""
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=10)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    save_file(network.state_dict(), folder / "weights.safetensors")
    adopt(Zoo.discover(), "timm:test_resnet", folder / "weights.safetensors", folder / "tiny")
    return folder / "tiny"


def make_pictures(path, count=60):
    """An npz file of dark and bright pictures, hardly told apart; gives its path."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pictures = rng.integers(0, 200, (count, 3, 32, 32)) + 9 * labels[:, None, None, None]
    np.savez(path, x=pictures.astype("u1"), label=labels)
    return path
