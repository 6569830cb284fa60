"""Nearest mean: the class whose mean image is the most like the object."""

import math

import torch
from torch import nn

from zoo_core.errors import UsageError
from zoo_core.finetuning import FittedNetwork


class NearestMean(nn.Module):
    """A linear head on the pixels; what it holds is the means."""

    def __init__(self, num_bands=1, num_outputs=1, input_size=(16, 16)):
        super().__init__()
        self.num_features = num_bands * math.prod(input_size)
        self.reset_classifier(num_outputs)

    def forward_features(self, x):
        return x.nan_to_num().flatten(1)

    def forward_head(self, x, pre_logits=False):
        return x if pre_logits else self.head(x)

    def forward(self, x):
        return self.forward_head(self.forward_features(x))

    def get_classifier(self):
        return self.head

    def reset_classifier(self, num_classes):
        self.head = nn.Linear(self.num_features, num_classes)

    def group_matcher(self, coarse=False):
        return {"stem": r"^head\.bias"}

    def set_grad_checkpointing(self, enable=True):
        pass


def fit_nearest_mean(data, *, shrink=0.0):
    """Means of the classes, pulled to zero by a part of ``shrink``."""
    if not 0 <= shrink < 1:
        raise UsageError(f"shrink is a part from 0 to below 1, not {shrink!r}.")
    inputs = data.preprocessing(torch.from_numpy(data.array.astype("float32")))
    pixels, labels = inputs.nan_to_num().flatten(1), torch.from_numpy(data.labels)
    means = torch.stack([pixels[labels == k].mean(dim=0) for k in labels.unique()])
    means = (1 - shrink) * means
    bias = -means.square().sum(dim=1) / 2
    if data.task.num_outputs == 1:
        means, bias = means[1:] - means[:1], bias[1:] - bias[:1]
    arguments = {
        "num_bands": data.array.shape[1],
        "num_outputs": data.task.num_outputs,
        "input_size": list(data.spec.size),
    }
    network = NearestMean(**arguments)
    with torch.no_grad():
        # What is stored in half precision must not change.
        network.head.weight.copy_(means.half())
        network.head.bias.copy_(bias.half())
    return FittedNetwork(
        network=network,
        arguments=arguments,
        summary=f"means of {len(labels)} objects",
        record={"shrink": shrink},
    )
